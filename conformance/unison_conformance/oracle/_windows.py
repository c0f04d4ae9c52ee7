"""Which elements the windows of convolution and pooling look at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["gather", "places", "reverse_places"]

Shape = tuple[int, ...]
Places = Sequence[Any]
"""One matrix of integers a dimension: the element that tap t of window o looks at, -1 for padding."""


def places(
    size: Shape, counts: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape
) -> list[Any]:
    """For each dimension the element at tap t of window o: o * stride + t * dilation - padding."""
    out = []
    for n, m, k, s, p, d in zip(size, counts, kernel, stride, padding, dilation, strict=True):
        at = np.arange(m)[:, None] * s + np.arange(k) * d - p
        out.append(np.where((at >= 0) & (at < n), at, -1))
    return out


def reverse_places(
    size: Shape, counts: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape
) -> list[Any]:
    """For each dimension the window whose tap t looks at element i, -1 where there is none."""
    out = []
    for n, m, k, s, p, d in zip(size, counts, kernel, stride, padding, dilation, strict=True):
        start = np.arange(n)[:, None] + p - np.arange(k) * d
        hit = (start % s == 0) & (start >= 0) & (start < m * s)
        out.append(np.where(hit, start // s, -1))
    return out


def gather(x: Any, where: Places) -> Any:
    """x (n, c, *spatial) as (n, c, *windows, *taps), with zeros for padding."""
    spatial = len(where)
    # An index of -1 finds the zero that is appended to each dimension.
    padded = np.pad(x, [(0, 0), (0, 0), *[(0, 1)] * spatial])
    index = []
    for axis, at in enumerate(where):
        shape = [1] * (2 * spatial)
        shape[axis], shape[spatial + axis] = at.shape
        index.append(at.reshape(shape))
    return padded[(slice(None), slice(None), *index)]
