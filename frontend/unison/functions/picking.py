"""Functions that pick and place elements by index tensors or masks."""

from __future__ import annotations

from typing import Any

from unison.functions._common import refuse_overlap, write_exact
from unison.functions.movement import reshape
from unison.functions.sorting.unique import unique
from unison_core import dtypes, ops
from unison_core.dispatch.inplace import inplace
from unison_core.errors import OperatorError, OperatorIndexError
from unison_core.handle import Handle
from unison_core.spec import broadcast, wrap_dim

__all__ = [
    "argwhere",
    "gather",
    "index_add",
    "index_copy",
    "index_fill",
    "index_put",
    "index_put_",
    "index_select",
    "masked_fill",
    "masked_scatter",
    "masked_select",
    "put",
    "scatter",
    "scatter_add",
    "scatter_reduce",
    "take",
    "take_along_dim",
]


def _long(index: Any, name: str) -> Any:
    """index as int64.

    Raises:
        RuntimeError: it is not of an integer type.
    """
    if index.dtype is dtypes.int64:
        return index
    if index.dtype is dtypes.int32:
        return ops.cast(index, dtype=dtypes.int64)
    raise OperatorError(f"{name}(): Expected dtype int32 or int64 for index, but got {index.dtype.name}")


def _wrapped(index: Any, length: int) -> Any:
    """Negative indices counted from the end; what is out of range stays so."""
    return ops.where(ops.lt(index, 0), ops.add(index, length), index)


def gather(input: Any, dim: int, index: Any, *, sparse_grad: bool = False, out: Any = None) -> Any:
    """out[i][j] = input[index[i][j]][j] for dim 0, and so on.

    Raises:
        RuntimeError: index is not int64, or does not fit input.
        IndexError: an index is out of range.
    """
    d = wrap_dim(dim, input.array.ndim)
    result = ops.gather(input, _only_long(index, "gather"), dim=d)
    if out is not None:
        refuse_overlap(out, input, index)
        if out.dtype is not input.dtype:
            raise OperatorError(
                f"gather(): expected out tensor to have dtype {input.dtype.name}, but got {out.dtype.name} instead"
            )
    return result if out is None else write_exact(out, result)


def _only_long(index: Any, name: str) -> Any:
    if index.dtype is dtypes.int64 or not index.array.size:
        return index if index.dtype is dtypes.int64 else ops.cast(index, dtype=dtypes.int64)
    return _long(index, name)


def index_select(input: Any, dim: int, index: Any, *, out: Any = None) -> Any:
    """The slices of input along dim at a vector of indices."""
    d = wrap_dim(dim, input.array.ndim)
    result = ops.index_select(input, _long(index, "index_select"), dim=d)
    refuse_overlap(out, input, index)
    return result if out is None else write_exact(out, result)


def index_add(input: Any, dim: int, index: Any, source: Any, *, alpha: Any = 1, out: Any = None) -> Any:
    """input with alpha * source's slices added along dim at a vector of indices."""
    d = wrap_dim(dim, input.array.ndim)
    if source.dtype is not input.dtype:
        raise OperatorError(
            f"index_add_(): self ({input.dtype.name}) and source ({source.dtype.name}) must have the same scalar type"
        )
    if input.array.ndim != source.array.ndim and input.array.ndim and index.array.ndim:
        raise OperatorError(
            f"index_add_(): source tensor shape must match self tensor shape, excluding the specified dimension. Got "
            f"self.shape = {list(input.shape)} source.shape = {list(source.shape)}"
        )
    result = ops.index_add(input, _long(index, "index_add"), source, dim=d, alpha=alpha)
    return result if out is None else write_exact(out, result)


def _key(x: Any, dim: int, index: Any) -> tuple[Any, ...]:
    """Index tensors for `ops.index_put` that mean: along dim at the vector `index`."""
    return (*(None,) * dim, index)


def index_copy(input: Any, dim: int, index: Any, source: Any, *, out: Any = None) -> Any:
    """input with source's slices in place of those along dim at a vector of indices.

    Raises:
        RuntimeError: dtypes or shapes do not fit.
    """
    if source.dtype is not input.dtype:
        raise OperatorError(
            f"index_copy_(): self and source expected to have the same dtype, but got (self) {input.dtype.name} and "
            f"(source) {source.dtype.name}"
        )
    index = _only_long(index, "index_copy")
    if index.array.ndim > 1:
        raise OperatorIndexError(
            f"index_copy_(): Index should have dimension 1 or 0 (got {index.array.ndim})"
        )
    if not input.array.ndim:
        result = reshape(source, ())
    else:
        d = wrap_dim(dim, input.array.ndim)
        flat = reshape(index, index.array.size)
        if source.array.ndim != input.array.ndim and source.array.ndim:
            raise OperatorIndexError(
                "index_copy_(): When source and destination are not scalars, their dimensionality must match"
            )
        result = ops.index_put(input, source, *_key(input, d, flat), accumulate=False)
    return result if out is None else write_exact(out, result)


def index_fill(input: Any, dim: int, index: Any, value: Any) -> Any:
    """input with a number, or 0-d tensor, in the slices along dim at a vector of indices."""
    index = _only_long(index, "index_fill_")
    if isinstance(value, Handle) and value.tracked:
        # A slice named twice is filled once, so the value's gradient has its share once.
        index = unique(index)
    fill = _value(value, input, "index_fill_")
    if not input.array.ndim:
        return reshape(index_fill(reshape(input, 1), dim, index, value), ())
    d = wrap_dim(dim, input.array.ndim)
    return ops.index_put(input, fill, *_key(input, d, reshape(index, index.array.size)), accumulate=False)


def _value(value: Any, like: Any, name: str) -> Any:
    """A number or 0-d tensor in like's dtype.

    Raises:
        RuntimeError: a tensor with dimensions, or a complex number for real elements.
    """
    if not isinstance(value, Handle):
        if isinstance(value, complex) and like.dtype not in dtypes.COMPLEX:
            raise OperatorError(
                f"{name}: value cannot be converted to type {like.dtype.name} without overflow"
            )
        return ops.full(shape=(), value=value, dtype=like.dtype, device=like.device)
    if value.array.ndim:
        raise OperatorError(
            f"{name} only supports a 0-dimensional value tensor, but got tensor with {value.array.ndim} dimension(s)."
        )
    if value.dtype.is_complex and not like.dtype.is_complex:
        raise OperatorError(f"{name}: value cannot be converted to type {like.dtype.name} without overflow")
    value = value if value.device is like.device else ops.to_device(value, device=like.device)
    return value if value.dtype is like.dtype else ops.cast(value, dtype=like.dtype)


def index_put(input: Any, indices: Any, values: Any, accumulate: bool = False) -> Any:
    """A copy of input with values written, or added, where input[indices] reads."""
    key = _indices(input, indices)
    _same_dtype(input, values)
    values = values if values.device is input.device else ops.to_device(values, device=input.device)
    return ops.index_put(input, values, *key, accumulate=accumulate)


def _same_dtype(input: Any, values: Any) -> None:
    if values.dtype is not input.dtype:
        raise OperatorError(
            f"Index put requires the source and destination dtypes match, got {input.dtype.name} for the destination "
            f"and {values.dtype.name} for the source."
        )


_put = inplace(ops.index_put)


def index_put_(input: Any, indices: Any, values: Any, accumulate: bool = False) -> Any:
    """Write, or add, values where input[indices] reads."""
    _same_dtype(input, values)
    return _put(input, values, *_indices(input, indices), accumulate=accumulate)


def _indices(x: Any, indices: Any) -> tuple[Any, ...]:
    from unison.functions.indexing import mask_indices

    out: list[Any] = []
    for k in indices:
        if k is None:
            out.append(None)
        elif k.dtype in (dtypes.bool_, dtypes.uint8):
            out.extend(mask_indices(x, ops.cast(k, dtype=dtypes.bool_)))
        else:
            out.append(_long(k, "index_put_"))
    return tuple(out)


def masked_fill(input: Any, mask: Any, value: Any) -> Any:
    """input with a number, or 0-d tensor, where the bool mask (broadcast) holds.

    Raises:
        RuntimeError: the mask is not bool, or the value has dimensions.
    """
    if mask.dtype is not dtypes.bool_:
        raise OperatorError(
            f"masked_fill_ only supports boolean masks, but got mask with dtype {mask.dtype.name}"
        )
    return ops.where(mask, _value(value, input, "masked_fill_"), input)


def masked_select(input: Any, mask: Any, *, out: Any = None) -> Any:
    """The elements where the bool mask holds, both broadcast, as a vector.

    Raises:
        RuntimeError: the mask is not bool.
    """
    if mask.dtype is not dtypes.bool_:
        raise OperatorError(f"masked_select: expected BoolTensor for mask, got {mask.dtype.name}")
    shape = broadcast(input.array.shape, mask.array.shape)
    x, m = ops.expand(input, shape=shape), ops.expand(mask, shape=shape)
    size = x.array.size
    places = ops.nonzero(reshape(m, size))
    result = ops.index_select(reshape(x, size), reshape(places, places.array.shape[0]), dim=0)
    refuse_overlap(out, input, mask)
    return result if out is None else write_exact(out, result)


def masked_scatter(input: Any, mask: Any, source: Any) -> Any:
    """input with source's elements, in order, where the bool mask (broadcast) holds.

    Raises:
        RuntimeError: dtypes differ, or source has too few elements.
    """
    if source.dtype is not input.dtype:
        raise OperatorError(
            f"masked_scatter_: expected self and source to have same dtypes but got {input.dtype.name} and "
            f"{source.dtype.name}"
        )
    if mask.dtype is not dtypes.bool_:
        raise OperatorError(
            f"masked_scatter_ only supports boolean masks, but got mask with dtype {mask.dtype.name}"
        )
    shape = broadcast(input.array.shape, mask.array.shape)
    x, m = ops.expand(input, shape=shape), ops.expand(mask, shape=shape)
    size = x.array.size
    places = ops.nonzero(reshape(m, size))
    count = places.array.shape[0]
    if count > source.array.size:
        raise OperatorError(
            "masked_scatter: expected self and source to have enough elements: number of elements of "
            f"source ({source.array.size}) < number of ones in mask ({count})"
        )
    taken = ops.slice(reshape(source, source.array.size), key=(slice(0, count),))
    flat = ops.index_put(reshape(x, size), taken, reshape(places, count), accumulate=False)
    return reshape(flat, shape)


def _source(src: Any, index: Any, input: Any) -> Any:
    if isinstance(src, Handle):
        return src
    number = ops.full(shape=(), value=src, dtype=input.dtype, device=input.device)
    return ops.expand(number, shape=tuple(index.array.shape))


def scatter(
    input: Any,
    dim: int,
    index: Any,
    src: Any = None,
    *,
    value: Any = None,
    reduce: str | None = None,
    out: Any = None,
) -> Any:
    """input with src (a tensor or number) written at index along dim; reduce "add" or "multiply" combines instead.

    Raises:
        RuntimeError: index or src do not fit, or reduce is unknown.
        IndexError: an index is out of range.
    """
    source = _source(src if src is not None else value, index, input)
    index = _only_long(index, "scatter")
    d = wrap_dim(dim, input.array.ndim)
    if source.dtype is not input.dtype:
        raise OperatorError(
            f"scatter(): Expected self.dtype to be equal to src.dtype: {input.dtype.name}, {source.dtype.name}"
        )
    if reduce is None:
        result = ops.scatter(input, index, source, dim=d)
    elif reduce == "add":
        result = ops.scatter_add(input, index, source, dim=d)
    elif reduce == "multiply":
        result = ops.scatter_reduce(input, index, source, dim=d, reduce="prod")
    else:
        raise OperatorError("reduce argument must be either add or multiply.")
    return result if out is None else write_exact(out, result)


def scatter_add(input: Any, dim: int, index: Any, src: Any, *, out: Any = None) -> Any:
    """input with src added at index along dim."""
    if src.dtype is not input.dtype:
        raise OperatorError(
            f"scatter_add(): Expected self.dtype to be equal to src.dtype: {input.dtype.name}, {src.dtype.name}"
        )
    result = ops.scatter_add(
        input, _only_long(index, "scatter_add"), src, dim=wrap_dim(dim, input.array.ndim)
    )
    return result if out is None else write_exact(out, result)


def scatter_reduce(
    input: Any, dim: int, index: Any, src: Any, reduce: str, *, include_self: bool = True, out: Any = None
) -> Any:
    """input with src folded in at index along dim by "sum", "prod", "mean", "amax" or "amin".

    Raises:
        RuntimeError: reduce is unknown, or index or src do not fit.
    """
    if reduce not in ("sum", "prod", "mean", "amax", "amin"):
        raise OperatorError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}.")
    if src.dtype is not input.dtype:
        raise OperatorError(
            f"scatter_reduce(): Expected self.dtype to be equal to src.dtype: {input.dtype.name}, {src.dtype.name}"
        )
    d = wrap_dim(dim, input.array.ndim)
    index = _only_long(index, "scatter_reduce")
    if input.tracked or src.tracked:
        from unison.functions.folding import scatter_reduce_recorded

        result = scatter_reduce_recorded(input, d, index, src, reduce, include_self)
    else:
        from unison.functions.folding import scatter_reduce_plain

        result = scatter_reduce_plain(input, d, index, src, reduce, include_self)
    return result if out is None else write_exact(out, result)


def take(input: Any, index: Any, *, out: Any = None) -> Any:
    """The elements at indices into the flattened tensor, negative ones from the end."""
    if index.dtype is not dtypes.int64:
        raise OperatorError(f"take(): Expected a long tensor for index, but got {index.dtype.name}")
    size = input.array.size
    if index.array.size and not size:
        raise OperatorIndexError("take(): tried to take from an empty tensor")
    result = ops.index(reshape(input, size), index)
    refuse_overlap(out, input, index)
    return result if out is None else write_exact(out, result)


def put(input: Any, index: Any, source: Any, accumulate: bool = False) -> Any:
    """input with source written, or added, at indices into the flattened tensor."""
    if index.dtype is not dtypes.int64:
        raise OperatorError(f"put_(): Expected a long tensor for index, but got {index.dtype.name}")
    if source.dtype is not input.dtype:
        raise OperatorError(
            f"put_(): self and source expected to have the same dtype, but got self.dtype = {input.dtype.name} and "
            f"source.dtype = {source.dtype.name}"
        )
    if source.array.size != index.array.size:
        raise OperatorError(
            f"put_(): Expected source and index to have the same number of elements, but got {source.array.size} and "
            f"{index.array.size}"
        )
    size = input.array.size
    if index.array.size and not size:
        raise OperatorIndexError("put_(): tried to put elements into an empty tensor")
    flat = ops.index_put(
        reshape(input, size), reshape(source, index.array.shape), index, accumulate=accumulate
    )
    return reshape(flat, input.array.shape)


def take_along_dim(input: Any, indices: Any, dim: int | None = None, *, out: Any = None) -> Any:
    """gather with input and indices broadcast except along dim; without dim, of the flattened tensors."""
    if indices.dtype not in (dtypes.int32, dtypes.int64):
        raise OperatorError(
            f"torch.take_along_dim(): dtype of indices should be Long or Int but got {indices.dtype.name}"
        )
    if indices.dtype is dtypes.int32:
        indices = ops.cast(indices, dtype=dtypes.int64)
    if dim is None:
        result = ops.gather(reshape(input, input.array.size), reshape(indices, indices.array.size), dim=0)
    else:
        if input.array.ndim != indices.array.ndim:
            raise OperatorError(
                "torch.take_along_dim(): input and indices should have the same number of dimensions, but got "
                f"{input.array.ndim} dimensions for input, and {indices.array.ndim} dimensions for indices"
            )
        d = wrap_dim(dim, input.array.ndim)
        rest_x = [1 if i == d else n for i, n in enumerate(input.array.shape)]
        rest_i = [1 if i == d else n for i, n in enumerate(indices.array.shape)]
        shape = broadcast(rest_x, rest_i)
        x = ops.expand(input, shape=tuple(input.array.shape[d] if i == d else n for i, n in enumerate(shape)))
        index = ops.expand(
            indices, shape=tuple(indices.array.shape[d] if i == d else n for i, n in enumerate(shape))
        )
        result = ops.gather(x, _wrapped(index, input.array.shape[d]), dim=d)
    return result if out is None else write_exact(out, result)


def argwhere(input: Any) -> Any:
    """int64 (n, ndim) indices of the non-zero elements."""
    return ops.nonzero(input)
