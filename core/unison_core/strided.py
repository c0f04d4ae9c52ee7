"""Views of strided memory as arithmetic on shape, strides and offset, for backends that keep these themselves.

`views(make)` gives the kernels of every view operator; `make(x, shape, dtype, strides, offset)` builds an array on
the memory of x. Strides and offset count elements. `collapse` prepares strides for kernels that loop over them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from unison_core.dtypes import DType
from unison_core.errors import ViewError
from unison_core.ops.movement.views import slice_steps
from unison_core.spec import Shape, contiguous_strides, numel, view_strides

__all__ = ["broadcast_strides", "collapse", "is_contiguous", "views"]

Make = Callable[[Any, Sequence[int], DType, Sequence[int], int], Any]


def is_contiguous(shape: Sequence[int], strides: Sequence[int]) -> bool:
    """Whether the elements lie in row-major order without gaps."""
    expected = 1
    for n, s in zip(reversed(shape), reversed(strides), strict=True):
        if n != 1 and s != expected:
            return n == 0 or 0 in shape
        expected *= n
    return True


def broadcast_strides(shape: Sequence[int], strides: Sequence[int], target: Sequence[int]) -> Shape:
    """The strides that repeat an array of `shape` over `target`: 0 where it repeats.

    Raises:
        ValueError: the shape does not broadcast to target.
    """
    lead = len(target) - len(shape)
    if lead < 0 or any(n not in (1, m) for n, m in zip(shape, target[lead:], strict=True)):
        raise ValueError(f"{list(shape)} does not broadcast to {list(target)}")
    return (0,) * lead + tuple(s if n != 1 else 0 for n, s in zip(shape, strides, strict=True))


def collapse(shape: Sequence[int], *strides: Sequence[int]) -> tuple[list[int], list[list[int]]]:
    """The same walk over memory in as few dimensions as possible: neighbours that step evenly in all strides join."""
    lengths: list[int] = []
    steps: list[list[int]] = [[] for _ in strides]
    for d, n in enumerate(shape):
        if n == 1:
            continue
        if lengths and all(s[-1] == t[d] * n for s, t in zip(steps, strides, strict=True)):
            lengths[-1] *= n
            for s, t in zip(steps, strides, strict=True):
                s[-1] = t[d]
        else:
            lengths.append(n)
            for s, t in zip(steps, strides, strict=True):
                s.append(t[d])
    return lengths, steps


def views(make: Make) -> Mapping[str, Callable[..., Any]]:
    """Operator name -> kernel, for every operator that returns a view."""
    kernels = _Views(make)
    return {name: getattr(kernels, name) for name in _NAMES}


_NAMES = (
    "as_strided",
    "diagonal",
    "expand",
    "permute",
    "slice",
    "unfold",
    "view",
    "view_as_complex",
    "view_as_real",
)


class _Views:
    def __init__(self, make: Make) -> None:
        self.make = make

    def permute(self, x: Any, *, dims: tuple[int, ...]) -> Any:
        if sorted(d % x.ndim for d in dims) != [*range(x.ndim)]:
            raise ValueError("permute")
        return self.make(x, [x.shape[d] for d in dims], x.dtype, [x.strides[d] for d in dims], x.offset)

    def expand(self, x: Any, *, shape: Shape) -> Any:
        return self.make(x, shape, x.dtype, broadcast_strides(x.shape, x.strides, shape), x.offset)

    def view(self, x: Any, *, shape: Shape) -> Any:
        if numel(shape) != x.size:
            raise ValueError("size")
        strides = view_strides(x.shape, x.strides, shape)
        if strides is None:
            raise ViewError(
                f"view size is not compatible with input tensor's size and stride: {list(x.shape)} with strides "
                f"{list(x.strides)} cannot be seen as {list(shape)} without a copy. Use .reshape(...) instead."
            )
        return self.make(x, shape, x.dtype, strides, x.offset)

    def slice(self, x: Any, *, key: tuple[Any, ...]) -> Any:
        shape, strides, offset = slice_steps(x.shape, x.strides, key)
        return self.make(x, shape, x.dtype, strides, x.offset + offset)

    def diagonal(self, x: Any, *, offset: int, dim1: int, dim2: int) -> Any:
        one, two = dim1 % x.ndim, dim2 % x.ndim
        if one == two:
            raise ValueError("the two dimensions are one")
        length = max(0, min(x.shape[one] + min(offset, 0), x.shape[two] - max(offset, 0)))
        rest = [d for d in range(x.ndim) if d not in (one, two)]
        start = max(0, -offset) * x.strides[one] + max(0, offset) * x.strides[two] if length else 0
        shape, strides = [x.shape[d] for d in rest], [x.strides[d] for d in rest]
        return self.make(
            x, [*shape, length], x.dtype, [*strides, x.strides[one] + x.strides[two]], x.offset + start
        )

    def unfold(self, x: Any, *, dim: int, size: int, step: int) -> Any:
        if not x.ndim:
            return self.make(x, (size,), x.dtype, (1,), x.offset)
        d = dim % x.ndim
        if size > x.shape[d] or step <= 0:
            raise ValueError("unfold")
        count = (x.shape[d] - size) // step + 1
        shape = (*x.shape[:d], count, *x.shape[d + 1 :], size)
        strides = (*x.strides[:d], x.strides[d] * step, *x.strides[d + 1 :], x.strides[d])
        return self.make(x, shape, x.dtype, strides, x.offset)

    def as_strided(self, x: Any, *, shape: Shape, stride: Shape, offset: int) -> Any:
        return self.make(x, shape, x.dtype, stride, offset)

    def view_as_real(self, x: Any) -> Any:
        strides = (*(2 * s for s in x.strides), 1)
        return self.make(x, (*x.shape, 2), x.dtype.to_real(), strides, 2 * x.offset)

    def view_as_complex(self, x: Any) -> Any:
        if not x.ndim or x.shape[-1] != 2:
            raise ValueError("pairs")
        if x.size and (x.strides[-1] != 1 or x.offset % 2 or any(s % 2 for s in x.strides[:-1])):
            raise ViewError(
                "Tensor must have a last dimension with stride 1 and even strides and offset elsewhere to be viewed "
                f"as complex, but has strides {list(x.strides)}; use .contiguous() first"
            )
        strides = [s // 2 for s in x.strides[:-1]] if x.size else contiguous_strides(x.shape[:-1])
        return self.make(x, x.shape[:-1], x.dtype.to_complex(), strides, x.offset // 2)
