"""Specs: shape, dtype and device of an array that need not exist, and the shape arithmetic rules share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from unison_core.dtypes import DType
from unison_core.errors import OperatorError, OperatorIndexError

__all__ = [
    "Shape",
    "Spec",
    "broadcast",
    "contiguous_strides",
    "numel",
    "reduced_shape",
    "view_strides",
    "wrap_dim",
    "wrap_dims",
]

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Spec:
    """Shape + dtype + device of an array that need not exist; `tracked` says whether its gradient is wanted."""

    shape: Shape
    dtype: DType
    device: Any = None
    tracked: bool = False

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    def like(self, shape: Sequence[int] | None = None, dtype: DType | None = None) -> Spec:
        """The same spec with another shape or dtype."""
        return Spec(self.shape if shape is None else tuple(shape), dtype or self.dtype, self.device)


def numel(shape: Sequence[int]) -> int:
    """The number of elements of a shape."""
    return prod(shape)


def contiguous_strides(shape: Sequence[int]) -> Shape:
    """Steps between the elements of row-major memory, in elements; empty dimensions count as one."""
    out: list[int] = []
    step = 1
    for n in reversed(shape):
        out.append(step)
        step *= max(n, 1)
    return tuple(reversed(out))


def broadcast(*shapes: Sequence[int]) -> Shape:
    """The shape that all shapes broadcast to, aligned at the last dimension.

    Raises:
        RuntimeError: two lengths differ and neither is 1.
    """
    ndim = max(len(s) for s in shapes)
    out = [1] * ndim
    for shape in shapes:
        for axis, length in enumerate(shape, start=ndim - len(shape)):
            if length == out[axis] or length == 1:
                continue
            if out[axis] != 1:
                raise OperatorError(
                    f"shapes {' and '.join(str(list(s)) for s in shapes)} do not broadcast: at dimension {axis} "
                    f"the lengths {out[axis]} and {length} differ and neither is 1"
                )
            out[axis] = length
    return tuple(out)


def wrap_dim(dim: int, ndim: int) -> int:
    """A dimension counted from the front.

    Raises:
        IndexError: dim is not in [-ndim, ndim - 1]; a 0-d tensor takes -1 and 0.
    """
    bound = max(ndim, 1)
    if not -bound <= dim < bound:
        raise OperatorIndexError(
            f"Dimension out of range (expected to be in range of [{-bound}, {bound - 1}], but got {dim})"
        )
    return dim % bound


def wrap_dims(dim: int | Sequence[int] | None, ndim: int) -> tuple[int, ...]:
    """Dimensions counted from the front; None and () mean all of them.

    Raises:
        IndexError: one is out of range.
        RuntimeError: one appears twice.
    """
    if dim is None:
        return tuple(range(ndim))
    if isinstance(dim, int):
        return (wrap_dim(dim, ndim),) if ndim else (wrap_dim(dim, ndim),)[:0]
    dims = tuple(wrap_dim(d, ndim) for d in dim) if dim else tuple(range(ndim))
    if len(set(dims)) != len(dims):
        raise OperatorError(f"dim {list(dim)} names a dimension twice")
    return dims if ndim else ()


def reduced_shape(shape: Sequence[int], dims: Sequence[int], *, keepdim: bool) -> Shape:
    """The shape after reducing over dims (counted from the front)."""
    if keepdim:
        return tuple(1 if i in dims else n for i, n in enumerate(shape))
    return tuple(n for i, n in enumerate(shape) if i not in dims)


def view_strides(shape: Sequence[int], strides: Sequence[int], target: Sequence[int]) -> list[int] | None:
    """Strides that show the same elements in `target` shape, or None if memory does not allow it.

    Dimensions are joined into runs that step evenly; each run must be a product of target lengths.
    """
    if 0 in shape:
        return list(contiguous_strides(target))
    runs: list[tuple[int, int]] = []
    for n, s in zip(shape, strides, strict=True):
        if n == 1:
            continue
        if runs and runs[-1][1] == s * n:
            runs[-1] = (runs[-1][0] * n, s)
        else:
            runs.append((n, s))
    out: list[int] = []
    at = 0
    left, step = runs[0] if runs else (1, 0)
    for n in target:
        if n == 1:
            out.append(step * left)
            continue
        if left == 1:
            at += 1
            left, step = runs[at]
        if left % n:
            return None
        left //= n
        out.append(step * left)
    return out
