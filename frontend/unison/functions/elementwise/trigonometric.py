"""Circular and hyperbolic functions and their inverses."""

from __future__ import annotations

from math import pi
from typing import Any

from unison.functions._common import binary, need_dtype, unary, with_out
from unison_core import dtypes, ops

__all__ = [
    "acos",
    "acosh",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cos",
    "cosh",
    "deg2rad",
    "hypot",
    "rad2deg",
    "sin",
    "sinc",
    "sinh",
    "tan",
    "tanh",
]

acos = arccos = unary(ops.acos)
acosh = arccosh = unary(ops.acosh)
asin = arcsin = unary(ops.asin)
asinh = arcsinh = unary(ops.asinh)
atan = arctan = unary(ops.atan)
atan2 = arctan2 = binary(ops.atan2, tensors=2)
atanh = arctanh = unary(ops.atanh)
cos = unary(ops.cos)
cosh = unary(ops.cosh)
hypot = binary(ops.hypot, tensors=2)
sin = unary(ops.sin)
sinh = unary(ops.sinh)
tan = unary(ops.tan)
tanh = unary(ops.tanh)


@with_out
def deg2rad(input: Any) -> Any:
    """Degrees to radians: input * pi / 180."""
    need_dtype("deg2rad", dtypes.REAL, input)
    return ops.mul(input, pi / 180)


@with_out
def rad2deg(input: Any) -> Any:
    """Radians to degrees: input * 180 / pi."""
    need_dtype("rad2deg", dtypes.REAL, input)
    return ops.mul(input, 180 / pi)


@with_out
def sinc(input: Any) -> Any:
    """sin(pi x) / (pi x), and 1 at 0."""
    x = ops.mul(
        input if input.dtype in dtypes.INEXACT else ops.cast(input, dtype=dtypes.get_default_dtype()), pi
    )
    zero = ops.eq(x, 0)
    ones = ops.cast(zero, dtype=x.dtype)
    # At 0 the slope is 0 and the quotient would be NaN: both are computed elsewhere and 1 is chosen.
    safe = ops.add(x, ones)
    return ops.where(zero, ones, ops.div(ops.sin(safe), safe))
