"""The C kit's array: shape, strides and offset over a runtime's opaque buffer. Views share the buffer."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from unison_core.dtypes import DType
from unison_core.spec import Shape, contiguous_strides
from unison_core.strided import is_contiguous

if TYPE_CHECKING:
    from unison_core.ckit.runtime import Runtime

__all__ = ["CArray"]


class CArray:
    """`size` elements of `dtype` in `buffer`; strides and offset count elements, length counts the buffer's."""

    __slots__ = (
        "buffer",
        "contiguous",
        "dtype",
        "length",
        "ndim",
        "offset",
        "runtime",
        "shape",
        "size",
        "strides",
    )

    def __init__(
        self,
        buffer: Any,
        runtime: Runtime,
        shape: Sequence[int],
        dtype: DType,
        strides: Sequence[int] | None = None,
        offset: int = 0,
        length: int | None = None,
    ) -> None:
        self.buffer = buffer
        self.runtime = runtime
        self.shape: Shape = tuple(shape)
        self.dtype = dtype
        self.size = prod(shape)
        self.ndim = len(self.shape)
        self.offset = offset
        self.length = self.size if length is None else length
        if strides is None:
            self.strides = contiguous_strides(shape)
            self.contiguous = True
        else:
            self.strides = tuple(strides)
            self.contiguous = is_contiguous(self.shape, self.strides)

    def like(self, shape: Sequence[int], dtype: DType, strides: Sequence[int], offset: int) -> CArray:
        """An array on the same memory."""
        length = self.length * self.dtype.itemsize // dtype.itemsize
        return CArray(self.buffer, self.runtime, shape, dtype, strides, offset, length)

    @property
    def nbytes(self) -> int:
        """What the elements take, views counted as if they were copies."""
        return self.size * self.dtype.itemsize

    def __repr__(self) -> str:
        return (
            f"CArray({self.dtype.name}{list(self.shape)}, strides {list(self.strides)}, offset {self.offset})"
        )
