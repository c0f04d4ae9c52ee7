"""Finding elements among ordered or unordered others."""

from __future__ import annotations

from typing import Any

from unison.functions._common import tensor_like, with_exact_out
from unison_core import dtypes, ops
from unison_core.errors import OperatorError, OperatorTypeError
from unison_core.handle import Handle

__all__ = ["bucketize", "isin", "searchsorted"]


@with_exact_out
def searchsorted(
    sorted_sequence: Any,
    input: Any,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Any = None,
) -> Any:
    """Where each element of input would be inserted into the ordered last dimension: before equals, or after (right).

    sorter holds the indices that order sorted_sequence, which then need not be ordered.

    Raises:
        RuntimeError: shapes or dtypes do not fit, or side contradicts right.
    """
    if side not in (None, "left", "right"):
        raise OperatorError(f"torch.searchsorted(): side can only be 'left' or 'right' but got {side}")
    if side == "left" and right:
        raise OperatorError(
            "torch.searchsorted(): side and right can't be set to opposites, got side of left while right was True"
        )
    values = tensor_like(input, sorted_sequence)
    if not values.array.ndim and sorted_sequence.array.ndim != 1:
        raise OperatorError(
            "torch.searchsorted(): input value can be a scalar only when boundaries tensor dimension is 1"
        )
    if not sorted_sequence.array.ndim:
        raise OperatorError("torch.searchsorted(): boundaries tensor should have positive dimension")
    if isinstance(input, Handle) and values.dtype is not sorted_sequence.dtype:
        raise OperatorError(
            "torch.searchsorted(): boundary tensor and input value tensor should have same dtype, but got "
            f"{sorted_sequence.dtype.name} and {values.dtype.name}"
        )
    if sorter is not None:
        sorted_sequence = ops.gather(
            sorted_sequence, _checked_sorter(sorter, sorted_sequence), dim=sorted_sequence.array.ndim - 1
        )
    return _found(sorted_sequence, values, right or side == "right", out_int32)


def _checked_sorter(sorter: Any, sequence: Any) -> Any:
    if sorter.array.shape != sequence.array.shape:
        raise OperatorError(
            "torch.searchsorted(): boundary and sorter must have the same size, but got "
            f"{list(sequence.shape)} and {list(sorter.shape)}"
        )
    if sorter.dtype is not dtypes.int64:
        raise OperatorError(
            f"torch.searchsorted(): sorter must be a tensor of long dtype but got {sorter.dtype.name}"
        )
    n = sequence.array.shape[-1]
    outside = ops.logical_or(ops.lt(sorter, 0), ops.ge(sorter, n))
    if bool(ops.any(outside, dim=None, keepdim=False).item()):
        raise OperatorError("torch.searchsorted(): sorter index out of range")
    return sorter


def _found(ordered: Any, values: Any, right: bool, out_int32: bool) -> Any:
    if values.dtype is not ordered.dtype:
        target = dtypes.promote(values.dtype, ordered.dtype)
        ordered, values = ops.cast(ordered, dtype=target), ops.cast(values, dtype=target)
    places = ops.searchsorted(ordered, values, right=bool(right))
    return ops.cast(places, dtype=dtypes.int32) if out_int32 else places


@with_exact_out
def bucketize(input: Any, boundaries: Any, *, out_int32: bool = False, right: bool = False) -> Any:
    """The number of the bucket of each element between ordered 1-d boundaries; right: it owns its left end.

    Raises:
        RuntimeError: boundaries are not 1-d.
    """
    if boundaries.array.ndim != 1:
        raise OperatorError(
            f"bucketize: boundaries tensor must be 1 dimension, but got dim({boundaries.array.ndim})"
        )
    return _found(boundaries, tensor_like(input, boundaries), right, out_int32)


@with_exact_out
def isin(elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False) -> Any:
    """Where elements are among test_elements; NaN is in nothing.

    Raises:
        RuntimeError: both are numbers.
    """
    if not isinstance(elements, Handle) and not isinstance(test_elements, Handle):
        raise OperatorTypeError("isin() needs a tensor among elements and test_elements")
    like = elements if isinstance(elements, Handle) else test_elements
    a, b = tensor_like(elements, like), tensor_like(test_elements, like)
    target = dtypes.promote(a.dtype, b.dtype)
    a, b = (x if x.dtype is target else ops.cast(x, dtype=target) for x in (a, b))
    pool = ops.sort(ops.reshape(b, shape=(b.array.size,)), dim=0, descending=False)[0]
    if not b.array.size:
        found = ops.ne(ops.mul(ops.eq(a, a), False), False)
    else:
        flat = ops.reshape(a, shape=(a.array.size,))
        places = ops.minimum(ops.searchsorted(pool, flat, right=False), b.array.size - 1)
        found = ops.reshape(ops.eq(ops.gather(pool, places, dim=0), flat), shape=tuple(a.array.shape))
    return ops.logical_not(found) if invert else found
