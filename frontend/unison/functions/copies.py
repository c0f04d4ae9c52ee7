"""View functions that return fresh memory instead, second names of shape functions, and index arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from unison.functions import arranging, movement, picking, splitting
from unison.functions._common import Size, need_tensors, sizes, write_exact
from unison_core import dtypes, ops
from unison_core.errors import OperatorError, OperatorValueError
from unison_core.spec import broadcast, numel

__all__ = [
    "adjoint",
    "as_strided_copy",
    "as_strided_scatter",
    "broadcast_shapes",
    "diagonal_copy",
    "expand_copy",
    "index_reduce",
    "permute_copy",
    "row_stack",
    "split_with_sizes_copy",
    "squeeze_copy",
    "t_copy",
    "transpose_copy",
    "unbind_copy",
    "unfold_copy",
    "unravel_index",
    "unsafe_chunk",
    "unsafe_split",
    "unsqueeze_copy",
    "view_copy",
]


def _copying(view: Callable[..., Any], name: str = "") -> Callable[..., Any]:
    """The form of a view function whose results have memory of their own."""

    def call(*args: Any, out: Any = None, **kwargs: Any) -> Any:
        result = view(*args, **kwargs)
        result = tuple(ops.copy(x) for x in result) if isinstance(result, tuple) else ops.copy(result)
        return result if out is None else write_exact(out, result)

    call.__name__ = call.__qualname__ = (name or view.__name__) + "_copy"
    call.__doc__ = f"As `{name or view.__name__}`, but the result has memory of its own."
    return call


as_strided_copy = _copying(arranging.as_strided)
diagonal_copy = _copying(arranging.diagonal)
expand_copy = _copying(movement.expand)
permute_copy = _copying(movement.permute)
split_with_sizes_copy = _copying(splitting.split_with_sizes)
squeeze_copy = _copying(movement.squeeze)
t_copy = _copying(movement.t)
transpose_copy = _copying(movement.transpose)
unbind_copy = _copying(splitting.unbind)
unfold_copy = _copying(arranging.unfold)
unsqueeze_copy = _copying(movement.unsqueeze)
view_copy = _copying(movement.view)

row_stack = splitting.vstack
unsafe_chunk = splitting.chunk
unsafe_split = splitting.split


def adjoint(input: Any) -> Any:
    """The conjugate transpose of matrices."""
    need_tensors("adjoint", input=input)
    if input.array.ndim < 2:
        raise OperatorError(
            f"tensor.adjoint() is only supported on matrices or batches of matrices. Got {input.array.ndim}-D tensor."
        )
    return input.mH


def as_strided_scatter(
    input: Any, src: Any, size: Any, stride: Any, storage_offset: int | None = None
) -> Any:
    """A copy of input with src in the elements that `as_strided` would show.

    Raises:
        RuntimeError: src has not the shape size.
    """
    if tuple(src.shape) != tuple(size):
        raise OperatorError(
            f"expected src to have a size equal to the slice of self. src size = {list(src.shape)}, "
            f"slice size = {list(size)}"
        )
    count = input.array.size
    places = ops.arange(end=count, dtype=dtypes.int64, device=input.device)
    places = arranging.as_strided(places, size, stride, storage_offset)
    return picking.put(input, places, src)


def broadcast_shapes(*shapes: Any) -> Size:
    """The shape that tensors of these shapes broadcast to.

    Raises:
        RuntimeError: there is none.
    """
    out: tuple[int, ...] = ()
    for shape in shapes:
        out = broadcast(out, (shape,) if isinstance(shape, int) else tuple(shape))
    return Size(out)


def unravel_index(indices: Any, shape: Any) -> tuple[Any, ...]:
    """For each dimension of shape where the elements at these positions of the flattened tensor stand.

    Raises:
        ValueError: indices are not integers, or shape has negative lengths.
    """
    if indices.dtype not in dtypes.INTEGRAL:
        raise OperatorValueError(
            f"expected 'indices' to be integer dtype, but got {indices.dtype.name}: convert it, as in x.long()"
        )
    lengths = sizes((shape.tolist() if hasattr(shape, "array") else shape,))
    if any(n < 0 for n in lengths):
        raise OperatorValueError(f"'shape' cannot have negative values, but got {lengths}")
    steps = [numel(lengths[i + 1 :]) for i in range(len(lengths))]
    return tuple((indices // step) % n for step, n in zip(steps, lengths, strict=True))


def index_reduce(
    input: Any, dim: int, index: Any, source: Any, reduce: str, *, include_self: bool = True, out: Any = None
) -> Any:
    """input with slices of source folded in at index along dim by "prod", "mean", "amax" or "amin".

    Raises:
        RuntimeError: reduce is unknown, or the shapes do not fit.
    """
    if reduce not in ("prod", "mean", "amax", "amin"):
        raise OperatorError(
            f"index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got {reduce}."
        )
    if not input.array.ndim:
        wide = index_reduce(
            input.unsqueeze(0), 0, index.reshape(-1), source.reshape(-1), reduce, include_self=include_self
        )
        result = wide.squeeze(0)
    else:
        shape = [1] * input.array.ndim
        shape[dim] = index.array.size
        spread = index.reshape(shape).expand(source.array.shape)
        result = picking.scatter_reduce(input, dim, spread.long(), source, reduce, include_self=include_self)
    return result if out is None else write_exact(out, result)
