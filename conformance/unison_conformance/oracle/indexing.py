"""Indexing: elements picked and placed by number, and sums of what arrives at one place."""

from __future__ import annotations

from typing import Any

import numpy as np

from unison_conformance.oracle.places import add_at, fetch, flat, grid
from unison_conformance.oracle.reference import Reference, oracle
from unison_conformance.oracle.wide import wide

__all__: list[str] = []


def _picked(shape: tuple[int, ...], indices: tuple[Any, ...]) -> tuple[list[Any], tuple[int, ...]]:
    """The coordinates in x of every element of x[indices], NumPy's advanced indexing, and the shape of that."""
    axes = [d for d, i in enumerate(indices) if i is not None]
    if not axes:
        return grid(shape), shape
    found = np.broadcast_shapes(*[indices[d].shape for d in axes])
    rest = [d for d in range(len(shape)) if d not in axes]
    at = axes[0] if axes[-1] - axes[0] == len(axes) - 1 else 0
    order = [*rest[:at], *[None] * len(found), *rest[at:]]
    lengths = tuple(found[i - at] if d is None else shape[d] for i, d in enumerate(order))
    mesh = grid(lengths)
    places: list[Any] = [None] * len(shape)
    for i, d in enumerate(order):
        if d is not None:
            places[d] = mesh[i]
    inner = mesh[at : at + len(found)]
    for d in axes:
        index = indices[d]
        lead = len(found) - index.ndim
        own = [i * 0 if n == 1 else i for i, n in zip(inner[lead:], index.shape, strict=True)]
        value = index.reshape(-1)[np.broadcast_to(flat(own, index.shape), lengths)]
        places[d] = np.where(value < 0, value + shape[d], value)
    return places, lengths


def _spread(value: Any, shape: tuple[int, ...]) -> Any:
    at = grid(shape)[len(shape) - value.ndim :]
    return fetch(value, [i * 0 if n == 1 else i for i, n in zip(at, value.shape, strict=True)], shape)


@oracle("index")
def _index(x: Any, *indices: Any) -> Any:
    places, shape = _picked(x.shape, indices)
    return fetch(x, places, shape)


@oracle("index_put")
def _index_put(x: Any, value: Any, *indices: Any, accumulate: bool) -> Any:
    places, shape = _picked(x.shape, indices)
    targets = np.broadcast_to(flat(places, x.shape), shape).reshape(-1)
    terms = _spread(value, shape).reshape(-1)
    return Reference(*add_at(x, targets, terms)) if accumulate else _written(x, targets, terms)


def _written(x: Any, targets: Any, terms: Any) -> Any:
    """The last of equal targets wins."""
    out = x.reshape(-1).copy()
    for target, position in {t: i for i, t in enumerate(targets.tolist())}.items():
        out[target] = terms[position]
    return out.reshape(x.shape)


def _along(index: Any, dim: int, ndim: int, shape: tuple[int, ...]) -> Any:
    """The row-major numbers in an array of that shape at which `index` points along dim."""
    if not ndim:
        return index.reshape(-1) * 0
    at = grid(index.shape)
    at[dim % ndim] = index
    return np.broadcast_to(flat(at, shape), index.shape).reshape(-1)


def _leading(source: Any, shape: tuple[int, ...]) -> Any:
    """The elements of source inside that shape, in a row."""
    return fetch(source, grid(shape), shape).reshape(-1) if source.ndim else source.reshape(-1)


@oracle("gather")
def _gather(x: Any, index: Any, *, dim: int) -> Any:
    return x.reshape(-1)[_along(index, dim, x.ndim, x.shape)].reshape(index.shape)


@oracle("scatter")
def _scatter(x: Any, index: Any, source: Any, *, dim: int) -> Any:
    """Where several elements go to one place the contract lets any of them win."""
    targets = _along(index, dim, x.ndim, x.shape)
    hits = np.zeros(x.size, np.int64)
    for target in targets.tolist():
        hits[target] += 1
    return Reference(_written(x, targets, _leading(source, index.shape)), free=(hits > 1).reshape(x.shape))


@oracle("scatter_add")
def _scatter_add(x: Any, index: Any, source: Any, *, dim: int) -> Any:
    return Reference(*add_at(x, _along(index, dim, x.ndim, x.shape), _leading(source, index.shape)))


@oracle("scatter_reduce")
def _scatter_reduce(x: Any, index: Any, source: Any, *, dim: int, reduce: str) -> Any:
    """Products grow by one rounding a factor; extremes are exact, NaN wins."""
    targets = _along(index, dim, x.ndim, x.shape).tolist()
    terms = _leading(source, index.shape)
    if reduce == "prod":
        return _products(x, targets, terms)
    out = x.reshape(-1).copy()
    for target, term in zip(targets, terms, strict=True):
        have = out[target]
        if term != term or (have == have and (term > have if reduce == "amax" else term < have)):  # noqa: PLR0124 - NaN
            out[target] = term
    return out.reshape(x.shape)


def _products(x: Any, targets: list[int], terms: Any) -> Any:
    if x.dtype.kind in "biu":
        whole = x.reshape(-1).astype(object)
        for target, term in zip(targets, terms.tolist(), strict=True):
            whole[target] = whole[target] * term
        return whole.reshape(x.shape)
    real = [wide(x.real.reshape(-1)).copy(), wide(x.imag.reshape(-1)).copy()]
    count = np.ones(x.size)
    for target, term in zip(targets, terms, strict=True):
        a, b = (part[target] for part in real)
        c, d = wide(term.real), wide(term.imag)
        real[0][target], real[1][target] = a * c - b * d, a * d + b * c
        count[target] += 1
    shaped = [part.apply(np.reshape, x.shape) for part in real]
    if x.dtype.kind == "c":
        return Reference(tuple(shaped), np.hypot(shaped[0].hi, shaped[1].hi), 2 * count.reshape(x.shape))
    return Reference(shaped[0], np.abs(shaped[0].hi), count.reshape(x.shape))


@oracle("index_select")
def _index_select(x: Any, index: Any, *, dim: int) -> Any:
    if not x.ndim:
        return x.copy()
    d, index = dim % x.ndim, index.reshape(-1)
    shape = (*x.shape[:d], index.size, *x.shape[d + 1 :])
    at = grid(shape)
    at[d] = index[at[d]]
    return fetch(x, at, shape)


@oracle("index_add")
def _index_add(x: Any, index: Any, source: Any, *, dim: int, alpha: Any) -> Any:
    d, index = dim % max(x.ndim, 1), index.reshape(-1)
    at = grid(source.shape)
    if x.ndim:
        at[d] = index[at[d]]
    targets = np.broadcast_to(flat(at, x.shape), source.shape).reshape(-1)
    flat_source = source.reshape(-1)
    if source.dtype.kind in "biu":
        terms: Any = flat_source.astype(object) * int(alpha)
    elif source.dtype.kind == "c":
        terms = flat_source * alpha
    else:
        terms = wide(flat_source) * float(alpha)
    return Reference(*add_at(x, targets, terms))


@oracle("nonzero")
def _nonzero(x: Any) -> Any:
    flags = (x != 0).reshape(-1).tolist()
    found = [place for place, flag in zip(np.ndindex(*x.shape), flags, strict=True) if flag]
    return np.array(found, np.int64).reshape(len(found), x.ndim)
