"""Reductions: sums of 106 bits with the sum of absolute terms beside them; extremes by comparison, NaN first."""

from __future__ import annotations

from typing import Any

import numpy as np

from unison_conformance.oracle.reference import Reference, oracle
from unison_conformance.oracle.wide import Wide, wide

__all__ = ["axes_of"]


def axes_of(x: Any, dim: Any) -> tuple[int, ...]:
    """The axes that a `dim` of torch names: None is all of them, () too."""
    if dim is None or dim == ():
        return tuple(range(x.ndim))
    return tuple(d % max(x.ndim, 1) for d in ([dim] if isinstance(dim, int) else dim)) if x.ndim else ()


def _count(x: Any, axes: tuple[int, ...]) -> int:
    return int(np.prod([x.shape[a] for a in axes], dtype=np.int64))


@oracle("sum")
def _sum(x: Any, *, dim: Any, keepdim: bool) -> Any:
    axes = axes_of(x, dim)
    if x.dtype.kind in "biu":
        return np.asarray(x.astype(object).sum(axis=axes, keepdims=keepdim), object)
    scale = wide(np.abs(x)).sum(axes, keepdims=keepdim).hi
    parts = tuple(wide(p).sum(axes, keepdims=keepdim) for p in _parts(x))
    return Reference(parts if len(parts) == 2 else parts[0], scale, _count(x, axes))


def _parts(x: Any) -> tuple[Any, ...]:
    return (x.real, x.imag) if x.dtype.kind == "c" else (x,)


@oracle("mean")
def _mean(x: Any, *, dim: Any, keepdim: bool) -> Any:
    axes = axes_of(x, dim)
    n = _count(x, axes)
    parts = tuple(wide(p).sum(axes, keepdims=keepdim) / float(n) for p in _parts(x))
    scale = (wide(np.abs(x)).sum(axes, keepdims=keepdim) / float(n)).hi
    return Reference(parts if len(parts) == 2 else parts[0], scale, n)


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
    return Reference(parts if len(parts) == 2 else parts[0], scale, terms)


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
    out = _times(rows)
    return _product(
        tuple(part[..., -1] for part in out), rows.shape[-1], lambda v: _back(v, x, axes, keepdim), x
    )


@oracle("cumprod")
def _cumprod(x: Any, *, dim: int) -> Any:
    if not x.ndim or not x.size:
        return Reference(x.astype(object)) if x.dtype.kind in "biu" else _still(x)
    rows = np.moveaxis(x, dim, -1)
    out = tuple(part[..., 1:] for part in _times(rows))
    terms = np.moveaxis(np.broadcast_to(np.array(range(1, rows.shape[-1] + 1)), rows.shape), -1, dim)
    return _product(out, terms, lambda v: np.moveaxis(v, -1, dim), x)


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
        if len(out) == 1:
            out[0][..., i + 1] = have[0] * by[0]
        else:
            out[0][..., i + 1] = have[0] * by[0] - have[1] * by[1]
            out[1][..., i + 1] = have[0] * by[1] + have[1] * by[0]
    return tuple(out)


def _product(parts: tuple[Any, ...], terms: Any, shaped: Any, x: Any) -> Any:
    if x.dtype.kind in "biu":
        return np.asarray(shaped(parts[0]), object)
    values = tuple(part.apply(shaped) for part in parts)
    if len(values) == 1:
        return Reference(values[0], np.abs(values[0].hi), terms)
    size = np.hypot(values[0].hi, values[1].hi)
    # Beyond the format the parts of a complex product become infinite, or NaN, by the order of the factors.
    return Reference(values, size, 2 * terms, free=size > np.finfo(x.real.dtype).max)
