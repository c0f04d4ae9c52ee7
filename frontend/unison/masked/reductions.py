"""Sums, products, extremes, medians, norms and variances of the elements that a mask lets through."""

from __future__ import annotations

from math import inf
from typing import Any

from unison.functions import reduction
from unison.functions._common import dims
from unison.functions.reduction.moments import root
from unison.functions.reduction.norms import vector_norm
from unison.masked._filling import counted, filled, lowest, typed
from unison_core import dtypes, ops
from unison_core.dtypes import DType
from unison_core.errors import OperatorValueError

__all__ = [
    "amax",
    "amin",
    "argmax",
    "argmin",
    "cumprod",
    "cumsum",
    "logsumexp",
    "mean",
    "median",
    "norm",
    "prod",
    "std",
    "sum",
    "var",
]


def _highest(dtype: DType) -> float:
    return inf if dtype in dtypes.FLOATING else 2 ** (dtype.bits - dtype.is_signed) - 1


def sum(
    input: Any, dim: Any = None, *, keepdim: bool = False, dtype: DType | None = None, mask: Any = None
) -> Any:
    """The sum over dim; 0 where nothing counts."""
    x = filled(typed(input, dtype), mask, 0)
    return typed(ops.sum(x, dim=dims(dim, x.array.ndim), keepdim=keepdim), dtype)


def prod(
    input: Any, dim: Any = None, *, keepdim: bool = False, dtype: DType | None = None, mask: Any = None
) -> Any:
    """The product over dim; 1 where nothing counts."""
    x = filled(typed(input, dtype), mask, 1)
    return typed(ops.prod(x, dim=dims(dim, x.array.ndim), keepdim=keepdim), dtype)


def amax(
    input: Any, dim: Any = None, *, keepdim: bool = False, dtype: DType | None = None, mask: Any = None
) -> Any:
    """The largest element over dim; the lowest number where nothing counts."""
    x = typed(input, dtype)
    return reduction.amax(filled(x, mask, lowest(x.dtype)), () if dim is None else dim, keepdim)


def amin(
    input: Any, dim: Any = None, *, keepdim: bool = False, dtype: DType | None = None, mask: Any = None
) -> Any:
    """The smallest element over dim; the highest number where nothing counts."""
    x = typed(input, dtype)
    return reduction.amin(filled(x, mask, _highest(x.dtype)), () if dim is None else dim, keepdim)


def argmax(
    input: Any, dim: int | None = None, *, keepdim: bool = False, dtype: DType | None = None, mask: Any = None
) -> Any:
    """The index of the largest element that counts, in input's dtype as in torch."""
    x = typed(input, dtype)
    return typed(reduction.argmax(filled(x, mask, lowest(x.dtype)), dim, keepdim), dtype or input.dtype)


def argmin(
    input: Any, dim: int | None = None, *, keepdim: bool = False, dtype: DType | None = None, mask: Any = None
) -> Any:
    """The index of the smallest element that counts, in input's dtype as in torch."""
    x = typed(input, dtype)
    return typed(reduction.argmin(filled(x, mask, _highest(x.dtype)), dim, keepdim), dtype or input.dtype)


def mean(
    input: Any, dim: Any = None, *, keepdim: bool = False, dtype: DType | None = None, mask: Any = None
) -> Any:
    """The mean over dim; NaN where nothing counts."""
    x = typed(input, dtype)
    over = dims(dim, x.array.ndim)
    count = ops.sum(counted(x, mask), dim=over, keepdim=keepdim)
    return ops.div(ops.sum(filled(x, mask, 0), dim=over, keepdim=keepdim), count)


def median(
    input: Any, dim: int = -1, *, keepdim: bool = False, dtype: DType | None = None, mask: Any = None
) -> Any:
    """The lower median along dim; NaN where nothing counts.

    Raises:
        ValueError: a floating input that counts has a NaN.
    """
    x = typed(input, dtype)
    if x.dtype not in dtypes.FLOATING:
        x = ops.cast(x, dtype=dtypes.get_default_dtype())
    if mask is None:
        return reduction.median(x, dim, keepdim)[0]
    marked = filled(x, mask, float("nan"))
    if bool(ops.any(ops.isnan(filled(x, mask, 0)), dim=None, keepdim=False).item()):
        raise OperatorValueError(
            "masked median expects no fully masked out rows if dtype is not integral, and no NaN"
        )
    return reduction.nanmedian(marked, dim, keepdim)[0]


def norm(
    input: Any,
    ord: Any = 2.0,
    dim: Any = None,
    *,
    keepdim: bool = False,
    dtype: DType | None = None,
    mask: Any = None,
) -> Any:
    """The norm over dim, as `linalg.vector_norm` has it; 0 where nothing counts, inf for order -inf."""
    x = typed(input, dtype)
    value = inf if ord == -inf else 0.0
    return vector_norm(filled(x, mask, value), ord, dims(dim, x.array.ndim), keepdim)


def var(
    input: Any,
    dim: Any = None,
    unbiased: bool | None = None,
    *,
    correction: float | None = None,
    keepdim: bool = False,
    dtype: DType | None = None,
    mask: Any = None,
) -> Any:
    """The variance over dim; unbiased=True (correction 1) divides by one less than what counts."""
    x = typed(input, dtype)
    if x.dtype in dtypes.INTEGRAL:
        x = ops.cast(x, dtype=dtypes.get_default_dtype())
    if correction is None:
        correction = 0 if unbiased is False else 1
    over = dims(dim, x.array.ndim)
    weights = counted(x, mask)
    count = ops.sum(weights, dim=over, keepdim=True)
    centered = ops.sub(x, ops.div(ops.sum(filled(x, mask, 0), dim=over, keepdim=True), count))
    centered = filled(centered, mask, 0)
    squares = ops.mul(centered, centered if x.dtype not in dtypes.COMPLEX else ops.conj(centered))
    squares = ops.real(squares) if x.dtype in dtypes.COMPLEX else squares
    left = ops.maximum(ops.sub(ops.sum(weights, dim=over, keepdim=keepdim), correction), 0)
    return ops.div(ops.sum(squares, dim=over, keepdim=keepdim), left)


def std(
    input: Any,
    dim: Any = None,
    unbiased: bool | None = None,
    *,
    correction: float | None = None,
    keepdim: bool = False,
    dtype: DType | None = None,
    mask: Any = None,
) -> Any:
    """The square root of `var`."""
    return root(var(input, dim, unbiased, correction=correction, keepdim=keepdim, dtype=dtype, mask=mask))


def cumsum(input: Any, dim: int, *, dtype: DType | None = None, mask: Any = None) -> Any:
    """Running sums along dim of what counts."""
    return reduction.cumsum(filled(typed(input, dtype), mask, 0), dim, dtype=dtype)


def cumprod(input: Any, dim: int, *, dtype: DType | None = None, mask: Any = None) -> Any:
    """Running products along dim of what counts."""
    return reduction.cumprod(filled(typed(input, dtype), mask, 1), dim, dtype=dtype)


def logsumexp(
    input: Any, dim: Any = None, *, keepdim: bool = False, dtype: DType | None = None, mask: Any = None
) -> Any:
    """log(sum(exp(x))) over dim; -inf where nothing counts."""
    x = typed(input, dtype)
    if x.dtype in dtypes.INTEGRAL:
        x = ops.cast(x, dtype=dtypes.get_default_dtype())
    result = reduction.logsumexp(filled(x, mask, -inf), () if dim is None else dim, keepdim)
    return typed(result, dtype or input.dtype)
