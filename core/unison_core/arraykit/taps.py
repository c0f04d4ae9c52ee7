"""Where each tap of a sliding window lies inside the data, so that windows are worked through by strided slices."""

from __future__ import annotations

from typing import Any

from unison_core.spec import Shape

__all__ = ["Places", "keep", "keys_of", "overlap", "overlaps_itself"]

Places = tuple[slice, ...]


def overlap(
    tap: Shape, size: Shape, counts: Shape, stride: Shape, padding: Shape, dilation: Shape
) -> tuple[Places, Places]:
    """(the places of the tap in data of `size`, the windows they belong to), without those where it is in padding."""
    data, windows = [], []
    for t, length, count, s, p, d in zip(tap, size, counts, stride, padding, dilation, strict=True):
        first = t * d - p
        begin = -(first // s) if first < 0 else 0
        end = min(count, (length - 1 - first) // s + 1)
        if end <= begin:
            data.append(slice(0, 0))
            windows.append(slice(0, 0))
        else:
            data.append(slice(first + begin * s, first + (end - 1) * s + 1, s))
            windows.append(slice(begin, end))
    return tuple(data), tuple(windows)


def overlaps_itself(kernel: Shape, stride: Shape, dilation: Shape) -> bool:
    """Whether an element may lie in several windows."""
    return any(d * (k - 1) + 1 > s for k, s, d in zip(kernel, stride, dilation, strict=True))


def keep(xp: Any, g: Any, hit: Any) -> Any:
    """g where hit, else 0, of floating g, in the memory order of hit: by bit masks, since inf * 0 is NaN."""
    mask = xp.negative(hit.view(xp.int8)).astype(f"i{g.dtype.itemsize}")
    xp.bitwise_and(mask, g.view(mask.dtype), out=mask)
    return mask.view(g.dtype)


def keys_of(
    tap: Shape, size: Shape, counts: Shape, stride: Shape, padding: Shape, dilation: Shape
) -> tuple[Places, Places]:
    """The keys, with batch and channels taken whole, of data (n, c, *size) and of windows (n, c, *counts)."""
    whole = (slice(None), slice(None))
    places, windows = overlap(tap, size, counts, stride, padding, dilation)
    return (*whole, *places), (*whole, *windows)
