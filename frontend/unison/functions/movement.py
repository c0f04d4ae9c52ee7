"""Shapes: views, transpositions, joining and splitting."""

from __future__ import annotations

from typing import Any

from unison.functions._common import fill_size, need_tensors, refuse_overlap, sizes, write_out
from unison.functions._relayout import relaid
from unison_core import ops
from unison_core.dtypes import DType
from unison_core.errors import (
    OperatorError,
    OperatorIndexError,
    OperatorValueError,
    ViewError,
)
from unison_core.handle import Handle
from unison_core.spec import wrap_dim

__all__ = [
    "cat",
    "expand",
    "flatten",
    "permute",
    "reshape",
    "squeeze",
    "stack",
    "t",
    "transpose",
    "unsqueeze",
    "view",
]


def view(input: Any, *shape: Any) -> Any:
    """input in another shape (one -1 is inferred) on the same memory, or its bytes as another dtype.

    Raises:
        RuntimeError: the sizes do not fit, or it would need a copy.
    """
    if shape and shape[0].__class__ is not int:
        if shape[0].__class__ is DType:
            from unison.functions.exchange import view_dtype

            return view_dtype(input, shape[0])
        shape = sizes(shape)
    if -1 in shape:
        shape = fill_size(shape, input.array.size)
    try:
        return ops.view(input, shape=shape)
    except ViewError as error:
        refused = error.with_traceback(None)
    if not relaid(input):
        raise refused
    return ops.view(input, shape=sizes(shape))


def reshape(input: Any, *shape: Any) -> Any:
    """input in another shape (one -1 is inferred): a view where memory allows, else a copy."""
    if shape and shape[0].__class__ is not int:
        shape = sizes(shape)
    if -1 in shape:
        shape = fill_size(shape, input.array.size)
    try:
        return ops.view(input, shape=shape)
    except ViewError as error:
        error.with_traceback(None)
    return ops.view(input if relaid(input) else ops.copy(input), shape=sizes(shape))


def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    """input with the dimensions from start_dim to end_dim joined into one."""
    n = input.array.ndim
    start, end = wrap_dim(start_dim, n), wrap_dim(end_dim, n)
    if not n:
        return reshape(input, 1)
    if start > end:
        raise OperatorError("flatten() has invalid args: start_dim cannot come after end_dim")
    if start == end:
        return input
    from unison_core.spec import numel

    shape = input.array.shape
    return reshape(input, (*shape[:start], numel(shape[start : end + 1]), *shape[end + 1 :]))


def permute(input: Any, *dims: Any) -> Any:
    """input with its dimensions in the given order; negative ones count from the end."""
    n = input.array.ndim
    given = sizes(dims)
    if len(given) != n:
        raise OperatorError(
            f"permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired "
            f"ordering of dimensions i.e. input.dim() = {n} is not equal to len(dims) = {len(given)}"
        )
    return ops.permute(input, dims=tuple(wrap_dim(d, n) for d in given))


def transpose(input: Any, dim0: int, dim1: int) -> Any:
    """input with two dimensions exchanged."""
    n = input.array.ndim
    order = list(_ORDERS[n] if n < len(_ORDERS) else range(n))
    try:
        order[dim0], order[dim1] = order[dim1], order[dim0]
    except IndexError:
        # Out of range, or of a number, which is as if it had a dimension.
        wrap_dim(dim0, n)
        wrap_dim(dim1, n)
    return ops.permute(input, dims=tuple(order))


_ORDERS = [tuple(range(n)) for n in range(9)]


def t(input: Any) -> Any:
    """The transpose of a matrix; vectors and numbers stay as they are.

    Raises:
        RuntimeError: more than two dimensions.
    """
    n = input.array.ndim
    if n > 2:
        raise OperatorError(f"t() expects a tensor with <= 2 dimensions, but self is {n}D")
    return ops.permute(input, dims=_REVERSED[n])


_REVERSED = ((), (0,), (1, 0))


def expand(input: Any, *shape: Any) -> Any:
    """input with dimensions of length 1 repeated without a copy; -1 keeps a length."""
    size = sizes(shape)
    have = input.array.shape
    lead = len(size) - len(have)
    if lead < 0:
        raise OperatorError(
            f"expand: the number of sizes provided ({len(size)}) must be greater or equal to the number of dimensions "
            f"in the tensor ({len(have)})"
        )
    if any(n == -1 for n in size[:lead]):
        raise OperatorError(
            "The expanded size of the tensor (-1) isn't allowed in a leading, non-existing dimension 0"
        )
    full = size[:lead] + tuple(h if n == -1 else n for n, h in zip(size[lead:], have, strict=True))
    return ops.expand(input, shape=full)


def squeeze(input: Any, dim: Any = None) -> Any:
    """input without its dimensions of length 1, or without those among dim."""
    shape = input.array.shape
    n = len(shape)
    if dim is None:
        chosen = set(range(n))
    else:
        chosen = {wrap_dim(d, n) for d in ((dim,) if isinstance(dim, int) else dim)}
    return (
        ops.view(input, shape=tuple(s for i, s in enumerate(shape) if s != 1 or i not in chosen))
        if (all_viewable(input))
        else ops.slice(
            input, key=tuple(0 if s == 1 and i in chosen else slice(None) for i, s in enumerate(shape))
        )
    )


def all_viewable(input: Any) -> bool:
    """Whether any view of the elements in order is possible: contiguous memory."""
    return bool(input.device.backend.is_contiguous(input.array))


def unsqueeze(input: Any, dim: int) -> Any:
    """input with a new dimension of length 1 before position dim."""
    n = input.array.ndim
    if not -(n + 1) <= dim <= n:
        raise OperatorIndexError(
            f"Dimension out of range (expected to be in range of [{-n - 1}, {n}], but got {dim})"
        )
    at = dim % (n + 1)
    return ops.slice(input, key=(slice(None),) * at + (None, ...))


def cat(tensors: Any, dim: Any = 0, *, out: Any = None, axis: Any = None) -> Any:
    """The tensors joined along dim; empty 1-d tensors are left out, as torch does for history's sake.

    Raises:
        ValueError: no tensors.
        TypeError: tensors is not a sequence of tensors.
        RuntimeError: their other lengths differ, or out lies in the memory of one of them.
    """
    if out is None and axis is None and dim.__class__ is int and dim >= 0 and tensors.__class__ in _LISTS:
        try:
            # Two is the usual number, and a call with a list takes half as long again.
            return (
                ops.cat(tensors[0], tensors[1], dim=dim) if len(tensors) == 2 else ops.cat(*tensors, dim=dim)
            )
        except Exception:  # noqa: BLE001, S110 - none given, empty ones among others, or an error: see below
            pass
    dim = dim if axis is None else axis
    if isinstance(tensors, Handle):
        raise TypeError("cat(): argument 'tensors' must be a tuple of Tensors, not Tensor")
    given = list(tensors)
    if not given:
        raise OperatorValueError("torch.cat(): expected a non-empty list of Tensors")
    for i, x in enumerate(given):
        if not isinstance(x, Handle):
            need_tensors("cat", **{f"tensors[{i}]": x})
    full = [t for t in given if t.array.shape != (0,)] or given[:1]
    result = ops.cat(*full, dim=wrap_dim(dim, full[0].array.ndim) if full[0].array.ndim else 0)
    if len(full) != len(given):
        from unison_core.dispatch.promotion import common_dtype

        kind = common_dtype(given)
        result = result if result.dtype is kind else ops.cast(result, dtype=kind)
    refuse_overlap(out, *given)
    return result if out is None else write_out(out, result)


_LISTS = (list, tuple)


def stack(tensors: Any, dim: int = 0, *, out: Any = None) -> Any:
    """The tensors, of one shape, joined along a new dimension.

    Raises:
        RuntimeError: no tensors, or their shapes differ.
    """
    given = tensors if tensors.__class__ in _LISTS else list(tensors)
    if not given:
        raise OperatorError("stack expects a non-empty TensorList")
    first = given[0].array.shape
    for x in given:
        if x.array.shape != first:
            i = [y.array.shape == first for y in given].index(False)
            raise OperatorError(
                f"stack expects each tensor to be equal size, but got {list(first)} at entry 0 and "
                f"{list(x.array.shape)} at entry {i}"
            )
    at = dim if dim.__class__ is int and dim == 0 else wrap_dim(dim, len(first) + 1)
    if at < len(first):
        # Joined along an existing dimension, the parts lie as they will in the new one.
        count = len(given)
        joined = ops.cat(given[0], given[1], dim=at) if count == 2 else ops.cat(*given, dim=at)
        result = ops.view(joined, shape=(*first[:at], count, *first[at:]) if at else (count, *first))
    else:
        result = ops.cat(*[unsqueeze(x, at) for x in given], dim=at)
    return result if out is None else write_out(out, result)
