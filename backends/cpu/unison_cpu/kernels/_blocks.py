"""Elementwise kernels of many passes, run block by block so that all passes but the first find their data in the cache.

May import NumPy only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from unison_cpu.kernels._scratch import scratch

__all__ = ["BLOCK", "FLOAT32", "by_blocks"]

BLOCK = 16384
"""Elements of a block: several float32 arrays of this length fit into the second-level cache."""
FLOAT32 = np.dtype(np.float32)


def by_blocks(function: Callable[..., None], *arrays: Any) -> Any:
    """A new array, in the memory order of the arrays, that `function(*parts, out)` fills from flat parts of them.

    The arrays have one shape and one dtype. Half types are computed in float32 and rounded once.
    """
    flats, out, into = _flattened(arrays)
    half = out.dtype.itemsize == 2
    for start in range(0, out.size, BLOCK):
        parts = [a[start : start + BLOCK] for a in flats]
        target = into[start : start + BLOCK]
        if half:
            wide = scratch("wide", target.shape, FLOAT32)
            function(*[a.astype(np.float32) for a in parts], wide)
            target[...] = wide
        else:
            function(*parts, target)
    return out


def _flattened(arrays: tuple[Any, ...]) -> tuple[list[Any], Any, Any]:
    """The arrays as vectors in one memory order, an empty array like them, and that as a vector."""
    first = arrays[0]
    if all(a.flags.c_contiguous for a in arrays):
        out = np.empty(first.shape, first.dtype)
        return [a.reshape(-1) for a in arrays], out, out.reshape(-1)
    out = np.empty_like(first)
    into = out.ravel(order="K")
    flats = []
    for a in arrays:
        # Also where it is first itself: with a stride of 0 its order in memory is not that of out.
        if a.strides != out.strides:
            ordered = np.empty_like(out)
            ordered[...] = a
            a = ordered  # noqa: PLW2901
        flats.append(a.ravel(order="K"))
    return flats, out, into
