"""Windows of channels-last data, copied block by block into columns that stay in the cache.

# Note [Channels last]
Convolutions compute on memory ordered (batch, *spatial, channels), whatever the logical order of dimensions is: a
window's rows are then long runs of memory, and one matrix product makes all channels of the result in place. Results
keep that memory order; NumPy's elementwise functions keep it too, so a network converts once, at its first layer.

May import NumPy and `_scratch` only.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from unison_cpu.kernels._scratch import scratch

__all__ = ["Shape", "blocks", "channels_last", "counts_of", "empty_channels_last", "windows_of"]

Shape = tuple[int, ...]

# Bytes of columns made at a time: they are read back by the product while still in the second-level cache.
_BLOCK_BYTES = 1 << 20
# Below this many elements in a run, copying runs costs more than copying one element per window at a time.
_SHORT_RUN = 16


def channels_last(x: Any) -> Any:
    """x (n, c, *spatial) seen as (n, *spatial, c)."""
    return x.transpose(0, *range(2, x.ndim), 1)


def channels_first(x: Any) -> Any:
    """x (n, *spatial, c) seen as (n, c, *spatial)."""
    return x.transpose(0, x.ndim - 1, *range(1, x.ndim - 1))


def empty_channels_last(n: int, channels: int, size: Shape, dtype: Any) -> tuple[Any, Any]:
    """A new array (n, channels, *size) in channels-last memory, and the same memory as (n, *size, channels)."""
    last = np.empty((n, *size, channels), dtype)
    return channels_first(last), last


def counts_of(size: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape) -> Shape:
    """How many windows fit along each dimension."""
    return tuple(
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True)
    )


def windows_of(x: Any, counts: Shape, kernel: Shape, stride: Shape, dilation: Shape) -> Any:
    """x (n, *spatial, c), already padded, seen as (n, *counts, *kernel, c)."""
    inner = x.strides[1:-1]
    strides = (
        x.strides[0],
        *(a * s for a, s in zip(inner, stride, strict=True)),
        *(a * d for a, d in zip(inner, dilation, strict=True)),
        x.strides[-1],
    )
    shape = (x.shape[0], *counts, *kernel, x.shape[-1])
    return np.lib.stride_tricks.as_strided(x, shape, strides, writeable=False)


def blocks(
    x: Any, counts: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape
) -> Iterator[tuple[slice, Any]]:
    """For runs of windows of x (n, *spatial, c): (their places among all windows, their columns).

    Columns have the shape (windows, prod(kernel) * c) and are valid until the next block.
    """
    n, channels = x.shape[0], x.shape[-1]
    per_image = prod(counts)
    width = prod(kernel) * channels
    images = max(1, min(n, _BLOCK_BYTES // max(1, per_image * width * x.itemsize)))
    lines = max(1, min(counts[0], _BLOCK_BYTES * counts[0] // max(1, per_image * width * x.itemsize)))
    if images > 1:
        lines = counts[0]
    per_line = per_image // counts[0]
    columns = scratch("columns", (images * lines * per_line * width,), x.dtype)
    for start, windows in _padded(x, images, counts, kernel, stride, padding, dilation):
        for line in range(0, counts[0], lines):
            part = windows[:, line : line + lines]
            begin = start * per_image + line * per_line
            rows = part.shape[0] * part.shape[1] * per_line
            yield slice(begin, begin + rows), _fill(columns[: rows * width], part, len(kernel), rows)


def _padded(
    x: Any, images: int, counts: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape
) -> Iterator[tuple[int, Any]]:
    """The windows of `images` images at a time, and the number of the first."""
    n = x.shape[0]
    runs = x.strides[-1] == x.itemsize or kernel[-1] * x.shape[-1] < _SHORT_RUN
    if runs and not any(padding):
        windows = windows_of(x, counts, kernel, stride, dilation)
        for start in range(0, n, images):
            yield start, windows[start : start + images]
        return
    size = tuple(length + 2 * p for length, p in zip(x.shape[1:-1], padding, strict=True))
    padded = scratch("padded", (images, *size, x.shape[-1]), x.dtype)
    if any(padding):
        padded.fill(0)
    inner = padded[(slice(None), *(slice(p, p + m) for p, m in zip(padding, x.shape[1:-1], strict=True)))]
    windows = windows_of(padded, counts, kernel, stride, dilation)
    for start in range(0, n, images):
        block = x[start : start + images]
        inner[: block.shape[0]] = block
        yield start, windows[: block.shape[0]]


def _fill(columns: Any, windows: Any, spatial: int, rows: int) -> Any:
    """Copy windows (n, *counts, *kernel, c) into columns; short runs are laid out with the windows innermost."""
    if windows.shape[-2] * windows.shape[-1] >= _SHORT_RUN:
        columns = columns.reshape(windows.shape)
        columns[...] = windows
        return columns.reshape(rows, -1)
    axes = (*range(1 + spatial, 2 + 2 * spatial), 0, *range(1, 1 + spatial))
    turned = windows.transpose(axes)
    columns = columns.reshape(turned.shape)
    columns[...] = turned
    return columns.reshape(-1, rows).T
