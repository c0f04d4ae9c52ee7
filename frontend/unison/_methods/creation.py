"""Tensors made after another: `new_zeros` and the like take its dtype and device unless told otherwise."""

from __future__ import annotations

from typing import Any

from unison_core.dtypes import DType

from unison.functions import conversion, creation
from unison.functions._common import sizes

__all__ = ["Creation"]


class Creation:
    """`x.new_zeros(2, 3)`: a new tensor of x's dtype, on x's device."""

    __slots__ = ()

    device: Any
    dtype: DType

    def new_empty(
        self,
        *size: Any,
        dtype: DType | None = None,
        device: Any = None,
        requires_grad: bool = False,
        layout: Any = None,
        pin_memory: bool = False,
        names: Any = None,
    ) -> Any:
        """An uninitialised tensor of shape `size`."""
        kind, place = dtype or self.dtype, device or self.device
        return creation.empty(sizes(size), dtype=kind, device=place, requires_grad=requires_grad)

    def new_zeros(
        self,
        *size: Any,
        dtype: DType | None = None,
        device: Any = None,
        requires_grad: bool = False,
        layout: Any = None,
        pin_memory: bool = False,
    ) -> Any:
        """Zeros of shape `size`."""
        return self.new_full(sizes(size), 0, dtype=dtype, device=device, requires_grad=requires_grad)

    def new_ones(
        self,
        *size: Any,
        dtype: DType | None = None,
        device: Any = None,
        requires_grad: bool = False,
        layout: Any = None,
        pin_memory: bool = False,
    ) -> Any:
        """Ones of shape `size`."""
        return self.new_full(sizes(size), 1, dtype=dtype, device=device, requires_grad=requires_grad)

    def new_full(
        self,
        size: Any,
        fill_value: Any,
        *,
        dtype: DType | None = None,
        device: Any = None,
        requires_grad: bool = False,
        layout: Any = None,
        pin_memory: bool = False,
        names: Any = None,
    ) -> Any:
        """A tensor of shape `size` filled with one number."""
        kind, place = dtype or self.dtype, device or self.device
        return creation.full(size, fill_value, dtype=kind, device=place, requires_grad=requires_grad)

    def new_tensor(
        self,
        data: Any,
        *,
        dtype: DType | None = None,
        device: Any = None,
        requires_grad: bool = False,
        layout: Any = None,
        pin_memory: bool = False,
    ) -> Any:
        """A copy of data in this tensor's dtype, on its device."""
        kind, place = dtype or self.dtype, device or self.device
        return conversion.tensor(data, dtype=kind, device=place, requires_grad=requires_grad)
