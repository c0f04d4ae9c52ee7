"""Counting elements: histograms and occurrences."""

from __future__ import annotations

from typing import Any

from unison.functions import return_types
from unison.functions._common import with_exact_out, write_exact
from unison_core import dtypes, ops
from unison_core.errors import OperatorError
from unison_core.handle import Handle, alias

__all__ = ["bincount", "histc", "histogram"]


def bincount(input: Any, weights: Any = None, minlength: int = 0) -> Any:
    """How often each number from 0 occurs in 1-d input, or the sums of the weights of its occurrences.

    Raises:
        RuntimeError: input is not 1-d, not integer, or negative; weights have another shape.
    """
    if input.dtype not in dtypes.INTEGER:
        raise OperatorError(f"bincount takes integers, not {input.dtype.name}")
    if minlength < 0:
        raise OperatorError(f"minlength should be >= 0, got {minlength}")
    if input.array.ndim != 1:
        raise OperatorError("bincount only supports 1-d non-negative integral inputs.")
    if weights is not None and weights.array.shape != input.array.shape:
        raise OperatorError("weights should be 1-d and have the same length as input")
    if not input.array.size:
        return ops.full(shape=(minlength,), value=0, dtype=dtypes.int64, device=input.device)
    if ops.amin(input, dim=None, keepdim=False).item() < 0:
        raise OperatorError("bincount only supports 1-d non-negative integral inputs.")
    length = max(minlength, ops.amax(input, dim=None, keepdim=False).item() + 1)
    if weights is None:
        amounts = ops.full(shape=tuple(input.array.shape), value=1, dtype=dtypes.int64, device=input.device)
    else:
        amounts = (
            weights
            if weights.dtype in (dtypes.float32, dtypes.float64)
            else ops.cast(weights, dtype=dtypes.float64)
        )
    empty = ops.full(shape=(length,), value=0, dtype=amounts.dtype, device=input.device)
    return ops.scatter_add(empty, ops.cast(input, dtype=dtypes.int64), amounts, dim=0)


@with_exact_out
def histc(input: Any, bins: int = 100, min: float = 0, max: float = 0) -> Any:
    """How many elements fall into each of `bins` equal bins between min and max (of the elements where both are 0).

    Raises:
        RuntimeError: bins is not positive, or the range is not finite or turned round.
    """
    if bins <= 0:
        raise OperatorError("bins must be > 0")
    x = ops.reshape(alias(input), shape=(input.array.size,))
    low, high = _range(x, min, max, 1.0)
    return _counts(x, low, high, bins, None)


def _range(x: Any, low: Any, high: Any, widen: float) -> tuple[float, float]:
    """The ends of a histogram: given, or the extremes; a range of one point is widened on each side.

    Raises:
        RuntimeError: not finite, or turned round.
    """
    if low == high and x.array.size and low == 0:
        low, high = ops.amin(x, dim=None, keepdim=False).item(), ops.amax(x, dim=None, keepdim=False).item()
    if low == high:
        low, high = low - widen, high + widen
    if not (abs(low) < float("inf") and abs(high) < float("inf")):
        raise OperatorError(f"range of [{low}, {high}] is not finite")
    if low > high:
        raise OperatorError("max must be larger than min")
    return low, high


def _counts(x: Any, low: float, high: float, bins: int, weight: Any) -> Any:
    inside = ops.logical_and(ops.ge(x, low), ops.le(x, high))
    amounts = ops.cast(inside, dtype=x.dtype)
    if weight is not None:
        amounts = ops.where(inside, weight, ops.mul(weight, 0))
    place = ops.floor(ops.mul(ops.div(ops.sub(x, low), high - low), float(bins)))
    place = ops.where(inside, place, ops.mul(amounts, 0))
    index = ops.minimum(ops.cast(place, dtype=dtypes.int64), bins - 1)
    empty = ops.full(shape=(bins,), value=0, dtype=x.dtype, device=x.device)
    return ops.scatter_add(empty, index, amounts, dim=0)


def histogram(
    input: Any,
    bins: Any,
    *,
    range: tuple[float, float] | None = None,
    weight: Any = None,
    density: bool = False,
    out: Any = None,
) -> Any:
    """(hist, bin_edges): counts, or sums of weights, in equal bins over range, or between the edges that bins holds;
    as a density they integrate to 1.

    Raises:
        RuntimeError: dtypes, shapes or range do not fit.
    """
    if weight is not None and weight.dtype is not input.dtype:
        raise OperatorError(
            "torch.histogram(): if weight tensor is provided, it must have the same dtype as input"
        )
    x = ops.reshape(alias(input), shape=(input.array.size,))
    weight = None if weight is None else ops.reshape(alias(weight), shape=(input.array.size,))
    if isinstance(bins, Handle):
        edges = bins
        hist = _between_edges(x, edges, weight)
    else:
        if range is None and not x.array.size:
            range = (0.0, 1.0)
        low, high = _range(x, *(range or (0, 0)), 0.5)
        edges = ops.linspace(
            start=float(low), end=float(high), steps=bins + 1, dtype=x.dtype, device=x.device
        )
        hist = _between_edges(x, edges, weight)
    if density:
        widths = ops.sub(ops.slice(edges, key=(slice(1, None),)), ops.slice(edges, key=(slice(None, -1),)))
        hist = ops.div(ops.div(hist, ops.sum(hist, dim=None, keepdim=False)), widths)
    result = return_types.histogram(hist, edges)
    return result if out is None else write_exact(out, result)


def _between_edges(x: Any, edges: Any, weight: Any) -> Any:
    """Counts between neighbouring edges; the last bin owns both its ends."""
    bins = edges.array.shape[0] - 1
    first, last = (ops.slice(edges, key=(i,)) for i in (0, bins))
    inside = ops.logical_and(ops.ge(x, first), ops.le(x, last))
    amounts = ops.cast(inside, dtype=x.dtype)
    if weight is not None:
        amounts = ops.where(inside, weight, ops.mul(weight, 0))
    index = ops.sub(ops.searchsorted(edges, x, right=True), 1)
    index = ops.maximum(ops.minimum(index, bins - 1), 0)
    empty = ops.full(shape=(bins,), value=0, dtype=x.dtype, device=x.device)
    return ops.scatter_add(empty, index, amounts, dim=0)
