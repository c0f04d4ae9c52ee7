"""Sliding windows as columns and back: every element's place in the data by its coordinates."""

from __future__ import annotations

from typing import Any

import numpy as np

from unison_conformance.oracle.places import add_at, fetch, flat, grid
from unison_conformance.oracle.reference import Reference, oracle

__all__: list[str] = []

Sizes = tuple[int, ...]


def _places(
    batch: int, channels: int, size: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes
) -> tuple[Any, Any, Sizes]:
    """The coordinates in the data of each element of the columns, which of them lie in it, the columns' shape."""
    windows = tuple(
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True)
    )
    image, channel, *rest = grid((batch, channels, *kernel, *windows))
    taps, counts = rest[: len(kernel)], rest[len(kernel) :]
    at = [image, channel]
    inside = np.ones(image.shape, bool)
    for tap, count, n, s, p, d in zip(taps, counts, size, stride, padding, dilation, strict=True):
        place = count * s + tap * d - p
        inside &= (place >= 0) & (place < n)
        at.append(np.clip(place, 0, max(n - 1, 0)))
    columns = int(np.prod(kernel, dtype=np.int64)) * channels
    return at, inside, (batch, columns, int(np.prod(windows, dtype=np.int64)))


@oracle("im2col")
def _im2col(x: Any, *, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes) -> Any:
    at, inside, shape = _places(x.shape[0], x.shape[1], x.shape[2:], kernel, stride, padding, dilation)
    out = np.zeros(inside.shape, x.dtype)
    out[inside] = fetch(x, at, inside.shape)[inside]
    return out.reshape(shape)


@oracle("col2im")
def _col2im(
    columns: Any, *, size: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes
) -> Any:
    channels = columns.shape[1] // int(np.prod(kernel, dtype=np.int64))
    at, inside, _ = _places(columns.shape[0], channels, size, kernel, stride, padding, dilation)
    data = np.zeros((columns.shape[0], channels, *size), columns.dtype)
    targets = flat(at, data.shape)[inside]
    return Reference(*add_at(data, targets, columns.reshape(inside.shape)[inside]))
