"""Sums, means, products, counts, and whether all or any are true."""

from __future__ import annotations

from typing import Any

from unison.functions._common import dims, sizes, with_out, write_exact, write_out
from unison_core import dtypes, ops
from unison_core.dispatch.promotion import constant
from unison_core.dtypes import DType
from unison_core.errors import OperatorError
from unison_core.spec import broadcast

__all__ = [
    "all",
    "any",
    "count_nonzero",
    "logsumexp",
    "mean",
    "nanmean",
    "nansum",
    "prod",
    "sum",
    "sum_to_size",
]


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


def all(input: Any, dim: Any = None, keepdim: bool = False, *, out: Any = None) -> Any:
    """Whether every element over dim is non-zero."""
    result = ops.all(input, dim=dims(dim, input.array.ndim), keepdim=keepdim)
    result = ops.cast(result, dtype=dtypes.uint8) if input.dtype is dtypes.uint8 else result
    return result if out is None else write_exact(out, result)


def any(input: Any, dim: Any = None, keepdim: bool = False, *, out: Any = None) -> Any:
    """Whether some element over dim is non-zero."""
    result = ops.any(input, dim=dims(dim, input.array.ndim), keepdim=keepdim)
    result = ops.cast(result, dtype=dtypes.uint8) if input.dtype is dtypes.uint8 else result
    return result if out is None else write_exact(out, result)


@with_out
def prod(input: Any, dim: int | None = None, keepdim: bool = False, *, dtype: DType | None = None) -> Any:
    """The product of the elements over dim (all of them unless given)."""
    if dtype is not None and dtype is not input.dtype:
        input = ops.cast(input, dtype=dtype)
    result = ops.prod(input, dim=dims(dim, input.array.ndim), keepdim=keepdim)
    return result if dtype is None or result.dtype is dtype else ops.cast(result, dtype=dtype)


@with_out
def nansum(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: DType | None = None) -> Any:
    """The sum of the elements that are not NaN.

    Raises:
        RuntimeError: input is complex.
    """
    if input.dtype in dtypes.COMPLEX:
        raise OperatorError("nansum does not support complex inputs")
    return sum(_without_nan(input), dim, keepdim, dtype=dtype)


@with_out
def nanmean(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: DType | None = None) -> Any:
    """The mean of the elements that are not NaN; NaN where there is none.

    Raises:
        RuntimeError: input is not floating.
    """
    if input.dtype not in dtypes.FLOATING:
        raise OperatorError(
            f"nanmean(): expected input to have floating point dtype but got {input.dtype.name}"
        )
    count = sum(ops.logical_not(ops.isnan(input)), dim, keepdim)
    return ops.div(sum(_without_nan(input), dim, keepdim, dtype=dtype), count)


def _without_nan(x: Any) -> Any:
    if x.dtype not in dtypes.INEXACT:
        return x
    return ops.where(ops.isnan(x), constant(0, x.dtype, x.device), x)


def count_nonzero(input: Any, dim: Any = None) -> Any:
    """How many elements over dim are not zero."""
    return ops.sum(ops.ne(input, 0), dim=dims(dim, input.array.ndim), keepdim=False)


@with_out
def logsumexp(input: Any, dim: Any, keepdim: bool = False) -> Any:
    """log(sum(exp(input))) over dim without overflow."""
    if input.dtype in dtypes.INTEGRAL:
        input = ops.cast(input, dtype=dtypes.get_default_dtype())
    over = dims(dim, input.array.ndim)
    if any_empty(input, over):
        return ops.log(ops.sum(ops.exp(input), dim=over, keepdim=keepdim))
    if input.dtype in dtypes.COMPLEX:
        return _complex_logsumexp(input, over, keepdim)
    return ops.logsumexp(input, dim=over, keepdim=keepdim)


def _complex_logsumexp(x: Any, over: tuple[int, ...] | None, keepdim: bool) -> Any:
    """The largest real part is taken out first; where it is infinite, nothing is."""
    top = ops.amax(ops.real(x.detach()), dim=over, keepdim=True)
    top = ops.where(ops.isfinite(top), top, constant(0, top.dtype, top.device))
    total = ops.log(ops.sum(ops.exp(ops.sub(x, top)), dim=over, keepdim=keepdim))
    return ops.add(total, top if keepdim else ops.reshape(top, shape=tuple(total.array.shape)))


def any_empty(x: Any, over: tuple[int, ...] | None) -> bool:
    """Whether a dimension of `over` (None: all of them) has length 0."""
    shape = x.array.shape
    return 0 in (shape if over is None else [shape[d] for d in over])


def _broadcast(small: tuple[int, ...], large: tuple[int, ...]) -> tuple[int, ...] | None:
    try:
        return broadcast(small, large)
    except OperatorError:
        return None


def sum_to_size(input: Any, *size: Any) -> Any:
    """input summed over the dimensions that `size` has with length 1, or lacks.

    Raises:
        RuntimeError: input's shape is not one that `size` broadcasts to.
    """
    target = sizes(size)
    shape = tuple(input.array.shape)
    lead = len(shape) - len(target)
    if lead < 0 or _broadcast(target, shape) != shape:
        raise OperatorError(f"size {{{list(target)}}} is not expandable to size {{{list(shape)}}}.")
    over = tuple(range(lead)) + tuple(
        i + lead for i, n in enumerate(target) if n == 1 and shape[i + lead] != 1
    )
    if not target:
        return ops.sum(input, dim=None, keepdim=False)
    if not over:
        return input
    return ops.view(ops.sum(input, dim=over, keepdim=True), shape=target)
