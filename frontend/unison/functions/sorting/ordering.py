"""Ordering along a dimension, and the first few of an order."""

from __future__ import annotations

from typing import Any

from unison.functions import return_types
from unison.functions._common import refuse_overlap, with_exact_out, write_exact
from unison_core import dtypes, ops
from unison_core.dispatch.promotion import constant
from unison_core.errors import OperatorError
from unison_core.spec import wrap_dim

__all__ = ["argsort", "kthvalue", "msort", "sort", "topk"]


def sort(
    input: Any, dim: int = -1, descending: bool = False, stable: bool = False, *, out: Any = None
) -> Any:
    """(values, indices) in order along dim; equal elements always keep their order."""
    result = return_types.sort(
        *ops.sort(input, dim=wrap_dim(dim, input.array.ndim), descending=bool(descending))
    )
    return result if out is None else write_exact(out, result)


@with_exact_out
def argsort(input: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    """The indices that put input in order along dim; equal elements keep their order."""
    return ops.sort(input, dim=wrap_dim(dim, input.array.ndim), descending=bool(descending))[1]


@with_exact_out
def msort(input: Any) -> Any:
    """input in order along its first dimension."""
    return ops.sort(input, dim=0, descending=False)[0]


def _places(x: Any, dim: int, start: int, stop: int) -> Any:
    return ops.copy(ops.slice(x, key=((slice(None),) * dim) + (slice(start, stop), ...)))


def topk(
    input: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True, *, out: Any = None
) -> Any:
    """(values, indices) of the k largest (or smallest) elements along dim, in order.

    Raises:
        RuntimeError: there are not k elements, or they are bool.
    """
    if input.dtype is dtypes.bool_:
        raise OperatorError("topk does not support bool: convert it, as in x.to(unison.uint8)")
    d = wrap_dim(dim, input.array.ndim)
    length = input.array.shape[d] if input.array.ndim else 1
    if not 0 <= k <= length:
        raise OperatorError(f"selected index k out of range: k={k}, but dimension {d} has {length} elements")
    if not input.array.ndim:
        result = return_types.topk(ops.copy(input), constant(0, dtypes.int64, input.device))
    else:
        ordered = ops.sort(input, dim=d, descending=bool(largest))
        result = return_types.topk(*(_places(part, d, 0, k) for part in ordered))
    return result if out is None else write_exact(out, result)


def kthvalue(input: Any, k: int, dim: int = -1, keepdim: bool = False, *, out: Any = None) -> Any:
    """(values, indices) of the k-th smallest elements along dim, k from 1.

    Raises:
        RuntimeError: there are not k elements.
        IndexError: the dimension is empty.
    """
    from unison.functions.reduction.extremes import pick

    d = wrap_dim(dim, input.array.ndim)
    length = input.array.shape[d] if input.array.ndim else 1
    if length == 0 and input.array.ndim:
        raise IndexError(f"kthvalue(): Expected reduction dim {d} to have non-zero size.")
    if not 1 <= k <= length:
        raise OperatorError(
            f"kthvalue(): selected number k out of range for dimension {d}: k={k} of {length}"
        )
    if not input.array.ndim:
        result = return_types.kthvalue(ops.copy(input), constant(0, dtypes.int64, input.device))
    else:
        order = ops.sort(input.detach(), dim=d, descending=False)[1]
        result = return_types.kthvalue(*pick(input, _places(order, d, k - 1, k), d, keepdim))
    for place in out or ():
        refuse_overlap(place, input)
    return result if out is None else write_exact(out, result)
