"""What agreement means: one sample, PyTorch's result and the candidate's, compared.

Each check returns None if they agree, else the reason in one line, and raises `Refused` for a sample that
PyTorch itself does not take.
"""

import types
from collections.abc import Callable
from typing import Any

import torch

from tests.parity.harness import calls
from tests.parity.harness.calls import Call, Pair, Refused
from tests.parity.harness.candidate import Candidate, Memo
from tests.parity.harness.compare import difference, flatten, reason_of
from tests.parity.harness.rebind import counterpart
from tests.parity.harness.ties import held

__all__ = ["errors_agree", "gradients_agree", "outputs_agree", "updates_agree"]

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
METHODS = (types.MethodDescriptorType, types.WrapperDescriptorType)


def outputs_agree(pair: Pair, sample: Any) -> str | None:
    """Same kinds, shapes, dtypes and values; inputs changed alike; random values are not compared."""
    expected, random = calls.expected(pair, sample)
    got = calls.call(pair.got, pair.candidate, pair, sample)
    values = not random and pair.op.name not in UNINITIALISED
    if not values or pair.op.name in GAUGE_FREE:
        reason = difference(expected.output, got.output, pair.candidate, values=False)
        if reason or not values:
            return reason
        processed = counterpart(sample.output_process_fn_grad, pair.candidate)(got.output)
        return difference(sample.output_process_fn_grad(expected.output), processed, pair.candidate)
    reason = difference(expected.output, got.output, pair.candidate)
    if reason and not _equally_right(pair, sample, expected.output, got.output):
        return reason
    given = zip(expected.memo.tensors, got.memo.tensors, strict=True)
    # A result that is the input has been compared.
    left = [(ours, theirs) for ours, theirs in given if ours is not expected.output]
    reason = difference([ours for ours, _ in left], [theirs for _, theirs in left], pair.candidate)
    return reason and f"input afterwards: {reason}"


def _equally_right(pair: Pair, sample: Any, expected: Any, got: Any) -> bool:
    """Whether values that differ from PyTorch's are ones that it could have given as well.

    Positions may name another of equal elements. Single precision may agree, at the same tolerances, with
    PyTorch's own result in double precision: sums depend on the order in which they are taken.
    """
    if difference(expected, got, pair.candidate, values=False):
        return False
    theirs = [pair.candidate.take(tensor) for tensor in flatten(got, pair.candidate.is_tensor)]
    ours = list(flatten(expected, pair.reference.is_tensor))
    ours, theirs = (held(pair.op.name, sample, results) for results in (ours, theirs))
    if ours and theirs and difference(ours, theirs, pair.reference) is None:
        return True
    in_double = difference(calls.exact(pair, sample, expected), got, pair.candidate) is None
    pair.in_double.extend([sample] * in_double)
    return in_double


def updates_agree(pair: Pair, sample: Any) -> str | None:
    """As for outputs; what PyTorch returns as the input itself is the input itself; refusals are shared."""
    if sample.broadcasts_input:
        raise Refused
    try:
        expected, _ = calls.expected(pair, sample)
    except Refused as refusal:
        return _refused_alike(pair, sample, refusal)
    reason = outputs_agree(pair, sample)
    if reason is None and expected.output is expected.input:
        got = calls.call(pair.got, pair.candidate, pair, sample)
        return None if got.output is got.input else "does not return its input"
    return reason


def errors_agree(pair: Pair, sample: Any) -> str | None:
    """The candidate refuses what PyTorch refuses, with the same class of exception."""
    if isinstance(pair.op.op, METHODS) and not isinstance(sample.input, torch.Tensor):
        # Tensor.__radd__(2, x) is an error of Python's C types; no method is called so.
        raise Refused
    try:
        calls.expected(pair, sample)
    except Refused as refusal:
        return _refused_alike(pair, sample, refusal)
    raise Refused


def gradients_agree(pair: Pair, sample: Any) -> str | None:
    """Same gradients of a random projection of the results; an undefined gradient equals zeros."""
    call, random = calls.expected(pair, sample)
    try:
        expected, projection = _gradients(pair.reference, call, sample.output_process_fn_grad, None)
    except Exception as error:
        raise Refused(reason_of(error)) from error
    process = counterpart(sample.output_process_fn_grad, pair.candidate)
    got_call = calls.call(pair.got, pair.candidate, pair, sample)
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


def _refused_alike(pair: Pair, sample: Any, refusal: Refused) -> str | None:
    expected = type(refusal.__cause__)
    # Classes that are PyTorch's own are compared by the built-in class they extend.
    built_in = next(c for c in expected.__mro__ if c.__module__ == "builtins")
    try:
        calls.call(pair.got, pair.candidate, pair, sample)
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
