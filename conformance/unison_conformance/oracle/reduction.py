"""Reductions: sums of 106 bits with the sum of absolute terms beside them; extremes by comparison, NaN first."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from unison_conformance.oracle import functions
from unison_conformance.oracle.order import accumulator, open_products, open_sums
from unison_conformance.oracle.reference import Reference, oracle
from unison_conformance.oracle.tracked import growth
from unison_conformance.oracle.wide import Wide, where, wide

__all__ = ["axes_of"]


def axes_of(x: Any, dim: Any) -> tuple[int, ...]:
    """The axes that a `dim` of torch names: None is all of them, () too."""
    if dim is None or dim == ():
        return tuple(range(x.ndim))
    return tuple(d % max(x.ndim, 1) for d in ([dim] if isinstance(dim, int) else dim)) if x.ndim else ()


def _count(x: Any, axes: tuple[int, ...]) -> int:
    return int(np.prod([x.shape[a] for a in axes], dtype=np.int64))


# A number e^-600 of another is still far inside float64.
_CLOSE = 600.0


@oracle("sum")
def _sum(x: Any, *, dim: Any, keepdim: bool) -> Any:
    axes = axes_of(x, dim)
    if x.dtype.kind in "biu":
        return np.asarray(x.astype(object).sum(axis=axes, keepdims=keepdim), object)
    scale = wide(np.abs(x)).sum(axes, keepdims=keepdim).hi
    parts = tuple(wide(p).sum(axes, keepdims=keepdim) for p in _parts(x))
    return Reference(
        parts if len(parts) == 2 else parts[0], scale, _count(x, axes), free=_open(x, axes, keepdim)
    )


def _open(x: Any, axes: tuple[int, ...], keepdim: bool, *, mean: bool = False) -> Any:
    """Where the order of the terms may decide."""
    total = partial(Wide.sum, axis=axes, keepdims=keepdim)
    opened = [open_sums(p, total, _count(x, axes), mean=mean) for p in _parts(x)]
    return opened[0] if len(opened) == 1 else opened[0] | opened[1]


def _parts(x: Any) -> tuple[Any, ...]:
    return (x.real, x.imag) if x.dtype.kind == "c" else (x,)


@oracle("mean")
def _mean(x: Any, *, dim: Any, keepdim: bool) -> Any:
    axes = axes_of(x, dim)
    n = _count(x, axes)
    parts = tuple(wide(p).sum(axes, keepdims=keepdim) / float(n) for p in _parts(x))
    scale = (wide(np.abs(x)).sum(axes, keepdims=keepdim) / float(n)).hi
    return Reference(
        parts if len(parts) == 2 else parts[0], scale, n, free=_open(x, axes, keepdim, mean=True)
    )


def _rows(x: Any, axes: tuple[int, ...]) -> Any:
    """x with the axes folded into one last axis, and the shape of the rest."""
    kept = [a for a in range(x.ndim) if a not in axes]
    return np.transpose(x, [*kept, *axes]).reshape(*(x.shape[a] for a in kept), _count(x, axes))


def _back(out: Any, x: Any, axes: tuple[int, ...], keepdim: bool) -> Any:
    shape = tuple(1 if a in axes else n for a, n in enumerate(x.shape) if keepdim or a not in axes)
    return np.asarray(out).reshape(shape)


def _first(rows: Any, name: str) -> Any:
    """The place of the extreme element along the last axis: the first of equals, NaN before everything."""
    best = np.zeros(rows.shape[:-1], np.int64)
    held = rows[..., 0].copy()
    for i in range(1, rows.shape[-1]):
        new = rows[..., i]
        better = (new > held) if name.endswith("max") else (new < held)
        wins = (held == held) & (better | (new != new))  # noqa: PLR0124 - what NaN is
        best, held = np.where(wins, i, best), np.where(wins, new, held)
    return best, held


@oracle("amax", "amin")
def _extreme(name: str, x: Any, *, dim: Any, keepdim: bool) -> Any:
    axes = axes_of(x, dim)
    return _back(_first(_rows(x, axes), name)[1], x, axes, keepdim)


@oracle("argmax", "argmin")
def _place(name: str, x: Any, *, dim: Any, keepdim: bool) -> Any:
    axes = axes_of(x, dim)
    return _back(_first(_rows(x, axes), name)[0], x, axes, keepdim)


@oracle("all", "any")
def _truth(name: str, x: Any, *, dim: Any, keepdim: bool) -> Any:
    axes = axes_of(x, dim)
    zero, rest = (_rows(x, axes) == 0).astype(np.int64), _rows(x, axes).shape[-1]
    zeros = zero.sum(-1)
    return _back(zeros == 0 if name == "all" else zeros < rest, x, axes, keepdim)


@oracle("cumsum")
def _cumsum(x: Any, *, dim: int) -> Any:
    if not x.ndim or not x.size:
        return Reference(x.astype(object)) if x.dtype.kind in "biu" else _still(x)
    d = dim % x.ndim
    rows = np.moveaxis(x, d, -1)
    if x.dtype.kind in "biu":
        whole = rows.astype(object)
        for i in range(1, rows.shape[-1]):
            whole[..., i] = whole[..., i - 1] + whole[..., i]
        return np.moveaxis(whole, -1, d)
    parts = tuple(_running(wide(p)).apply(np.moveaxis, -1, d) for p in _parts(rows))
    scale = np.moveaxis(_running(wide(np.abs(rows))).hi, -1, d)
    terms = np.moveaxis(np.broadcast_to(np.array(range(1, rows.shape[-1] + 1)), rows.shape), -1, d)
    opened = [open_sums(p, _running, np.moveaxis(terms, d, -1)) for p in _parts(rows)]
    free = np.moveaxis(opened[0] if len(opened) == 1 else opened[0] | opened[1], -1, d)
    return Reference(parts if len(parts) == 2 else parts[0], scale, terms, free)


def _still(x: Any) -> Reference:
    parts = tuple(wide(p) for p in _parts(x))
    return Reference(parts if len(parts) == 2 else parts[0])


def _running(x: Wide) -> Wide:
    """Running sums along the last axis, the stretch that is summed doubling in each step."""
    out, step = x.copy(), 1
    while step < x.shape[-1]:
        longer = out.copy()
        longer[..., step:] = out[..., step:] + out[..., :-step]
        out, step = longer, 2 * step
    return out


@oracle("cummax", "cummin")
def _running_extreme(name: str, x: Any, *, dim: int) -> Any:
    """The last of equals; from the first NaN on, NaN, at the last NaN so far."""
    if not x.ndim or not x.size:
        return x.copy(), np.zeros(x.shape, np.int64)
    d = dim % x.ndim
    rows = np.moveaxis(x, d, -1)
    values, places = rows.copy(), np.zeros(rows.shape, np.int64)
    for i in range(1, rows.shape[-1]):
        held, new = values[..., i - 1], rows[..., i]
        reaches = new >= held if name == "cummax" else new <= held
        wins = (new != new) | ((held == held) & reaches)  # noqa: PLR0124 - what NaN is
        values[..., i] = np.where(wins, new, held)
        places[..., i] = np.where(wins, i, places[..., i - 1])
    return np.moveaxis(values, -1, d), np.moveaxis(places, -1, d)


@oracle("prod")
def _prod(x: Any, *, dim: Any, keepdim: bool) -> Any:
    """Each factor rounds once."""
    axes = axes_of(x, dim)
    rows = _rows(x, axes)
    last = _folded(rows)
    free = None if x.dtype.kind in "biu" else open_products(rows, lambda v: v.sum(-1))
    return _product(last, rows.shape[-1], lambda v: _back(v, x, axes, keepdim), x, free)


@oracle("cumprod")
def _cumprod(x: Any, *, dim: int) -> Any:
    if not x.ndim or not x.size:
        return Reference(x.astype(object)) if x.dtype.kind in "biu" else _still(x)
    rows = np.moveaxis(x, dim, -1)
    out = tuple(part[..., 1:] for part in _times(rows))
    terms = np.moveaxis(np.broadcast_to(np.array(range(1, rows.shape[-1] + 1)), rows.shape), -1, dim)
    free = None if x.dtype.kind in "biu" else open_products(rows, lambda v: _running(Wide(v)).hi)
    return _product(out, terms, lambda v: np.moveaxis(v, -1, dim), x, free)


def _folded(rows: Any) -> tuple[Any, ...]:
    """The products along the last axis, pairwise, filled up with ones: of Python integers, or of parts."""
    length = 1 << max(rows.shape[-1] - 1, 0).bit_length()
    ones = np.ones((*rows.shape[:-1], length - rows.shape[-1]), rows.dtype)
    full = np.concatenate([rows, ones], -1)
    if rows.dtype.kind in "biu":
        whole = full.astype(object)
        while whole.shape[-1] > 1:
            whole = whole[..., ::2] * whole[..., 1::2]
        return (whole[..., 0],)
    parts = [wide(p) for p in _parts(full)]
    while parts[0].shape[-1] > 1:
        parts = _by([p[..., ::2] for p in parts], [p[..., 1::2] for p in parts])
    return tuple(p[..., 0] for p in parts)


def _by(a: list[Wide], b: list[Wide]) -> list[Wide]:
    """The product of two numbers in one part, or in two."""
    return [a[0] * b[0]] if len(a) == 1 else [a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]]


def _times(rows: Any) -> tuple[Any, ...]:
    """Products of the first 0, 1, 2, ... elements along the last axis: of Python integers, or of parts."""
    shape = (*rows.shape[:-1], rows.shape[-1] + 1)
    if rows.dtype.kind in "biu":
        whole = np.ones(shape, object)
        for i, column in enumerate(np.moveaxis(rows.astype(object), -1, 0)):
            whole[..., i + 1] = whole[..., i] * column
        return (whole,)
    out = [Wide(np.ones(shape)), Wide(np.zeros(shape))][: len(_parts(rows))]
    for i in range(rows.shape[-1]):
        by = [wide(p[..., i]) for p in _parts(rows)]
        have = [o[..., i] for o in out]
        for part, product in zip(out, _by(have, by), strict=True):
            part[..., i + 1] = product
    return tuple(out)


def _product(parts: tuple[Any, ...], terms: Any, shaped: Any, x: Any, free: Any) -> Any:
    if x.dtype.kind in "biu":
        return np.asarray(shaped(parts[0]), object)
    values = tuple(part.apply(shaped) for part in parts)
    if len(values) == 1:
        return Reference(values[0], np.abs(values[0].hi), terms, free=shaped(free))
    size = np.hypot(values[0].hi, values[1].hi)
    # Beyond the format the parts of a complex product become infinite, or NaN, by the order of the factors.
    beyond = size > np.finfo(x.real.dtype).max
    return Reference(values, size, 2 * terms, free=beyond | shaped(free))


@oracle("var")
def _var(x: Any, *, dim: Any, correction: float, keepdim: bool) -> Any:
    """Two passes. S is the variance, half as much again for the roundings of a difference, its square and the
    quotient, and the square of the mean's own error: n/(n - c) (k(n) + 2) u mean(|x|)^2.
    """
    axes = axes_of(x, dim)
    n = _count(x, axes)
    rest = max(0.0, n - correction)
    square, largest, u = Wide(np.zeros(())), *accumulator(x.dtype)
    for part in _parts(x):
        centered = wide(part) - wide(part).sum(axes, keepdims=True) / float(n)
        square = square + (centered * centered).sum(axes, keepdims=keepdim)
    size = np.abs(x).astype(np.float64)
    mean = wide(size).sum(axes, keepdims=keepdim).hi / n
    value = square / rest
    brought = n / rest * (growth(n) + 2) * u * mean * mean if rest else 0.0
    # Squares beyond the format make the sum infinite in one order of operations and not in another.
    squares = wide(4 * size * size).sum(axes, keepdims=keepdim).hi
    free = np.isfinite(mean) & ((squares > largest) | ~np.isfinite(squares))
    return Reference(value, 1.5 * value.hi + brought, n, free)


def _exponentials(x: Any, top: Any) -> tuple[Wide, Any]:
    """exp(x - top), and |x - top| times it: how far the rounding of the difference takes it."""
    gap = wide(x) - top
    gap = where(np.isnan(wide(x).hi), np.nan, where(np.isinf(wide(x).hi), wide(x), gap))
    out = functions.exp(gap)
    away = np.where(out.hi > 0, np.abs(gap.hi) * out.hi, 0.0)
    return out, np.where(np.isfinite(away), away, 0.0)


def _finite(top: Any) -> Any:
    """The number to subtract: the largest, 0 where it is infinite or NaN."""
    return np.where(np.isfinite(top), top, 0.0)


def _logarithm(total: Wide, moved: Any, top: Any, terms: Any) -> Reference:
    """log(total) + top. S: the relative error of the sum is that of its logarithm, hence 1; |x - top| u before exp.

    The maximum itself is exact, and the last sum rounds once: it has no share.
    """
    log = functions.log(total)
    value = log + Wide(top)
    scale = 1.0 + moved / np.maximum(total.hi, 1.0) / 16 + np.abs(log.hi)
    return Reference(value, np.where(np.isfinite(scale), scale, 0.0), terms)


@oracle("logsumexp")
def _logsumexp(x: Any, *, dim: Any, keepdim: bool) -> Any:
    axes = axes_of(x, dim)
    rows = _rows(x, axes)
    if not rows.shape[-1]:
        return Reference(Wide(np.full(_back(rows[..., 0:0].sum(-1), x, axes, keepdim).shape, -np.inf)))
    top = _finite(_first(rows, "amax")[1].astype(np.float64))
    parts, moved = _exponentials(rows, Wide(top[..., None]))
    out = _logarithm(parts.sum(-1), moved.sum(-1), top, rows.shape[-1])
    return Reference(
        out.value.apply(_back, x, axes, keepdim), _back(out.scale, x, axes, keepdim), rows.shape[-1]
    )


@oracle("logcumsumexp")
def _logcumsumexp(x: Any, *, dim: int) -> Any:
    """Each as the logsumexp of what has come so far, in blocks of rows whose later places are -inf.

    S has |top| besides: running results are added to each other, and each is rounded.
    """
    if not x.ndim or not x.size:
        return _still(x)
    d = dim % x.ndim
    rows = np.moveaxis(x, d, -1)
    n = rows.shape[-1]
    terms = np.moveaxis(np.broadcast_to(np.array(range(1, n + 1)), rows.shape), -1, d)
    top = _finite(_running_extreme("cummax", rows.astype(np.float64), dim=-1)[0])
    # e^x relative to the largest of the row, unless that would take the first ones below float64.
    if np.ptp(np.where(np.isfinite(rows), rows, top).astype(np.float64), axis=-1).max() < _CLOSE:
        last = top[..., -1:]
        parts, _ = _exponentials(rows, Wide(last))
        log = functions.log(_running(parts))
        value, near = log + Wide(np.broadcast_to(last, log.shape)), log.hi + last - top
        moved = _moved(rows, top)
        scale = 1.0 + moved / 16 + np.abs(near) + np.abs(top)
        scale = np.where(np.isfinite(scale), scale, 0.0)
        return Reference(value.apply(np.moveaxis, -1, d), np.moveaxis(scale, -1, d), terms)
    found = [_logsumexp(rows[..., : i + 1], dim=-1, keepdim=True) for i in range(n)]
    joined = Wide(*(np.concatenate([getattr(f.value, part) for f in found], -1) for part in ("hi", "lo")))
    scale = np.concatenate([f.scale for f in found], -1) + np.abs(top)
    return Reference(joined.apply(np.moveaxis, -1, d), np.moveaxis(scale, -1, d), terms)


def _moved(rows: Any, top: Any) -> Any:
    """The sums of |x - top| exp(x - top) over all elements up to each, to float64: for a bound that is enough."""
    gap = np.where(np.isfinite(rows), rows, -np.inf).astype(np.float64)[..., None, :] - top[..., :, None]
    until = np.arange(gap.shape[-1])[:, None] >= np.arange(gap.shape[-1])
    gap = np.where(until & np.isfinite(gap), np.minimum(gap, 0.0), 0.0)
    return (-gap * np.exp(gap)).sum(-1)
