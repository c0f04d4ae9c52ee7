"""CuPy's arrays as the C kit's and back, on the same memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import cupy

from unison_core.ckit.array import CArray
from unison_core.ckit.runtime import Runtime
from unison_core.dtypes import DType

__all__ = ["Bridge"]


class Bridge:
    """native, dtype_of: between core's dtypes and CuPy's. runtime(index): the runtime of a device."""

    def __init__(self, native: Mapping[DType, Any], runtime: Callable[[int], Runtime]) -> None:
        self.native = dict(native)
        self.dtype_of = {theirs: ours for ours, theirs in self.native.items()}
        self.runtime = runtime

    def lend(self, x: Any) -> CArray:
        """x as the C kit's array: its whole memory is the buffer, so that overlaps can be seen."""
        dtype = self.dtype_of[x.dtype]
        memory, item = x.data.mem, dtype.itemsize
        return CArray(
            memory,
            self.runtime(x.data.device_id),
            x.shape,
            dtype,
            [s // item for s in x.strides],
            (x.data.ptr - memory.ptr) // item,
            memory.size // item,
        )

    def take(self, x: CArray) -> Any:
        """An array of the C kit as CuPy's."""
        item = x.dtype.itemsize
        memory = cupy.cuda.MemoryPointer(x.buffer, x.offset * item)
        strides = [s * item for s in x.strides]
        return cupy.ndarray(x.shape, self.native[x.dtype], memory, strides)

    def over(self, kernel: Callable[..., Any]) -> Callable[..., Any]:
        """A kernel of the C kit that takes and returns CuPy's arrays."""
        lend, take = self.lend, self.take

        def call(*arrays: Any, **attrs: Any) -> Any:
            if attrs.get("out") is not None:
                kernel(*map(lend, arrays), **{**attrs, "out": lend(attrs["out"])})
                return attrs["out"]
            out = kernel(*[None if a is None else lend(a) for a in arrays], **attrs)
            return tuple(map(take, out)) if isinstance(out, tuple) else take(out)

        call.__qualname__ = f"C kit {getattr(kernel, '__name__', kernel)}"
        return call
