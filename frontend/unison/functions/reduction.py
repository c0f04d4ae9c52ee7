"""Sums, means, extremes and the other functions that fold dimensions away."""

from __future__ import annotations

from typing import Any

from unison.functions._common import dims, write_out
from unison_core import dtypes, ops
from unison_core.dtypes import DType
from unison_core.errors import OperatorError

__all__ = ["all", "amax", "amin", "any", "argmax", "argmin", "mean", "sum"]


def sum(
    input: Any, dim: Any = None, keepdim: bool = False, *, dtype: DType | None = None, out: Any = None
) -> Any:
    """The sum of the elements over dim (all of them unless given)."""
    if dim is None and dtype is None and out is None:
        return ops.sum(input, dim=None, keepdim=keepdim)
    if dtype is not None and dtype is not input.dtype:
        input = ops.cast(input, dtype=dtype)
    if dim is not None:
        dim = dims(dim, input.array.ndim)
    result = ops.sum(input, dim=dim, keepdim=keepdim)
    if dtype is not None and result.dtype is not dtype:
        result = ops.cast(result, dtype=dtype)
    return result if out is None else write_out(out, result)


def mean(
    input: Any, dim: Any = None, keepdim: bool = False, *, dtype: DType | None = None, out: Any = None
) -> Any:
    """The mean of the elements over dim.

    Raises:
        RuntimeError: integers have no mean of their own type; give a dtype.
    """
    if dtype is not None and dtype is not input.dtype:
        input = ops.cast(input, dtype=dtype)
    if input.dtype not in dtypes.INEXACT:
        raise OperatorError(
            f"mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. "
            f"Got: {input.dtype.name}"
        )
    result = ops.mean(input, dim=dims(dim, input.array.ndim), keepdim=keepdim)
    return result if out is None else write_out(out, result)


def amax(input: Any, dim: Any = (), keepdim: bool = False, *, out: Any = None) -> Any:
    """The largest element over dim."""
    result = ops.amax(input, dim=dims(dim, input.array.ndim), keepdim=keepdim)
    return result if out is None else write_out(out, result)


def amin(input: Any, dim: Any = (), keepdim: bool = False, *, out: Any = None) -> Any:
    """The smallest element over dim."""
    result = ops.amin(input, dim=dims(dim, input.array.ndim), keepdim=keepdim)
    return result if out is None else write_out(out, result)


def argmax(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """The index of the largest element along dim, or in the flattened tensor."""
    return ops.argmax(input, dim=_one(dim, input), keepdim=keepdim)


def argmin(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """The index of the smallest element along dim, or in the flattened tensor."""
    return ops.argmin(input, dim=_one(dim, input), keepdim=keepdim)


def _one(dim: int | None, input: Any) -> int | None:
    from unison_core.spec import wrap_dim

    return None if dim is None else wrap_dim(dim, input.array.ndim)


def all(input: Any, dim: Any = None, keepdim: bool = False, *, out: Any = None) -> Any:
    """Whether every element over dim is non-zero."""
    result = ops.all(input, dim=dims(dim, input.array.ndim), keepdim=keepdim)
    result = ops.cast(result, dtype=dtypes.uint8) if input.dtype is dtypes.uint8 else result
    return result if out is None else write_out(out, result)


def any(input: Any, dim: Any = None, keepdim: bool = False, *, out: Any = None) -> Any:
    """Whether some element over dim is non-zero."""
    result = ops.any(input, dim=dims(dim, input.array.ndim), keepdim=keepdim)
    result = ops.cast(result, dtype=dtypes.uint8) if input.dtype is dtypes.uint8 else result
    return result if out is None else write_out(out, result)
