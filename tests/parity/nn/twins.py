"""A module of PyTorch and ours, built from the same arguments, with the same state, run on the same inputs."""

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

import unison
from tests.parity.harness.candidate import Candidate, Memo
from tests.parity.harness.compare import difference, flatten

__all__ = ["OURS", "Twins", "give", "samples_of"]

OURS = Candidate(unison)


def samples_of(info: Any, *, dtype: Any = torch.float64, training: bool = True) -> Iterator[Any]:
    """PyTorch's sample inputs for a module."""
    samples = info.module_inputs_func(info, device="cpu", dtype=dtype, requires_grad=True, training=training)
    for index, sample in enumerate(samples):
        sample.desc = f"sample {index} {sample.desc}".strip()
        yield sample


def give(value: Any, memo: Memo | None = None) -> Any:
    """Our version of an argument; also of sequences that are packed, layers, and functions of nn.functional."""
    memo = Memo() if memo is None else memo
    if isinstance(value, torch.nn.utils.rnn.PackedSequence):
        return unison.nn.utils.rnn.PackedSequence(*(give(part, memo) for part in tuple(value)))
    if isinstance(value, torch.nn.TransformerEncoderLayer):
        return _give_encoder_layer(value)
    if callable(value) and hasattr(torch.nn.functional, getattr(value, "__name__", "")):
        return getattr(unison.nn.functional, value.__name__)
    if isinstance(value, tuple) and type(value) is tuple:
        return tuple(give(part, memo) for part in value)
    if isinstance(value, dict):
        return {key: give(part, memo) for key, part in value.items()}
    return OURS.give(value, memo)


def _give_encoder_layer(layer: Any) -> Any:
    attention = layer.self_attn
    made = unison.nn.TransformerEncoderLayer(
        attention.embed_dim,
        attention.num_heads,
        layer.linear1.out_features,
        layer.dropout.p,
        give(layer.activation),
        batch_first=attention.batch_first,
        norm_first=layer.norm_first,
        bias=layer.linear1.bias is not None,
        dtype=give(layer.linear1.weight.dtype),
    )
    made.load_state_dict({key: give(value) for key, value in layer.state_dict().items()})
    return made


class Twins:
    """The two modules of one sample."""

    def __init__(self, info: Any, sample: Any, *, dtype: Any = torch.float64, training: bool = True) -> None:
        args, kwargs = sample.constructor_input.args, dict(sample.constructor_input.kwargs)
        self.theirs = info.module_cls(*args, **kwargs)
        self.ours = getattr(unison.nn, info.module_cls.__name__)(*give(args), **give(kwargs))
        self.repr_before = (repr(self.ours), repr(self.theirs))
        self.inputs = (sample.forward_input.args, sample.forward_input.kwargs)
        self.theirs.to(dtype).train(training)
        self.ours.to(give(dtype)).train(training)
        if info.is_lazy:
            with torch.no_grad():
                self.theirs(*self.inputs[0], **self.inputs[1])
                self.ours(*give(self.inputs[0]), **give(self.inputs[1]))
        self.fresh_state = self.state_difference(values=False)
        self.ours.load_state_dict({key: give(value) for key, value in self.theirs.state_dict().items()})

    def state_difference(self, *, values: bool = True) -> str | None:
        """How the state dicts differ: keys and their order, shapes, dtypes and values."""
        ours, theirs = self.ours.state_dict(), self.theirs.state_dict()
        if list(ours) != list(theirs):
            return f"keys {list(ours)}, expected {list(theirs)}"
        for key, expected in theirs.items():
            if reason := difference(expected, ours[key], OURS, values=values):
                return f"{key}: {reason}"
        return None

    def output_and_gradient_difference(self) -> str | None:
        """How outputs differ or, when they do not, the gradients of inputs and parameters."""
        args, kwargs = self.inputs
        expected = self.theirs(*args, **kwargs)
        memo = Memo()
        got = self.ours(*give(args, memo), **give(kwargs, memo))
        if reason := difference(_plain(expected), _plain(got), OURS):
            return f"output: {reason}"
        return self._gradient_difference(expected, got, memo)

    def _gradient_difference(self, expected: Any, got: Any, memo: Memo) -> str | None:
        theirs = [output for output in flatten(expected, torch.is_tensor) if output.requires_grad]
        ours = [output for output in flatten(got, OURS.is_tensor) if output.requires_grad]
        if len(theirs) != len(ours):
            return f"{len(ours)} outputs require grad, expected {len(theirs)}"
        if not theirs:
            return None
        inputs = [tensor for tensor in flatten(self.inputs, torch.is_tensor) if tensor.requires_grad]
        mine = dict(self.ours.named_parameters())
        pairs = [(f"input {i}", tensor, memo.made[id(tensor)]) for i, tensor in enumerate(inputs)]
        pairs += [(name, parameter, mine[name]) for name, parameter in self.theirs.named_parameters()]
        if not pairs:
            return None
        names, their_leaves, our_leaves = zip(*pairs, strict=True)
        seeds = [torch.randn_like(output) for output in theirs]
        expected = torch.autograd.grad(theirs, their_leaves, seeds, allow_unused=True)
        got = unison.autograd.grad(ours, our_leaves, [give(seed) for seed in seeds], allow_unused=True)
        for name, one, other in zip(names, expected, got, strict=True):
            if reason := difference(one, other, OURS):
                return f"gradient of {name}: {reason}"
        return None

    def float32_excess(self) -> str | None:
        """Where our distance from PyTorch's float64 results exceeds its float32 tolerance and four times its own error.

        Two float32 results differ by the rounding of both, so neither can judge the other.
        """
        args, kwargs = self.inputs
        seeds = _seeds(self.theirs(*args, **kwargs))
        exact = _results(copy.deepcopy(self.theirs).double(), _double(args), _double(kwargs), _double(seeds))
        theirs = _results(self.theirs, args, kwargs, seeds)
        ours = self._our_results(seeds)
        if set(ours) != set(exact):
            return f"results {sorted(ours)}, expected {sorted(exact)}"
        for name, truth in exact.items():
            error, own = _error(ours[name], truth), _error(theirs[name], truth)
            if not error <= max(1e-5 + 1.3e-6 * _largest(truth), 4 * own):
                return f"{name}: error {error}, PyTorch's own {own}"
        return None

    def _our_results(self, seeds: list[Any]) -> dict[str, Any]:
        memo = Memo()
        args, kwargs = give(self.inputs[0], memo), give(self.inputs[1], memo)
        outputs = flatten(self.ours(*args, **kwargs), OURS.is_tensor)
        found = {f"output {i}": output.detach().numpy() for i, output in enumerate(outputs)}
        inputs = [memo.made[id(t)] for t in flatten(self.inputs, torch.is_tensor) if t.requires_grad]
        leaves = {f"input {i}": t for i, t in enumerate(inputs)} | dict(self.ours.named_parameters())
        wanted = [output for output in outputs if output.requires_grad]
        if wanted and leaves:
            grads = unison.autograd.grad(
                wanted, list(leaves.values()), [give(s) for s in seeds], allow_unused=True
            )
            found |= {
                f"gradient of {n}": g.numpy() for n, g in zip(leaves, grads, strict=True) if g is not None
            }
        return found


def _seeds(output: Any) -> list[Any]:
    return [torch.randn_like(o) for o in flatten(output, torch.is_tensor) if o.requires_grad]


def _double(value: Any) -> Any:
    """The arguments with their float32 tensors in float64, as leaves of their own."""
    if torch.is_tensor(value):
        if not value.is_floating_point():
            return value
        return value.detach().double().requires_grad_(value.requires_grad)
    if isinstance(value, torch.nn.utils.rnn.PackedSequence):
        return value.double()
    if isinstance(value, dict):
        return {key: _double(part) for key, part in value.items()}
    return type(value)(map(_double, value)) if type(value) in (tuple, list) else value


def _results(module: Any, args: Any, kwargs: Any, seeds: list[Any]) -> dict[str, Any]:
    outputs = flatten(module(*args, **kwargs), torch.is_tensor)
    found = {f"output {i}": output.detach().numpy() for i, output in enumerate(outputs)}
    inputs = [t for t in flatten((args, kwargs), torch.is_tensor) if t.requires_grad]
    leaves = {f"input {i}": t for i, t in enumerate(inputs)} | dict(module.named_parameters())
    wanted = [output for output in outputs if output.requires_grad]
    if wanted and leaves:
        grads = torch.autograd.grad(wanted, list(leaves.values()), seeds, allow_unused=True)
        found |= {f"gradient of {n}": g.numpy() for n, g in zip(leaves, grads, strict=True) if g is not None}
    return found


def _error(values: Any, truth: Any) -> float:
    """The largest distance; inf where one is infinite or NaN and the other is not."""
    finite = np.isfinite(truth)
    if not np.array_equal(values[~finite], truth[~finite], equal_nan=True):
        return float("inf")
    gap = np.abs(values[finite] - truth[finite])
    return float(gap.max(initial=0.0)) if np.isfinite(gap).all() else float("inf")


def _largest(values: Any) -> float:
    return float(np.abs(values[np.isfinite(values)]).max(initial=0.0))


def _plain(value: Any) -> Any:
    """Named tuples as tuples, the way in which both sides may name them."""
    return tuple(map(_plain, value)) if isinstance(value, tuple) else value
