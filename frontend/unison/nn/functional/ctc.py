"""Connectionist temporal classification."""

from __future__ import annotations

from typing import Any

from unison_core import dtypes, ops
from unison_core.dispatch.promotion import constant
from unison_core.errors import OperatorError
from unison_core.handle import Handle

__all__ = ["ctc_loss"]

# Stands for log 0: sums of such terms stay finite, so that no gradient is 0 * inf.
_NEVER = -1e30


def ctc_loss(
    log_probs: Any,
    targets: Any,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Any:
    """-log of the probability that log_probs (T, N, C) or (T, C) spell out targets, summed over all alignments.

    targets are (N, S), or the concatenated labels of all; lengths are tensors or tuples. "mean" divides each loss by
    its target's length and averages. The gradient is exp(log_probs) minus the labels' posterior probabilities: the one
    of scores that log_softmax turned into log_probs, as PyTorch has it. A target that does not fit gives
    inf, or 0 with zero_infinity. Graves et al., 2006.

    Raises:
        RuntimeError: lengths or blank are out of range, or targets are not integers.
    """
    if log_probs.dtype not in dtypes.FLOATING:
        raise OperatorError(f"ctc_loss expects floating log_probs, got {log_probs.dtype.name}")
    if targets.dtype not in dtypes.INTEGER:
        raise OperatorError("ctc_loss: targets must be of integral type")
    single = log_probs.array.ndim == 2
    x = ops.slice(log_probs, key=(slice(None), None)) if single else log_probs
    steps, batch, classes = x.array.shape
    if not 0 <= blank < classes:
        raise OperatorError("blank must be in label range")
    times, lengths = (
        _lengths("input_lengths", input_lengths, batch),
        _lengths("target_lengths", target_lengths, batch),
    )
    _check_lengths(times, lengths, steps)
    labels = _labels(targets, lengths, batch)
    losses = ops.add(_losses(x, labels, times, lengths, blank), _of_scores(x, times))
    lost = ops.ge(losses, -_NEVER / 2)
    value = 0.0 if zero_infinity else float("inf")
    losses = ops.where(lost, constant(value, losses.dtype, losses.device), losses)
    return _reduce(losses, lengths, reduction, single)


def _reduce(losses: Any, lengths: list[int], reduction: str, single: bool) -> Any:
    from unison.functions.conversion import tensor

    if reduction == "mean":
        shares = tensor([float(max(n, 1)) for n in lengths], dtype=losses.dtype, device=losses.device)
        return ops.mean(ops.div(losses, shares), dim=None, keepdim=False)
    if reduction == "sum":
        return ops.sum(losses, dim=None, keepdim=False)
    if reduction != "none":
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return ops.slice(losses, key=(0,)) if single else losses


def _lengths(name: str, given: Any, batch: int) -> list[int]:
    if isinstance(given, Handle):
        if given.dtype not in dtypes.INTEGER:
            raise OperatorError(f"{name} must be integral, got {given.dtype.name}")
        given = ops.reshape(given, shape=(given.array.size,)).tolist()
    found = [int(n) for n in given] if hasattr(given, "__iter__") else [int(given)]
    if len(found) != batch:
        raise OperatorError(f"{name} must be of size batch_size: expected {batch}, got {len(found)}")
    return found


def _check_lengths(times: list[int], lengths: list[int], steps: int) -> None:
    if any(t < 0 for t in times) or any(n < 0 for n in lengths):
        raise OperatorError("input_lengths and target_lengths must be non-negative")
    if times and max(times) > steps:
        raise OperatorError(
            f"Expected input_lengths to have value at most {steps}, but got value {max(times)}"
        )


def _labels(targets: Any, lengths: list[int], batch: int) -> list[list[int]]:
    """The labels of each element of the batch."""
    if targets.array.ndim == 1:
        flat = [int(v) for v in targets.tolist()]
        if len(flat) != sum(lengths):
            raise OperatorError(
                f"Expected targets of {sum(lengths)} elements, the sum of target_lengths, but got {len(flat)}"
            )
        ends = [sum(lengths[: i + 1]) for i in range(batch)]
        return [flat[end - n : end] for end, n in zip(ends, lengths, strict=True)]
    if targets.array.shape[0] != batch or (lengths and max(lengths) > targets.array.shape[1]):
        raise OperatorError(
            f"Expected tensor to have size at least {max(lengths, default=0)} at dimension 1, but got size "
            f"{list(targets.shape)} for argument targets"
        )
    return [[int(v) for v in row[:n]] for row, n in zip(targets.tolist(), lengths, strict=True)]


def _losses(x: Any, labels: list[list[int]], times: list[int], lengths: list[int], blank: int) -> Any:
    """The forward recursion over the labels with blanks between them, on all elements at once; frozen after the end."""
    from unison.functions.conversion import tensor

    steps, batch, classes = x.array.shape
    width = 2 * max(lengths, default=0) + 1
    paths = [_with_blanks(row, blank, width) for row in labels]
    if any(not 0 <= c < classes for row in labels for c in row):
        raise OperatorError(f"ctc_loss: target labels lie in [0, {classes - 1}]")
    device = x.device
    path = ops.reshape(tensor(paths, dtype=dtypes.int64, device=device), shape=(1, batch, width))
    picked = ops.gather(x, ops.expand(path, shape=(steps, batch, width)), dim=2)
    picked = ops.maximum(picked, constant(_finite(x), x.dtype, device))
    jumps = tensor([_jumps(row, blank) for row in paths], dtype=dtypes.bool_, device=device)
    starts = tensor(
        [[s < min(2, 2 * n + 1) for s in range(width)] for n in lengths], dtype=dtypes.bool_, device=device
    )
    ends = tensor(
        [[s in (2 * n, 2 * n - 1) for s in range(width)] for n in lengths], dtype=dtypes.bool_, device=device
    )
    never = constant(_finite(x), x.dtype, device)
    begin = tensor(
        [[0.0 if s == 0 else _finite(x) for s in range(width)]] * batch, dtype=x.dtype, device=device
    )
    alpha = begin
    for t in range(max(times, default=0)):
        if t == 0:
            after = ops.where(starts, ops.slice(picked, key=(0,)), never)
        else:
            ways = [alpha, _shifted(alpha, 1, never), ops.where(jumps, _shifted(alpha, 2, never), never)]
            after = ops.add(_log_sum(ways), ops.slice(picked, key=(t,)))
        alive = tensor([[t < n] for n in times], dtype=dtypes.bool_, device=device)
        alpha = ops.where(alive, ops.maximum(after, never), alpha)
    return ops.neg(ops.logsumexp(ops.where(ends, alpha, never), dim=(1,), keepdim=False))


def _of_scores(x: Any, times: list[int]) -> Any:
    """0 for each element of the batch, with the gradient exp(x) at its steps."""
    from unison.functions.conversion import tensor

    alive = tensor(
        [[t < n for n in times] for t in range(x.array.shape[0])], dtype=dtypes.bool_, device=x.device
    )
    share = ops.where(
        ops.reshape(alive, shape=(*x.array.shape[:2], 1)), ops.exp(x), constant(0, x.dtype, x.device)
    )
    fixed = ops.maximum(x, constant(_finite(x), x.dtype, x.device))
    return ops.sum(ops.mul(share.detach(), ops.sub(fixed, fixed.detach())), dim=(0, 2), keepdim=False)


def _finite(x: Any) -> float:
    return _NEVER if x.dtype.bits > 16 or x.dtype is dtypes.bfloat16 else -6e4


def _with_blanks(row: list[int], blank: int, width: int) -> list[int]:
    path = [blank]
    for label in row:
        path += [label, blank]
    return path + [blank] * (width - len(path))


def _jumps(path: list[int], blank: int) -> list[bool]:
    """Where a path may come from two places before: at labels that differ from the one before."""
    return [s > 1 and path[s] != blank and path[s] != path[s - 2] for s in range(len(path))]


def _shifted(alpha: Any, by: int, never: Any) -> Any:
    width = alpha.array.shape[1]
    if by >= width:
        return ops.expand(never, shape=tuple(alpha.shape))
    head = ops.expand(never, shape=(alpha.array.shape[0], by))
    return ops.cat(head, ops.slice(alpha, key=(slice(None), slice(0, width - by))), dim=1)


def _log_sum(ways: list[Any]) -> Any:
    rows = [ops.slice(w, key=(None,)) for w in ways]
    return ops.logsumexp(ops.cat(*rows, dim=0), dim=(0,), keepdim=False)
