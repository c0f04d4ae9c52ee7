"""scatter_reduce in all its kinds, from scatter_add and the primitive folds, with its gradients."""

from __future__ import annotations

from typing import Any

from unison_core import dtypes, ops

__all__ = ["scatter_reduce_plain", "scatter_reduce_recorded"]

_IDENTITY = {"sum": 0, "mean": 0, "prod": 1}


def _identity(x: Any, reduce: str) -> float:
    if reduce in _IDENTITY:
        return _IDENTITY[reduce]
    sign = -1 if reduce == "amax" else 1
    if x.dtype in dtypes.FLOATING:
        return sign * float("inf")
    if x.dtype is dtypes.bool_:
        return sign > 0
    bits = x.dtype.bits
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if x.dtype.is_signed else (0, 2**bits - 1)
    return low if reduce == "amax" else high


def _start(x: Any, dim: int, index: Any, reduce: str, include_self: bool) -> Any:
    """x, or without include_self the identity at every place that something is folded into."""
    if include_self:
        return x
    fill = ops.full(
        shape=tuple(index.array.shape), value=_identity(x, reduce), dtype=x.dtype, device=x.device
    )
    return ops.scatter(x, index, fill, dim=dim)


def _counts(x: Any, dim: int, index: Any, include_self: bool, dtype: Any) -> Any:
    zeros = ops.full(shape=tuple(x.array.shape), value=int(include_self), dtype=dtype, device=x.device)
    ones = ops.full(shape=tuple(index.array.shape), value=1, dtype=dtype, device=x.device)
    counts = ops.scatter_add(zeros, index, ones, dim=dim)
    return ops.maximum(counts, ops.full(shape=(), value=1, dtype=dtype, device=x.device))


def _cut(src: Any, index: Any) -> Any:
    key = tuple(slice(0, n) for n in index.array.shape)
    return ops.slice(src, key=key) if src.array.shape != index.array.shape else src


def scatter_reduce_plain(x: Any, dim: int, index: Any, src: Any, reduce: str, include_self: bool) -> Any:
    """The value, with nothing recorded beyond sums."""
    start = _start(x, dim, index, reduce, include_self)
    if reduce == "sum":
        return ops.scatter_add(start, index, src, dim=dim)
    if reduce == "mean":
        total = ops.scatter_add(start, index, src, dim=dim)
        counts = _counts(x, dim, index, include_self, x.dtype)
        return ops.floor_divide(total, counts) if x.dtype in dtypes.INTEGRAL else ops.div(total, counts)
    return ops.scatter_reduce(start, index, src, dim=dim, reduce=reduce)


def scatter_reduce_recorded(x: Any, dim: int, index: Any, src: Any, reduce: str, include_self: bool) -> Any:
    """The same so that gradients flow: sums are recorded as they are, extremes share the gradient among equals,
    products are exponentials of sums where no factor is zero, and otherwise products of the other factors.
    """
    if reduce in ("sum", "mean"):
        return scatter_reduce_plain(x, dim, index, src, reduce, include_self)
    src = _cut(src, index)
    start = _start(x, dim, index, reduce, include_self)
    value = ops.scatter_reduce(start.detach(), index, src.detach(), dim=dim, reduce=reduce)
    if reduce == "prod":
        return _product(start, dim, index, src)
    return _extreme(start, dim, index, src, value)


def _extreme(start: Any, dim: int, index: Any, src: Any, value: Any) -> Any:
    """The mean, at each place, of the inputs that equal the extreme: the value itself, with the gradient shared."""
    one = ops.full(shape=(), value=1, dtype=value.dtype, device=value.device)
    zero = ops.full(shape=(), value=0, dtype=value.dtype, device=value.device)
    at_start = ops.eq(start, value)
    at_src = ops.eq(src, ops.gather(value, index, dim=dim))
    count = ops.scatter_add(ops.where(at_start, one, zero), index, ops.where(at_src, one, zero), dim=dim)
    safe = ops.where(ops.isfinite(value), value, zero)
    share_start = ops.where(at_start, ops.sub(start, safe), zero)
    share_src = ops.where(at_src, ops.sub(src, ops.gather(safe, index, dim=dim)), zero)
    moved = ops.div(ops.scatter_add(share_start, index, share_src, dim=dim), ops.maximum(count, one))
    return ops.add(safe, moved)


def _product(start: Any, dim: int, index: Any, src: Any) -> Any:
    """Fold the sources in one at a time per place, in rounds: each round multiplies at most one factor a place."""
    out = start
    rounds = src.array.shape[dim] if src.array.ndim else 1
    for i in range(rounds):
        key = (slice(None),) * dim + (slice(i, i + 1), ...) if src.array.ndim else (...,)
        part, place = ops.slice(src, key=key), ops.slice(index, key=key)
        factor = ops.full(shape=tuple(out.array.shape), value=1, dtype=out.dtype, device=out.device)
        out = ops.mul(out, ops.scatter(factor, place, part, dim=dim))
    return out
