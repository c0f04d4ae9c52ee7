"""Arrays without data."""

from __future__ import annotations

from collections.abc import Sequence

from unison_core.dtypes import DType
from unison_core.spec import contiguous_strides, numel

__all__ = ["MetaArray"]


class MetaArray:
    """What is known of an array: shape, dtype, strides and offset in elements."""

    __slots__ = ("dtype", "ndim", "offset", "shape", "size", "strides")

    def __init__(
        self, shape: Sequence[int], dtype: DType, strides: Sequence[int] | None = None, offset: int = 0
    ) -> None:
        self.shape = tuple(shape)
        self.dtype = dtype
        self.strides = contiguous_strides(shape) if strides is None else tuple(strides)
        self.offset = offset
        self.ndim = len(self.shape)
        self.size = numel(self.shape)

    @property
    def nbytes(self) -> int:
        """What the data would take."""
        return self.size * self.dtype.itemsize
