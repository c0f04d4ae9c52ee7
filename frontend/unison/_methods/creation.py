"""Tensors made after another: `new_zeros` and the like take its dtype and device unless told otherwise."""

from __future__ import annotations

from typing import Any

from unison.functions import conversion, creation
from unison.functions.creation.filled import sizes_given
from unison_core import ops
from unison_core.dtypes import DType
from unison_core.errors import OperatorError
from unison_core.handle import alias
from unison_core.spec import numel

__all__ = ["Creation"]


class Creation:
    """`x.new_zeros(2, 3)`: a new tensor of x's dtype, on x's device."""

    __slots__ = ()

    array: Any
    device: Any
    dtype: DType
    shape: Any

    def resize_(self, *sizes: Any, memory_format: Any = None) -> Any:
        """Take another shape: the first elements in memory stay, new ones hold anything.

        Raises:
            RuntimeError: it requires a gradient.
        """
        return _resized(self, sizes_given(sizes, None))

    def resize_as_(self, other: Any, memory_format: Any = None) -> Any:
        """Take the shape of other, as `resize_` does."""
        return _resized(self, tuple(other.array.shape))

    def new_empty(
        self,
        *shape: Any,
        size: Any = None,
        dtype: DType | None = None,
        device: Any = None,
        requires_grad: bool = False,
        layout: Any = None,
        pin_memory: bool = False,
        names: Any = None,
    ) -> Any:
        """An uninitialised tensor of shape `size`."""
        kind, place = dtype or self.dtype, device or self.device
        options = {"dtype": kind, "device": place, "requires_grad": requires_grad, "pin_memory": pin_memory}
        return creation.empty(sizes_given(shape, size), **options)

    def new_empty_strided(
        self,
        size: Any,
        stride: Any,
        *,
        dtype: DType | None = None,
        device: Any = None,
        requires_grad: bool = False,
        layout: Any = None,
        pin_memory: bool = False,
    ) -> Any:
        """An uninitialised tensor of that shape and those strides."""
        kind, place = dtype or self.dtype, device or self.device
        options = {"dtype": kind, "device": place, "requires_grad": requires_grad, "pin_memory": pin_memory}
        return creation.empty_strided(size, stride, **options)

    def new_zeros(
        self,
        *shape: Any,
        size: Any = None,
        dtype: DType | None = None,
        device: Any = None,
        requires_grad: bool = False,
        layout: Any = None,
        pin_memory: bool = False,
    ) -> Any:
        """Zeros of shape `size`."""
        options = {"device": device, "requires_grad": requires_grad, "pin_memory": pin_memory}
        return self.new_full(sizes_given(shape, size), 0, dtype=dtype, **options)

    def new_ones(
        self,
        *shape: Any,
        size: Any = None,
        dtype: DType | None = None,
        device: Any = None,
        requires_grad: bool = False,
        layout: Any = None,
        pin_memory: bool = False,
    ) -> Any:
        """Ones of shape `size`."""
        options = {"device": device, "requires_grad": requires_grad, "pin_memory": pin_memory}
        return self.new_full(sizes_given(shape, size), 1, dtype=dtype, **options)

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
        options = {"dtype": kind, "device": place, "requires_grad": requires_grad, "pin_memory": pin_memory}
        return creation.full(size, fill_value, **options)

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
        options = {"dtype": kind, "device": place, "requires_grad": requires_grad, "pin_memory": pin_memory}
        return conversion.tensor(data, **options)


def _resized(t: Any, shape: tuple[int, ...]) -> Any:
    if t.tracked:
        raise OperatorError("cannot resize variables that require grad")
    have, want = numel(t.array.shape), numel(shape)
    if tuple(t.array.shape) == shape:
        return t
    source = alias(t)
    flat = ops.reshape(source, shape=(have,))
    if want > have:
        flat = ops.cat(flat, ops.empty(shape=(want - have,), dtype=t.dtype, device=t.device), dim=0)
    t.array = ops.view(ops.slice(flat, key=(slice(0, want),)), shape=shape).array
    return t
