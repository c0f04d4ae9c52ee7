"""Movement: every bit arrives, in its new place."""

from __future__ import annotations

from typing import Any

import numpy as np

from unison_conformance.oracle.places import fetch, flat, grid
from unison_conformance.oracle.reference import Reference, oracle
from unison_conformance.oracle.rounding import native, part_of, rounded
from unison_conformance.oracle.wide import Wide
from unison_core.dtypes import DType

__all__ = ["keyed"]


@oracle("copy")
def _copy(x: Any) -> Any:
    return fetch(x, grid(x.shape), x.shape)


@oracle("cast")
def _cast(x: Any, *, dtype: DType) -> Any:
    """To nearest even between floats, towards zero to integers; an integer that does not fit is left open."""
    if dtype.name == "bool":
        return _nonzero(x)
    if dtype.is_complex:
        imaginary = x.imag if x.dtype.kind == "c" else np.zeros(x.shape, np.float32)
        real = x.real if x.dtype.kind == "c" else x
        return Reference((_nearest(real, part_of(dtype)), _nearest(imaginary, part_of(dtype))))
    real = x.real if x.dtype.kind == "c" else x
    return Reference(_nearest(real, dtype)) if dtype.is_floating_point else _truncated(real, dtype)


def _listed(x: Any) -> list[Any]:
    """The elements as Python's ints and floats, which hold every format's numbers exactly."""
    whole = x.dtype.kind in "biu"
    return [int(v) if whole else float(v) for v in x.reshape(-1)]


def _nonzero(x: Any) -> Any:
    parts = (x.real, x.imag) if x.dtype.kind == "c" else (x,)
    true = [any(v != 0 for v in both) for both in zip(*map(_listed, parts), strict=True)]
    return np.array(true, bool).reshape(x.shape)


def _nearest(x: Any, dtype: DType) -> Wide:
    return Wide(np.array([rounded(v, dtype) for v in _listed(x)], np.float64).reshape(x.shape))


def _truncated(x: Any, dtype: DType) -> Any:
    if x.dtype.kind in "biu":
        return np.array([*_listed(x), None], object)[:-1].reshape(x.shape)
    limits = np.iinfo(native(dtype))
    values = [int(v) if v - v == 0 else None for v in _listed(x)]
    fits = [v is not None and limits.min <= v <= limits.max for v in values]
    kept = [v if good else 0 for v, good in zip(values, fits, strict=True)]
    return Reference(
        np.array([*kept, None], object)[:-1].reshape(x.shape), free=~np.array(fits, bool).reshape(x.shape)
    )


@oracle("view_as_real")
def _view_as_real(x: Any) -> Any:
    out = np.zeros((*x.shape, 2), x.real.dtype)
    out[..., 0], out[..., 1] = x.real, x.imag
    return out


@oracle("view_as_complex")
def _view_as_complex(x: Any) -> Any:
    out = np.zeros(x.shape[:-1], np.complex64 if x.dtype.itemsize == 4 else np.complex128)
    out.real, out.imag = x[..., 0], x[..., 1]
    return out


@oracle("to_device")
def _to_device(x: Any, **_: Any) -> Any:
    return fetch(x, grid(x.shape), x.shape)


@oracle("view", "reshape")
def _view(_name: str, x: Any, *, shape: tuple[int, ...]) -> Any:
    return x.reshape(-1)[flat(grid(shape), shape)].reshape(shape)


@oracle("permute")
def _permute(x: Any, *, dims: tuple[int, ...]) -> Any:
    shape = tuple(x.shape[d] for d in dims)
    at = grid(shape)
    back = {d % max(x.ndim, 1): place for place, d in enumerate(dims)}
    return fetch(x, [at[back[d]] for d in range(x.ndim)], shape)


@oracle("expand")
def _expand(x: Any, *, shape: tuple[int, ...]) -> Any:
    at = grid(shape)[len(shape) - x.ndim :]
    return fetch(x, [i if n > 1 else i * 0 for i, n in zip(at, x.shape, strict=True)], shape)


def keyed(shape: tuple[int, ...], key: tuple[Any, ...]) -> tuple[list[Any], tuple[int, ...]]:
    """For x of that shape: the coordinates in x of every element of x[key], and the shape of x[key]."""
    used = sum(k is not None and k is not Ellipsis for k in key)
    whole = [slice(None)] * (len(shape) - used)
    at = key.index(Ellipsis) if Ellipsis in key else len(key)
    full = [*key[:at], *whole, *key[at + 1 :]]
    picks: list[Any] = []
    axes = iter(shape)
    for k in full:
        if k is None:
            picks.append((1, None))
        else:
            length = next(axes)
            picks.append((None, k % length) if isinstance(k, int) else (0, range(*k.indices(length))))
    lengths = tuple(1 if kind == 1 else len(p) for kind, p in picks if kind is not None)
    out = iter(grid(lengths))
    places = []
    for kind, pick in picks:
        here = None if kind is None else next(out)
        if kind is None:
            places.append(np.int64(pick))
        elif kind == 0:
            places.append(np.array(pick, np.int64)[here])
    return places, lengths


@oracle("slice")
def _slice(x: Any, *, key: tuple[Any, ...]) -> Any:
    places, shape = keyed(x.shape, key)
    return fetch(x, places, shape)


@oracle("unslice")
def _unslice(g: Any, *, shape: tuple[int, ...], key: tuple[Any, ...]) -> Any:
    places, part = keyed(tuple(shape), key)
    out = np.zeros(int(np.prod(shape, dtype=np.int64)), g.dtype)
    out[np.broadcast_to(flat(places, shape), part).reshape(-1)] = g.reshape(-1)
    return out.reshape(shape)


@oracle("diagonal")
def _diagonal(x: Any, *, offset: int, dim1: int, dim2: int) -> Any:
    one, two = dim1 % x.ndim, dim2 % x.ndim
    rest = [d for d in range(x.ndim) if d not in (one, two)]
    count = max(0, min(x.shape[one] + min(offset, 0), x.shape[two] - max(offset, 0)))
    shape = (*(x.shape[d] for d in rest), count)
    *outer, along = grid(shape)
    at: list[Any] = [None] * x.ndim
    for d, i in zip(rest, outer, strict=True):
        at[d] = i
    at[one], at[two] = along + max(-offset, 0), along + max(offset, 0)
    return fetch(x, at, shape)


@oracle("unfold")
def _unfold(x: Any, *, dim: int, size: int, step: int) -> Any:
    if not x.ndim:
        return fetch(x, [], (size,))
    d = dim % x.ndim
    shape = (*x.shape[:d], (x.shape[d] - size) // step + 1, *x.shape[d + 1 :], size)
    *at, inner = grid(shape)
    at[d] = at[d] * step + inner
    return fetch(x, at, shape)


@oracle("as_strided")
def _as_strided(x: Any, *, shape: tuple[int, ...], stride: tuple[int, ...], offset: int) -> Any:
    """Of contiguous x that starts its storage."""
    number = np.full(shape, offset, np.int64)
    for i, step in zip(grid(shape), stride, strict=True):
        number = number + i * step
    return x.reshape(-1)[number]


@oracle("flip")
def _flip(x: Any, *, dims: tuple[int, ...]) -> Any:
    turned = {d % max(x.ndim, 1) for d in dims}
    at = [
        n - 1 - i if d in turned else i for d, (i, n) in enumerate(zip(grid(x.shape), x.shape, strict=True))
    ]
    return fetch(x, at, x.shape)


@oracle("roll")
def _roll(x: Any, *, shifts: tuple[int, ...], dims: tuple[int, ...]) -> Any:
    at = grid(x.shape)
    for shift, dim in zip(shifts, dims, strict=True):
        d = dim % max(x.ndim, 1)
        at[d] = (at[d] - shift) % max(x.shape[d], 1)
    return fetch(x, at, x.shape)


@oracle("cat")
def _cat(*xs: Any, dim: int) -> Any:
    d = dim % xs[0].ndim
    shape = (*xs[0].shape[:d], sum(x.shape[d] for x in xs), *xs[0].shape[d + 1 :])
    out = np.zeros(int(np.prod(shape, dtype=np.int64)), xs[0].dtype)
    start = 0
    for x in xs:
        at = grid(x.shape)
        at[d] = at[d] + start
        out[flat(at, shape).reshape(-1)] = x.reshape(-1)
        start += x.shape[d]
    return out.reshape(shape)


@oracle("pad")
def _pad(x: Any, *, widths: tuple[tuple[int, int], ...], value: Any) -> Any:
    shape = tuple(n + a + b for n, (a, b) in zip(x.shape, widths, strict=True))
    at = [i - before for i, (before, _) in zip(grid(shape), widths, strict=True)]
    inside = np.ones(shape, bool)
    for i, n in zip(at, x.shape, strict=True):
        inside &= (i >= 0) & (i < n)
    out = np.full(shape, value, x.dtype)
    out[inside] = x.reshape(-1)[np.broadcast_to(flat(at, x.shape), shape)[inside]]
    return out
