"""Views of arrays without data: the same memory, so other strides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from unison_core.errors import ViewError
from unison_core.ops.movement.views import slice_steps
from unison_core.spec import view_strides
from unison_meta.array import MetaArray

__all__ = ["VIEWS"]

Shape = tuple[int, ...]


def permute(x: MetaArray, *, dims: tuple[int, ...]) -> MetaArray:
    """Strides in another order."""
    return MetaArray([x.shape[d] for d in dims], x.dtype, [x.strides[d] for d in dims], x.offset)


def expand(x: MetaArray, *, shape: Shape) -> MetaArray:
    """Stride 0 where a length grows."""
    lead = len(shape) - x.ndim
    kept = (s if n == m else 0 for n, m, s in zip(x.shape, shape[lead:], x.strides, strict=True))
    return MetaArray(shape, x.dtype, (*(0,) * lead, *kept), x.offset)


def view(x: MetaArray, *, shape: Shape) -> MetaArray:
    """Another shape if the strides allow it."""
    strides = view_strides(x.shape, x.strides, shape)
    if strides is None:
        raise ViewError(
            f"view size is not compatible with input tensor's size and stride: {list(x.shape)} with strides "
            f"{list(x.strides)} cannot be seen as {list(shape)} without a copy. Use .reshape(...) instead."
        )
    return MetaArray(shape, x.dtype, strides, x.offset)


def slice(x: MetaArray, *, key: tuple[Any, ...]) -> MetaArray:
    """An offset, and steps between what remains."""
    shape, strides, offset = slice_steps(x.shape, x.strides, key)
    return MetaArray(shape, x.dtype, strides, x.offset + offset)


def as_strided(x: MetaArray, *, shape: Shape, stride: Shape, offset: int) -> MetaArray:
    """Any strides: there is no memory to leave."""
    return MetaArray(shape, x.dtype, stride, offset)


def view_as_real(x: MetaArray) -> MetaArray:
    """Twice the steps, and a pair at each."""
    strides = (*(2 * s for s in x.strides), 1)
    return MetaArray((*x.shape, 2), x.dtype.to_real(), strides, 2 * x.offset)


def view_as_complex(x: MetaArray) -> MetaArray:
    """Half the steps."""
    if x.size and (x.strides[-1:] != (1,) or x.offset % 2 or any(s % 2 for s in x.strides[:-1])):
        raise ViewError(
            "Tensor must have a last dimension with stride 1 and even strides and offset elsewhere to be viewed as "
            f"complex, but has strides {list(x.strides)}; use .contiguous() first"
        )
    return MetaArray(x.shape[:-1], x.dtype.to_complex(), [s // 2 for s in x.strides[:-1]], x.offset // 2)


VIEWS: dict[str, Callable[..., MetaArray]] = {
    "as_strided": as_strided,
    "expand": expand,
    "permute": permute,
    "slice": slice,
    "view": view,
    "view_as_complex": view_as_complex,
    "view_as_real": view_as_real,
}
