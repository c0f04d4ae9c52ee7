"""Circular and hyperbolic functions and their inverses."""

from __future__ import annotations

from typing import Any

from unison_core import ops
from unison_core.dtypes import FLOATING, INEXACT
from unison_core.operator import Array, Promote, primitive
from unison_core.ops._shared import adjoint, scalar_like
from unison_core.samples import binary, unary

__all__ = [
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cos",
    "cosh",
    "sin",
    "sinh",
    "tan",
    "tanh",
]

FLOAT = Promote.FLOAT


@primitive(dtypes=INEXACT, promote=FLOAT, elementwise=True)
def sin(x: Array) -> Array:
    """The sine of x radians."""


@sin.vjp(values="x")
def sin_vjp(g: Any, out: Any, x: Any) -> Any:
    return ops.mul(g, adjoint(cos(x)))


sin.samples(unary())


@primitive(dtypes=INEXACT, promote=FLOAT, elementwise=True)
def cos(x: Array) -> Array:
    """The cosine of x radians."""


@cos.vjp(values="x")
def cos_vjp(g: Any, out: Any, x: Any) -> Any:
    return ops.neg(ops.mul(g, adjoint(sin(x))))


cos.samples(unary())


@primitive(dtypes=INEXACT, promote=FLOAT, elementwise=True)
def tan(x: Array) -> Array:
    """The tangent of x radians."""


@tan.vjp(values="out")
def tan_vjp(g: Any, out: Any, x: Any) -> Any:
    return ops.mul(g, adjoint(_one_plus_square(out)))


tan.samples(unary(-1.2, 1.2))


@primitive(dtypes=INEXACT, promote=FLOAT, elementwise=True)
def asin(x: Array) -> Array:
    """The angle in [-pi/2, pi/2] whose sine is x."""


@asin.vjp(values="x")
def asin_vjp(g: Any, out: Any, x: Any) -> Any:
    return ops.mul(g, adjoint(ops.rsqrt(_one_minus_square(x))))


asin.samples(unary(-0.9, 0.9))


@primitive(dtypes=INEXACT, promote=FLOAT, elementwise=True)
def acos(x: Array) -> Array:
    """The angle in [0, pi] whose cosine is x."""


@acos.vjp(values="x")
def acos_vjp(g: Any, out: Any, x: Any) -> Any:
    return ops.neg(ops.mul(g, adjoint(ops.rsqrt(_one_minus_square(x)))))


acos.samples(unary(-0.9, 0.9))


@primitive(dtypes=INEXACT, promote=FLOAT, elementwise=True)
def atan(x: Array) -> Array:
    """The angle in (-pi/2, pi/2) whose tangent is x."""


@atan.vjp(values="x")
def atan_vjp(g: Any, out: Any, x: Any) -> Any:
    return ops.div(g, adjoint(_one_plus_square(x)))


atan.samples(unary())


@primitive(dtypes=FLOATING, promote=FLOAT, elementwise=True)
def atan2(a: Array, b: Array) -> Array:
    """The angle of the point (b, a), in [-pi, pi]."""


@atan2.vjp(values="a b")
def atan2_vjp(g: Any, out: Any, a: Any, b: Any) -> Any:
    scale = ops.div(g, ops.add(ops.mul(a, a), ops.mul(b, b)))
    return ops.mul(scale, b), ops.neg(ops.mul(scale, a))


atan2.samples(binary(0.3, 3.0))


@primitive(dtypes=INEXACT, promote=FLOAT, elementwise=True)
def sinh(x: Array) -> Array:
    """The hyperbolic sine."""


@sinh.vjp(values="x")
def sinh_vjp(g: Any, out: Any, x: Any) -> Any:
    return ops.mul(g, adjoint(cosh(x)))


sinh.samples(unary())


@primitive(dtypes=INEXACT, promote=FLOAT, elementwise=True)
def cosh(x: Array) -> Array:
    """The hyperbolic cosine."""


@cosh.vjp(values="x")
def cosh_vjp(g: Any, out: Any, x: Any) -> Any:
    return ops.mul(g, adjoint(sinh(x)))


cosh.samples(unary())


@primitive(dtypes=INEXACT, promote=FLOAT, elementwise=True)
def tanh(x: Array) -> Array:
    """The hyperbolic tangent."""


@tanh.vjp(values="out")
def tanh_vjp(g: Any, out: Any, x: Any) -> Any:
    return ops.mul(g, adjoint(_one_minus_square(out)))


tanh.samples(unary())


@primitive(dtypes=INEXACT, promote=FLOAT, elementwise=True)
def asinh(x: Array) -> Array:
    """The inverse of the hyperbolic sine."""


@asinh.vjp(values="x")
def asinh_vjp(g: Any, out: Any, x: Any) -> Any:
    return ops.mul(g, adjoint(ops.rsqrt(_one_plus_square(x))))


asinh.samples(unary())


@primitive(dtypes=INEXACT, promote=FLOAT, elementwise=True)
def acosh(x: Array) -> Array:
    """The inverse of the hyperbolic cosine, not negative."""


@acosh.vjp(values="x")
def acosh_vjp(g: Any, out: Any, x: Any) -> Any:
    one = scalar_like(1, x)
    product = ops.mul(ops.sqrt(ops.sub(x, one)), ops.sqrt(ops.add(x, one)))
    return ops.div(g, adjoint(product))


acosh.samples(unary(1.2, 9.0))


@primitive(dtypes=INEXACT, promote=FLOAT, elementwise=True)
def atanh(x: Array) -> Array:
    """The inverse of the hyperbolic tangent."""


@atanh.vjp(values="x")
def atanh_vjp(g: Any, out: Any, x: Any) -> Any:
    return ops.div(g, adjoint(_one_minus_square(x)))


atanh.samples(unary(-0.9, 0.9))


def _one_plus_square(x: Any) -> Any:
    return ops.add(ops.mul(x, x), scalar_like(1, x))


def _one_minus_square(x: Any) -> Any:
    return ops.sub(scalar_like(1, x), ops.mul(x, x))
