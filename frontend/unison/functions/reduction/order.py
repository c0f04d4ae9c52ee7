"""Medians, quantiles and modes: what ordering the elements tells."""

from __future__ import annotations

from typing import Any

from unison.functions import return_types
from unison.functions._common import with_exact_out, write_exact
from unison.functions.reduction.extremes import pick
from unison_core import dtypes, ops
from unison_core.dispatch.promotion import constant
from unison_core.errors import OperatorError, OperatorIndexError
from unison_core.handle import Handle, alias
from unison_core.spec import wrap_dim

__all__ = ["median", "mode", "nanmedian", "nanquantile", "quantile"]


def median(input: Any, dim: int | None = None, keepdim: bool = False, *, out: Any = None) -> Any:
    """The lower median of all elements, or (values, indices) of those along dim; NaN if there is one."""
    return _median(input, dim, keepdim, out, ignore=False)


def nanmedian(input: Any, dim: int | None = None, keepdim: bool = False, *, out: Any = None) -> Any:
    """The lower median of the elements that are not NaN, or (values, indices) of those along dim."""
    return _median(input, dim, keepdim, out, ignore=True)


def _median(x: Any, dim: int | None, keepdim: bool, out: Any, *, ignore: bool) -> Any:
    if dim is None:
        flat = ops.reshape(x, shape=(x.array.size,))
        if not x.array.size:
            missing = float("nan") if x.dtype in dtypes.FLOATING else -(2 ** (x.dtype.bits - 1))
            return constant(missing, x.dtype, x.device)
        value, _ = pick(alias(flat), _place(alias(flat), 0, ignore), 0, False)
        result = _shared(flat, value)
    else:
        kind = return_types.nanmedian if ignore else return_types.median
        d = wrap_dim(dim, x.array.ndim)
        if not x.array.ndim:
            result = kind(ops.copy(x), constant(0, dtypes.int64, x.device))
        elif x.array.shape[d] == 0:
            raise OperatorIndexError(f"median(): Expected reduction dim {d} to have non-zero size.")
        else:
            result = kind(*pick(x, _place(alias(x), d, ignore), d, keepdim))
    return result if out is None else write_exact(out, result)


def _place(x: Any, d: int, ignore: bool) -> Any:
    """The index of the median along d, with d kept."""
    _, order = ops.sort(x, dim=d, descending=False)
    n = x.array.shape[d]
    floating = x.dtype in dtypes.FLOATING
    nan = ops.isnan(x) if floating else None
    if ignore and nan is not None:
        known = ops.sum(ops.logical_not(nan), dim=(d,), keepdim=True)
        return ops.gather(order, ops.maximum(ops.floor_divide(ops.sub(known, 1), 2), 0), dim=d)
    middle = ops.slice(order, key=((slice(None),) * d) + (slice((n - 1) // 2, (n - 1) // 2 + 1), ...))
    if nan is None:
        return middle
    first_nan = ops.argmax(nan, dim=d, keepdim=True)
    return ops.where(ops.any(nan, dim=(d,), keepdim=True), first_nan, middle)


def _shared(flat: Any, value: Any) -> Any:
    """value as a function of the elements equal to it, which share its gradient: the largest of them."""
    if not flat.tracked:
        return value
    same = ops.eq(flat, value) if value.item() == value.item() else ops.isnan(flat)
    chosen = ops.where(same, flat, constant(float("-inf"), flat.dtype, flat.device))
    if value.item() != value.item():
        return ops.mul(
            ops.sum(ops.where(same, flat, constant(0.0, flat.dtype, flat.device)), dim=None, keepdim=False),
            1.0,
        )
    return ops.amax(chosen, dim=None, keepdim=False)


def mode(input: Any, dim: int = -1, keepdim: bool = False, *, out: Any = None) -> Any:
    """(values, indices) of the commonest element along dim, the smallest of equally common ones, last occurrence."""
    d = wrap_dim(dim, input.array.ndim)
    if not input.array.ndim:
        result = return_types.mode(ops.copy(input), constant(0, dtypes.int64, input.device))
        return result if out is None else write_exact(out, result)
    if input.array.shape[d] == 0:
        raise OperatorIndexError(f"mode(): Expected reduction dim {d} to have non-zero size.")
    ordered, order = ops.sort(alias(input), dim=d, descending=False)
    longest = ops.argmax(_run_lengths(ordered, d), dim=d, keepdim=True)
    result = return_types.mode(*pick(input, ops.gather(order, longest, dim=d), d, keepdim))
    return result if out is None else write_exact(out, result)


def _run_lengths(ordered: Any, d: int) -> Any:
    """For each element of an ordered array, how many equal ones stand before it along d."""
    lead = (slice(None),) * d
    n = ordered.array.shape[d]
    if n == 1:
        return ops.mul(ops.cast(ops.eq(ordered, ordered), dtype=dtypes.int64), 0)
    changed = ops.ne(
        ops.slice(ordered, key=(*lead, slice(1, None), ...)),
        ops.slice(ordered, key=(*lead, slice(None, -1), ...)),
    )
    shape = (n - 1,) + (1,) * (ordered.array.ndim - 1 - d)
    places = ops.view(ops.arange(start=1, end=n, dtype=dtypes.int64, device=ordered.device), shape=shape)
    starts = ops.cummax(ops.where(changed, places, ops.mul(places, 0)), dim=d)[0]
    later = ops.sub(places, starts)
    first = ops.mul(ops.slice(later, key=(*lead, slice(0, 1), ...)), 0)
    return ops.cat(first, later, dim=d)


_INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


@with_exact_out
def quantile(
    input: Any, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Any:
    """The q-quantiles, q in [0, 1], over dim or all elements, between neighbours as interpolation says.

    Raises:
        RuntimeError: q, interpolation or a dtype is not right, or nothing is there to order.
    """
    return _quantile("quantile", input, q, dim, keepdim, interpolation, ignore=False)


@with_exact_out
def nanquantile(
    input: Any, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Any:
    """The q-quantiles of the elements that are not NaN.

    Raises:
        RuntimeError: q, interpolation or a dtype is not right, or nothing is there to order.
    """
    return _quantile("nanquantile", input, q, dim, keepdim, interpolation, ignore=True)


def _quantile(
    name: str, x: Any, q: Any, dim: int | None, keepdim: bool, interpolation: str, *, ignore: bool
) -> Any:
    q = _checked_quantiles(name, x, q, interpolation)
    ndim = x.array.ndim
    if dim is None:
        work, d = ops.reshape(x, shape=(x.array.size,)), 0
    else:
        d = wrap_dim(dim, ndim)
        work = ops.view(x, shape=(1,)) if not ndim else x
    if work.array.shape[d] == 0:
        raise OperatorError(f"{name}() input tensor must be non-empty")
    last = work.array.ndim - 1
    order = (*(i for i in range(last + 1) if i != d), d)
    ordered = ops.sort(ops.permute(work, dims=order), dim=last, descending=False)[0]
    found = _between(ordered, q, interpolation, last, ignore)
    found = ops.permute(found, dims=(last, *range(last)))
    kept = tuple(n for i, n in enumerate(work.array.shape) if i != d)
    if keepdim:
        kept = (1,) * ndim if dim is None else tuple(1 if i == d else n for i, n in enumerate(x.array.shape))
    elif dim is not None and not ndim:
        kept = ()
    return ops.reshape(found, shape=(tuple(q.array.shape) + kept) if q.array.ndim else kept)


def _checked_quantiles(name: str, x: Any, q: Any, interpolation: str) -> Any:
    if x.dtype not in (dtypes.float32, dtypes.float64):
        raise OperatorError(f"{name}() input tensor must be either float or double dtype")
    if interpolation not in _INTERPOLATIONS:
        raise OperatorError(
            f"{name}() interpolation must be one of linear, lower, higher, midpoint or nearest, but got {interpolation}"
        )
    if not isinstance(q, Handle):
        if not 0 <= q <= 1:
            raise OperatorError(f"{name}() q must be in the range [0, 1] but got {q}")
        return constant(float(q), x.dtype, x.device)
    if q.array.ndim > 1:
        raise OperatorError(f"{name}() q must be a scalar or 1D tensor")
    if q.dtype is not x.dtype:
        raise OperatorError(f"{name}() q tensor must be same dtype as the input tensor")
    inside = ops.logical_and(ops.ge(q, 0), ops.le(q, 1))
    if not bool(ops.all(inside, dim=None, keepdim=False).item()):
        raise OperatorError(f"{name}() q values must be in the range [0, 1]")
    return q


def _between(ordered: Any, q: Any, interpolation: str, last: int, ignore: bool) -> Any:
    """Quantiles along the last dimension of ordered elements: shape (..., number of q)."""
    n = ordered.array.shape[last]
    flat_q = ops.reshape(q, shape=(q.array.size,))
    nan = ops.isnan(alias(ordered))
    if ignore:
        known = ops.cast(ops.sum(ops.logical_not(nan), dim=(last,), keepdim=True), dtype=q.dtype)
        rank = ops.mul(flat_q, ops.maximum(ops.sub(known, 1.0), 0.0))
    else:
        rank = ops.mul(flat_q, float(n - 1))
        # With a NaN in the row every quantile is NaN, and the last element is one.
        spoilt = ops.any(nan, dim=(last,), keepdim=True)
        rank = ops.where(spoilt, ops.add(ops.mul(rank, 0.0), float(n - 1)), rank)
    shape = (*ordered.array.shape[:-1], flat_q.array.size)
    rank = ops.expand(rank, shape=shape)
    if interpolation == "lower":
        rank = ops.floor(rank)
    elif interpolation == "higher":
        rank = ops.ceil(rank)
    elif interpolation == "nearest":
        rank = ops.round(rank)
    below = ops.floor(rank)
    low = ops.gather(ordered, ops.cast(below, dtype=dtypes.int64), dim=last)
    if interpolation in ("lower", "higher", "nearest"):
        return low
    high = ops.gather(ordered, ops.cast(ops.ceil(rank), dtype=dtypes.int64), dim=last)
    weight = ops.sub(rank, below)
    if interpolation == "midpoint":
        weight = ops.mul(ops.cast(ops.gt(weight, 0), dtype=rank.dtype), 0.5)
    return ops.lerp(low, high, weight)
