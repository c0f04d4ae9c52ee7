"""Comparisons, extremes of two, and tests of single elements."""

from __future__ import annotations

from math import inf
from typing import Any

from unison.functions._common import binary, unary, with_exact_out
from unison_core import dtypes, ops
from unison_core.errors import OperatorError

__all__ = [
    "eq",
    "fmax",
    "fmin",
    "ge",
    "greater",
    "greater_equal",
    "gt",
    "isfinite",
    "isinf",
    "isnan",
    "isneginf",
    "isposinf",
    "isreal",
    "le",
    "less",
    "less_equal",
    "lt",
    "maximum",
    "minimum",
    "ne",
    "not_equal",
    "signbit",
]

eq = binary(ops.eq, tensors=1)
fmax = binary(ops.fmax, tensors=2)
fmin = binary(ops.fmin, tensors=2)
ge = greater_equal = binary(ops.ge, tensors=1)
gt = greater = binary(ops.gt, tensors=1)
isfinite = unary(ops.isfinite)
isinf = unary(ops.isinf)
isnan = unary(ops.isnan)
le = less_equal = binary(ops.le, tensors=1)
lt = less = binary(ops.lt, tensors=1)
maximum = binary(ops.maximum, tensors=2)
minimum = binary(ops.minimum, tensors=2)
ne = not_equal = binary(ops.ne, tensors=1)
signbit = unary(ops.signbit, exact=True)


@with_exact_out
def isposinf(input: Any) -> Any:
    """Where input is +inf."""
    return _is_infinity("isposinf", input, inf)


@with_exact_out
def isneginf(input: Any) -> Any:
    """Where input is -inf."""
    return _is_infinity("isneginf", input, -inf)


def _is_infinity(name: str, x: Any, value: float) -> Any:
    if x.dtype in dtypes.COMPLEX:
        raise OperatorError(f"{name} does not support complex inputs.")
    return ops.eq(x, value) if x.dtype in dtypes.FLOATING else ops.ne(x, x)


def isreal(input: Any) -> Any:
    """Where the imaginary part is 0: everywhere, unless input is complex."""
    if input.dtype in dtypes.COMPLEX:
        return ops.eq(ops.imag(input), 0)
    return ops.full(shape=tuple(input.array.shape), value=True, dtype=dtypes.bool_, device=input.device)
