"""The error and gamma functions and their relatives."""

from __future__ import annotations

from math import inf, log, pi
from typing import Any

from unison.functions._common import need_tensors, tensor_like, unary, with_out
from unison_core import dtypes, ops
from unison_core.errors import OperatorError
from unison_core.handle import Handle

__all__ = ["digamma", "erf", "erfc", "erfinv", "lgamma", "mvlgamma", "polygamma", "xlog1py", "xlogy"]

digamma = unary(ops.digamma)
erf = unary(ops.erf)
erfc = unary(ops.erfc)
erfinv = unary(ops.erfinv)
lgamma = unary(ops.lgamma)


@with_out
def mvlgamma(input: Any, p: int) -> Any:
    """The multivariate log-gamma function: p (p - 1) / 4 log(pi) + sum over j < p of lgamma(input - j / 2).

    Raises:
        RuntimeError: p is less than 1.
    """
    if p < 1:
        raise OperatorError("p has to be greater than or equal to 1")
    total = ops.lgamma(input)
    for j in range(1, p):
        total = ops.add(total, ops.lgamma(ops.sub(input, j / 2)))
    return ops.add(total, p * (p - 1) / 4 * log(pi))


@with_out
def polygamma(n: int, input: Any) -> Any:
    """The n-th derivative of the digamma function.

    Raises:
        RuntimeError: n is negative.
    """
    if isinstance(n, Handle):
        n, input = input, n
    if n < 0:
        raise OperatorError("polygamma(n, x) does not support negative n.")
    return ops.digamma(input) if n == 0 else ops.polygamma(input, n=n)


@with_out
def xlogy(input: Any, other: Any) -> Any:
    """input * log(other); 0 where input is 0, unless other is NaN."""
    return _times_log(ops.log, 0.0, input, other)


@with_out
def xlog1py(input: Any, other: Any) -> Any:
    """input * log(1 + other); 0 where input is 0, unless other is NaN."""
    return _times_log(ops.log1p, -1.0, input, other)


def _times_log(logarithm: Any, pole: float, a: Any, b: Any) -> Any:
    """a * logarithm(b); where a is 0 and b has no finite logarithm, b is replaced by 1, so that 0 and its gradients
    come out.
    """
    like = a if isinstance(a, Handle) else b
    need_tensors("xlogy", other=like)
    a, b = floating(tensor_like(a, like)), floating(tensor_like(b, like))
    endless = ops.logical_or(ops.le(b, pole), ops.eq(b, inf))
    harmless = ops.logical_and(ops.eq(a, 0), endless)
    one = ops.cast(ops.eq(b, b), dtype=b.dtype)
    return ops.mul(a, logarithm(ops.where(harmless, one, b)))


def floating(x: Any) -> Any:
    """x, as the default floating type if it is bool or integer."""
    return x if x.dtype in dtypes.INEXACT else ops.cast(x, dtype=dtypes.get_default_dtype())
