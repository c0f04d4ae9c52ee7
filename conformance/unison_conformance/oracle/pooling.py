"""Pooling: the largest of each window by comparison in the windows' order, the mean by exact sums.

S of a mean is the sum of the window's absolute values over the same divisor.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from unison_conformance.oracle._windows import places
from unison_conformance.oracle.reference import Reference, oracle
from unison_conformance.oracle.wide import Wide, wide

__all__: list[str] = []


def _counts(
    size: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> tuple[int, ...]:
    """Windows start inside the data or the padding before it; only with ceil_mode may they reach over the end."""
    out = []
    for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True):
        reach, starts = d * (k - 1) + 1, range(0, n + p, s)
        inside = [o for o in starts if o + reach <= n + 2 * p]
        # The first window that sticks out is the only one that ceil_mode adds.
        over = ceil_mode and (inside[-1] + reach < n + 2 * p if inside else True)
        out.append(len(inside) + (1 if over and len(inside) < len(starts) else 0))
    return tuple(out)


def _taps(size: Any, counts: Any, kernel: Any, stride: Any, padding: Any, dilation: Any) -> tuple[Any, Any]:
    """Flat places (windows, taps) among the spatial elements, and which of them are elements."""
    at = places(size, counts, kernel, stride, padding, dilation)
    spatial = len(size)
    flat, real = np.zeros((1,) * (2 * spatial), int), np.ones((1,) * (2 * spatial), bool)
    for axis, (n, p) in enumerate(zip(size, at, strict=True)):
        shape = [1] * (2 * spatial)
        shape[axis], shape[spatial + axis] = p.shape
        flat, real = flat * n + p.reshape(shape), real & (p.reshape(shape) >= 0)
    whole = (int(np.prod(counts)), int(np.prod(kernel)))
    return np.where(real, flat, 0).reshape(whole), real.reshape(whole)


def _flat(x: Any) -> Any:
    return x.reshape(*x.shape[:2], int(np.prod(x.shape[2:])))


def _largest(x: Any, at: Any, real: Any) -> tuple[Any, Any]:
    """Value and flat place of the first largest element of each window; NaN is larger than everything."""
    flat = _flat(x)
    values = flat[..., at]
    best, place = np.empty(values.shape[:-1], x.dtype), np.full(values.shape[:-1], -1)
    for tap in range(at.shape[1]):
        one = values[..., tap]
        better = (one > best) | ((one != one) & (best == best)) | (place < 0)  # noqa: PLR0124 - NaN
        better &= real[:, tap]
        best, place = np.where(better, one, best), np.where(better, at[:, tap], place)
    return best, place


@oracle("max_pool_with_indices")
def _max_pool_with_indices(x: Any, **attrs: Any) -> tuple[Any, Any]:
    ceil_mode = attrs.pop("ceil_mode")
    counts = _counts(x.shape[2:], **attrs, ceil_mode=ceil_mode)
    best, place = _largest(x, *_taps(x.shape[2:], counts, **attrs))
    shape = (*x.shape[:2], *counts)
    return best.astype(x.dtype).reshape(shape), place.astype(np.int64).reshape(shape)


@oracle("max_pool")
def _max_pool(x: Any, **attrs: Any) -> Any:
    return _max_pool_with_indices(x, **attrs)[0]


@oracle("max_pool_backward")
def _max_pool_backward(g: Any, x: Any, out: Any, **attrs: Any) -> Reference:
    place = _max_pool_with_indices(x, **attrs)[1].reshape(*x.shape[:2], int(np.prod(g.shape[2:])))
    hits = place[..., :, None] == np.arange(int(np.prod(x.shape[2:])))
    given = np.where(hits, _flat(g).astype(np.float64)[..., None], 0.0)
    return Reference(
        wide(given).sum(2).reshape(*x.shape),
        np.abs(given).sum(axis=2).reshape(x.shape),
        hits.sum(axis=2).reshape(x.shape),
    )


def _shares(
    size: Any,
    counts: Any,
    kernel: Any,
    stride: Any,
    padding: Any,
    real: Any,
    count_include_pad: bool,
    divisor: Any,
) -> Any:
    """What the sum of each window is divided by."""
    if divisor is not None:
        return np.full(real.shape[0], float(divisor))
    if not count_include_pad:
        return real.sum(axis=1).astype(np.float64)
    padded = tuple(n + 2 * p for n, p in zip(size, padding, strict=True))
    ones, zeros = (1,) * len(size), (0,) * len(size)
    return _taps(padded, counts, kernel, stride, zeros, ones)[1].sum(axis=1).astype(np.float64)


def _average(
    size: Any,
    kernel: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: Any,
) -> tuple[Any, Any, Any, Any]:
    """How many windows, their places, which are elements, and the divisors."""
    ones = (1,) * len(kernel)
    counts = _counts(size, kernel, stride, padding, ones, ceil_mode)
    at, real = _taps(size, counts, kernel, stride, padding, ones)
    return counts, at, real, _shares(size, counts, kernel, stride, padding, real, count_include_pad, divisor)


@oracle("avg_pool")
def _avg_pool(x: Any, **attrs: Any) -> Reference:
    counts, at, real, share = _average(x.shape[2:], **attrs)
    shape, flat = (*x.shape[:2], *counts), _flat(x)
    if x.dtype.kind in "iu":
        totals = np.where(real, flat.astype(object)[..., at], 0).sum(axis=-1)
        whole = [
            _truncated(t, int(s)) for t, s in zip(totals.ravel(), np.resize(share, totals.size), strict=True)
        ]
        return Reference(np.array(whole, object).reshape(shape))
    terms = np.where(real, flat.astype(np.float64)[..., at], 0.0)
    value: Wide = wide(terms).sum(-1) / share
    return Reference(
        value.reshape(*shape), (np.abs(terms).sum(axis=-1) / np.abs(share)).reshape(shape), at.shape[1]
    )


def _truncated(total: int, share: int) -> int:
    whole = abs(total) // abs(share)
    return whole if (total < 0) == (share < 0) else -whole


@oracle("avg_pool_backward")
def _avg_pool_backward(g: Any, *, size: Any, **attrs: Any) -> Reference:
    _, at, real, share = _average(size, **attrs)
    elements = int(np.prod(size))
    hits = ((at[..., None] == np.arange(elements)) & real[..., None]).any(axis=1)
    parts = wide(_flat(g).astype(np.float64)) / share
    each = Wide(np.where(hits, parts.hi[..., None], 0.0), np.where(hits, parts.lo[..., None], 0.0))
    shape = (*g.shape[:2], *size)
    return Reference(
        each.sum(2).reshape(*shape),
        np.abs(each.hi).sum(axis=2).reshape(shape),
        np.broadcast_to(hits.sum(axis=0), (*g.shape[:2], elements)).reshape(shape),
    )
