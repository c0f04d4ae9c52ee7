"""What agreement means: one sample, PyTorch's result and the candidate's, compared.

Each check returns None if they agree, else the reason in one line, and raises `Refused` for a sample that
PyTorch itself does not take.
"""

import dataclasses
import types
import warnings
from collections.abc import Callable
from typing import Any

import torch

from tests.parity.harness.candidate import Candidate, Memo, TooManyDimensions
from tests.parity.harness.compare import difference, flatten, reason_of
from tests.parity.harness.rebind import counterpart

__all__ = ["Pair", "Refused", "errors_agree", "gradients_agree", "outputs_agree", "updates_agree"]

# What they return is not initialised, or initialised in part.
UNINITIALISED = frozenset(
    [
        *("empty", "empty_like", "empty_permuted", "empty_strided", "new_empty", "new_empty_strided"),
        *("resize_", "resize_as_"),
    ]
)
# Vectors determined up to sign or phase, alone or in degenerate subspaces: what PyTorch's samples make of
# them (`output_process_fn_grad`) is compared instead.
GAUGE_FREE = frozenset(["linalg.eig", "linalg.eigh", "linalg.svd", "pca_lowrank", "svd", "svd_lowrank"])
# Samples that look at their storage beyond their own elements.
WHOLE_STORAGE = frozenset(["as_strided"])
METHODS = (types.MethodDescriptorType, types.WrapperDescriptorType)


class Refused(Exception):  # noqa: N818 - it is an outcome
    """PyTorch does not take this sample."""


@dataclasses.dataclass(frozen=True)
class Pair:
    """An operator of PyTorch beside the candidate's counterpart, under one of its names."""

    op: Any
    expected: Callable[..., Any]
    got: Callable[..., Any]
    reference: Candidate
    candidate: Candidate


@dataclasses.dataclass
class Call:
    output: Any
    input: Any
    memo: Memo


def outputs_agree(pair: Pair, sample: Any) -> str | None:
    """Same kinds, shapes, dtypes and values; inputs changed alike; random values are not compared."""
    expected, random = _expected(pair, sample)
    got = _call(pair.got, pair.candidate, pair, sample)
    values = not random and pair.op.name not in UNINITIALISED
    gauge_free = pair.op.name in GAUGE_FREE
    reason = difference(expected.output, got.output, pair.candidate, values=values and not gauge_free)
    if reason is None and values and gauge_free:
        processed = counterpart(sample.output_process_fn_grad, pair.candidate)(got.output)
        reason = difference(sample.output_process_fn_grad(expected.output), processed, pair.candidate)
    if reason is None and values:
        reason = difference(expected.memo.tensors, got.memo.tensors, pair.candidate)
        reason = reason and f"input afterwards: {reason}"
    return reason


def updates_agree(pair: Pair, sample: Any) -> str | None:
    """As for outputs; what PyTorch returns as the input itself is the input itself; refusals are shared."""
    if sample.broadcasts_input:
        raise Refused
    try:
        expected, _ = _expected(pair, sample)
    except Refused as refusal:
        return _refused_alike(pair, sample, refusal)
    reason = outputs_agree(pair, sample)
    if reason is None and expected.output is expected.input:
        got = _call(pair.got, pair.candidate, pair, sample)
        return None if got.output is got.input else "does not return its input"
    return reason


def errors_agree(pair: Pair, sample: Any) -> str | None:
    """The candidate refuses what PyTorch refuses, with the same class of exception."""
    if isinstance(pair.op.op, METHODS) and not isinstance(sample.input, torch.Tensor):
        # Tensor.__radd__(2, x) is an error of Python's C types; no method is called so.
        raise Refused
    try:
        _expected(pair, sample)
    except Refused as refusal:
        return _refused_alike(pair, sample, refusal)
    raise Refused


def gradients_agree(pair: Pair, sample: Any) -> str | None:
    """Same gradients of a random projection of the results; an undefined gradient equals zeros."""
    call, random = _expected(pair, sample)
    try:
        expected, projection = _gradients(pair.reference, call, sample.output_process_fn_grad, None)
    except Exception as error:
        raise Refused(reason_of(error)) from error
    process = counterpart(sample.output_process_fn_grad, pair.candidate)
    got_call = _call(pair.got, pair.candidate, pair, sample)
    try:
        got, _ = _gradients(pair.candidate, got_call, process, projection)
    except _OtherGraph as other:
        return str(other)
    for i, (ours, theirs) in enumerate(zip(expected, got, strict=True)):
        zeros = torch.zeros_like(call.memo.leaves[i])
        ours = zeros if ours is None else ours  # noqa: PLW2901
        theirs = pair.candidate.give(zeros.detach(), Memo()) if theirs is None else theirs  # noqa: PLW2901
        if reason := difference(ours, theirs, pair.candidate, values=not random):
            return f"gradient [{i}]: {reason}"
    return None


class _OtherGraph(Exception):  # noqa: N818 - it is an outcome
    """Other results require gradients than should."""


def _expected(pair: Pair, sample: Any) -> tuple[Call, bool]:
    """PyTorch's result, and whether its values are random."""
    torch.manual_seed(0)
    before = torch.get_rng_state()
    try:
        first = _call(pair.expected, pair.reference, pair, sample)
        if torch.equal(torch.get_rng_state(), before):
            return first, False
        second = _call(pair.expected, pair.reference, pair, sample, seed=1)
    except Exception as error:
        raise Refused(reason_of(error)) from error
    one, other = (_processed(call.output, sample) for call in (first, second))
    return first, difference(one, other, pair.reference) is not None


def _processed(output: Any, sample: Any) -> Any:
    with torch.no_grad():
        return sample.output_process_fn_grad(output)


def _call(function: Callable[..., Any], side: Candidate, pair: Pair, sample: Any, seed: int = 0) -> Call:
    memo = Memo(whole_storage=pair.op.name in WHOLE_STORAGE)
    try:
        given, args, kwargs = side.give((sample.input, tuple(sample.args), sample.kwargs), memo)
    except TooManyDimensions as error:
        raise Refused(str(error)) from error
    # Values of random operators are not compared, so a candidate that cannot be seeded is measured as well.
    getattr(side.module, "manual_seed", int)(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Call(function(given, *args, **kwargs), given, memo)


def _refused_alike(pair: Pair, sample: Any, refusal: Refused) -> str | None:
    expected = type(refusal.__cause__)
    # Classes that are PyTorch's own are compared by the built-in class they extend.
    built_in = next(c for c in expected.__mro__ if c.__module__ == "builtins")
    try:
        _call(pair.got, pair.candidate, pair, sample)
    except Refused:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it raises is compared
        same = isinstance(error, built_in)
        return None if same else f"{reason_of(error)}, expected {expected.__name__}"
    return f"accepts what PyTorch refuses with {expected.__name__}"


def _gradients(
    side: Candidate, call: Call, process: Callable[[Any], Any], projection: dict[int, torch.Tensor] | None
) -> tuple[list[Any], dict[int, torch.Tensor]]:
    outputs = list(flatten(process(call.output), side.is_tensor))
    require = [i for i, output in enumerate(outputs) if output.requires_grad]
    if projection is None:
        projection = {i: _projection(outputs[i], i) for i in require}
        if not projection or not call.memo.leaves:
            raise Refused("nothing to differentiate")
    elif require != list(projection):
        raise _OtherGraph(f"results {require} require gradients, expected {list(projection)}")
    along = [side.give(projection[i], Memo()) for i in require]
    wanted = [outputs[i] for i in require]
    grads = side.module.autograd.grad(wanted, call.memo.leaves, along, allow_unused=True)
    return list(grads), projection


def _projection(output: torch.Tensor, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(output.shape, dtype=output.dtype, generator=generator)
