"""Looking up rows of a table, alone and summed up in bags."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from unison.nn.functional.distance import norm
from unison_core import dtypes, ops, state
from unison_core.dispatch import inplace
from unison_core.dispatch.promotion import constant
from unison_core.errors import OperatorError

__all__ = ["embedding", "embedding_bag"]


def embedding(
    input: Any,
    weight: Any,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Any:
    """The rows of weight (rows, features) at input: input.shape + (features,).

    padding_idx gets no gradient. max_norm first shrinks, in place, the rows that are looked up and longer than that.
    Gradients are always dense: `sparse` changes nothing else.

    Raises:
        RuntimeError: input is neither int64 nor int32, weight is not 2-d, or padding_idx is not a row of it.
        IndexError: an index is out of range.
    """
    if padding_idx is not None:
        padding_idx = _row("padding_idx", padding_idx, weight)
    index = _index(input, "embedding")
    if weight.array.ndim != 2:
        raise OperatorError(f"'weight' must be 2-D, got {list(weight.shape)}")
    if max_norm is not None:
        _shrink(weight, index, max_norm, norm_type)
    return ops.embedding(weight, index, padding_idx=padding_idx, scale_grad_by_freq=bool(scale_grad_by_freq))


def _index(input: Any, name: str) -> Any:
    if input.dtype is dtypes.int64:
        return input
    if input.dtype is dtypes.int32:
        return ops.cast(input, dtype=dtypes.int64)
    raise OperatorError(
        f"Expected tensor for argument 'indices' to have one of the following scalar types: Long, Int; but got "
        f"{input.dtype.name} instead (while checking arguments for {name})"
    )


def _row(name: str, place: int, weight: Any) -> int:
    rows: int = weight.array.shape[0]
    if not -rows <= place < rows:
        raise AssertionError(f"{name} must be within num_embeddings, got {place} for {rows} rows")
    return place % rows


def _shrink(weight: Any, index: Any, max_norm: float, norm_type: float) -> None:
    """Scale the rows at index that are longer than max_norm down to it, in place and unrecorded."""
    before = state.set_grad(False)
    try:
        flat = ops.reshape(index, shape=(index.array.size,))
        rows = ops.index_select(weight, flat, dim=0)
        length = norm(rows, norm_type, keepdim=True)
        short = ops.div(constant(max_norm, length.dtype, length.device), ops.add(length, 1e-7))
        scale = ops.where(ops.gt(length, max_norm), short, constant(1, length.dtype, length.device))
        inplace.inplace(ops.index_put)(weight.detach(), ops.mul(rows, scale), flat, accumulate=False)
    finally:
        state.set_grad(before)


def embedding_bag(
    input: Any,
    weight: Any,
    offsets: Any = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Any = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Any:
    """The "sum", "mean" or "max" of the rows of weight in each bag: (bags, features).

    Bags are the rows of a 2-d input, or the runs of a 1-d input that begin at offsets; empty ones give 0, and
    padding_idx does not count. per_sample_weights scale the rows of sums.

    Raises:
        ValueError: offsets or per_sample_weights do not fit the input, or the mode is unknown.
        RuntimeError: dtypes or shapes do not fit.
    """
    index = _index(input, "embedding_bag")
    _check_bags(index, weight, offsets, mode, per_sample_weights, scale_grad_by_freq)
    if padding_idx is not None:
        padding_idx = _row("padding_idx", padding_idx, weight)
    if max_norm is not None:
        _shrink(weight, index, max_norm, norm_type)
    starts = _starts(index, offsets, include_last_offset)
    flat = ops.reshape(index, shape=(index.array.size,))
    rows = ops.embedding(weight, flat, padding_idx=padding_idx, scale_grad_by_freq=bool(scale_grad_by_freq))
    counted = None if padding_idx is None else ops.ne(flat, padding_idx)
    places, valid = _bags(starts, flat, counted)
    if per_sample_weights is not None:
        scale = ops.reshape(per_sample_weights, shape=(flat.array.size, 1))
        rows = ops.mul(rows, scale)
    return _fold(rows, places, valid, mode)


def _check_bags(index: Any, weight: Any, offsets: Any, mode: str, per_sample: Any, by_freq: bool) -> None:
    if weight.array.ndim != 2:
        raise OperatorError(f"weight has to be a 2D Tensor, but got Tensor of dimension {weight.array.ndim}")
    if mode not in ("sum", "mean", "max"):
        raise ValueError(
            "mode has to be one of sum or mean"
            if mode is None
            else f"mode has to be one of sum, mean or max, got {mode!r}"
        )
    if mode == "max" and by_freq:
        raise ValueError("max mode does not support scaling the gradient by the frequency")
    if index.array.ndim == 2 and offsets is not None:
        raise ValueError(
            "if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length "
            f"sequences. However, found offsets of type {type(offsets).__name__}"
        )
    if index.array.ndim == 1 and offsets is None:
        raise ValueError("offsets has to be a 1D Tensor but got None")
    if index.array.ndim == 1 and offsets.array.ndim != 1:
        raise ValueError("offsets has to be a 1D Tensor")
    if index.array.ndim not in (1, 2):
        raise ValueError(f"input has to be 1D or 2D Tensor, but got Tensor of dimension {index.array.ndim}")
    if per_sample is None:
        return
    if per_sample.array.shape != index.array.shape:
        raise ValueError(
            f"embedding_bag: If per_sample_weights ({list(per_sample.shape)}) is not None, then it must have the same "
            f"shape as the input ({list(index.shape)})"
        )
    if mode != "sum":
        raise NotImplementedError(
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for mode='sum' "
            f"(got mode='{mode}')."
        )
    if per_sample.dtype is not weight.dtype:
        raise OperatorError(
            f"expected scalar type {weight.dtype.name} but found {per_sample.dtype.name} for per_sample_weights"
        )


def _starts(index: Any, offsets: Any, include_last: bool) -> list[int]:
    """Where each bag starts among the flattened indices, and where the last one ends.

    Raises:
        RuntimeError: the first does not start at 0, or one starts behind the end.
    """
    if offsets is None:
        bags, length = index.array.shape
        return [i * length for i in range(bags + 1)]
    starts = [int(v) for v in offsets.tolist()]
    if starts and starts[0] != 0:
        raise OperatorError(
            f"offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. "
            f"However, got {starts[0]}"
        )
    if starts and starts[-1] > index.array.size:
        raise OperatorError(
            f"offsets[-1] can not be greater than input's length {index.array.size} but got offsets[-1] of {starts[-1]}"
        )
    return starts if include_last else [*starts, index.array.size]


def _bags(starts: list[int], flat: Any, counted: Any) -> tuple[Any, Any]:
    """(bags, longest) places among the flattened indices, and which of them are there and count."""
    from unison.functions.conversion import tensor

    lengths = [b - a for a, b in pairwise(starts)]
    longest = max(lengths, default=0)
    last = max(flat.array.size - 1, 0)
    grid = [[min(a + j, last) for j in range(longest)] for a in starts[:-1]]
    there = [[j < n for j in range(longest)] for n in lengths]
    places = ops.reshape(tensor(grid, dtype=dtypes.int64, device=flat.device), shape=(len(lengths), longest))
    valid = ops.reshape(tensor(there, dtype=dtypes.bool_, device=flat.device), shape=(len(lengths), longest))
    if counted is not None and longest:
        valid = ops.logical_and(valid, ops.index(counted, places))
    return places, valid


def _fold(rows: Any, places: Any, valid: Any, mode: str) -> Any:
    bags, longest = places.array.shape
    zero = constant(0, rows.dtype, rows.device)
    if not bags or not longest:
        features = rows.array.shape[1]
        return ops.add(
            ops.full(shape=(bags, features), value=0, dtype=rows.dtype, device=rows.device),
            ops.sum(rows, dim=(0,)),
        )
    picked = ops.index(rows, places)
    mask = ops.slice(valid, key=(..., None))
    count = ops.sum(valid, dim=(1,), keepdim=True)
    if mode == "max":
        low = ops.where(mask, picked, constant(float("-inf"), rows.dtype, rows.device))
        top = ops.gather(low, ops.argmax(low, dim=1, keepdim=True), dim=1)
        top = ops.view(top, shape=(bags, rows.array.shape[1]))
        return ops.where(ops.eq(count, 0), zero, top)
    total = ops.sum(ops.where(mask, picked, zero), dim=(1,), keepdim=False)
    if mode == "sum":
        return total
    return ops.div(total, ops.cast(ops.maximum(count, 1), dtype=rows.dtype))
