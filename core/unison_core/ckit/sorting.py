"""Kernels that order elements: runs are sorted in shared memory, then merged, twice as long with each launch."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from unison_core import dtypes
from unison_core.ckit.fold import plan
from unison_core.ckit.kit import GROUP
from unison_core.ckit.program import Program
from unison_core.spec import wrap_dim

if TYPE_CHECKING:
    from unison_core.ckit.array import CArray
    from unison_core.ckit.kit import CKit

__all__ = ["Sorting"]

_SORT = Program("sort", "walk.c", "sort.c")
_MERGE = Program("sort", "sort.c")
_BISECT = Program("bisect")
_BLOCK = 512
"""Elements of a run that a group sorts in shared memory."""


class Sorting:
    """Elements are compared in the type they are computed in and moved bit for bit."""

    def __init__(self, kit: CKit) -> None:
        self.kit = kit

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {"searchsorted": self.searchsorted, "sort": self.sort}

    def sort(self, x: CArray, *, dim: int, descending: bool) -> tuple[CArray, CArray]:
        d = wrap_dim(dim, x.ndim)
        if not x.ndim:
            values, places = self._sort(x.like((1,), x.dtype, (1,), x.offset), descending)
            return values.like((), x.dtype, (), 0), places.like((), places.dtype, (), 0)
        if d == x.ndim - 1:
            return self._sort(x, descending)
        values, places = self._sort(_swapped(x, d), descending)
        return self.kit.copy(_swapped(values, d)), self.kit.copy(_swapped(places, d))

    def _sort(self, x: CArray, descending: bool) -> tuple[CArray, CArray]:
        """Along the last dimension, in row-major order."""
        kit, runtime = self.kit, x.runtime
        out = kit.empty(x.shape, x.dtype, runtime), kit.empty(x.shape, dtypes.int64, runtime)
        if not x.size:
            return out
        n = x.shape[-1]
        defines = (("A", x.dtype), ("DESCENDING", descending))
        layout = plan(x.shape, (x.strides,), (x.ndim - 1,), runtime.facts, span=_BLOCK)
        groups = layout.outputs * layout.chunks
        blocks = (*defines, *layout.defines, ("BLOCK", _BLOCK), ("GROUP", GROUP))
        buffers = [a.buffer for a in (x, *out)]
        kit.launch(_SORT, blocks, groups, GROUP, buffers, layout.params([x]), runtime, "sort")
        width = _BLOCK
        spare = out if n <= width else tuple(kit.empty(x.shape, a.dtype, runtime) for a in out)
        segment = _BLOCK // 2 if runtime.facts.cpu else _BLOCK // GROUP
        segments = -(-n // segment)
        merging = (*defines, ("BLOCK", 0), ("SEGMENT", segment))
        while width < n:
            buffers = [a.buffer for a in (*out, *spare)]
            count = x.size // n * segments
            params = struct.pack("4q", count, segments, n, width)
            groups = -(-count // GROUP)
            kit.launch(_MERGE, merging, groups, GROUP, buffers, params, runtime, "sort")
            out, spare = (spare[0], spare[1]), out
            width *= 2
        return out

    def searchsorted(self, ordered: CArray, values: CArray, *, right: bool) -> CArray:
        if ordered.dtype is not values.dtype or not ordered.ndim:
            raise TypeError(f"searchsorted of {ordered.dtype.name} and {values.dtype.name}")
        if ordered.ndim != 1 and ordered.shape[:-1] != values.shape[:-1]:
            raise ValueError("searchsorted")
        kit = self.kit
        out = kit.empty(values.shape, dtypes.int64, values.runtime)
        if not out.size:
            return out
        ordered, values = kit.contiguous(ordered), kit.contiguous(values)
        each = values.size if ordered.ndim == 1 else values.shape[-1]
        params = struct.pack("5q", out.size, ordered.shape[-1], each, ordered.offset, values.offset)
        buffers = [a.buffer for a in (ordered, values, out)]
        defines = (("A", values.dtype), ("RIGHT", right))
        groups = -(-out.size // GROUP)
        kit.launch(_BISECT, defines, groups, GROUP, buffers, params, out.runtime, "searchsorted")
        return out


def _swapped(x: CArray, d: int) -> CArray:
    """x with dimension d and the last one exchanged."""
    shape, strides = list(x.shape), list(x.strides)
    shape[d], shape[-1], strides[d], strides[-1] = shape[-1], shape[d], strides[-1], strides[d]
    return x.like(shape, x.dtype, strides, x.offset)
