"""Exponentials, logarithms and roots."""

from __future__ import annotations

from math import log as _log
from typing import Any

from unison_core import ops
from unison_core.dtypes import FLOATING, INEXACT
from unison_core.operator import Array, Promote, composite, primitive
from unison_core.ops._shared import adjoint, scalar_like
from unison_core.samples import binary, unary

__all__ = ["exp", "exp2", "expm1", "log", "log1p", "log2", "log10", "logaddexp", "rsqrt", "sqrt"]

FLOAT = Promote.FLOAT


@primitive(dtypes=INEXACT, promote=FLOAT, elementwise=True)
def exp(x: Array) -> Array:
    """e to the power x."""


@exp.vjp(values="out")
def exp_vjp(g: Any, out: Any, x: Any) -> Any:
    return ops.mul(g, adjoint(out))


exp.samples(unary(-4.0, 4.0))


@primitive(dtypes=INEXACT, promote=FLOAT, elementwise=True)
def exp2(x: Array) -> Array:
    """2 to the power x."""


@exp2.vjp(values="out")
def exp2_vjp(g: Any, out: Any, x: Any) -> Any:
    return ops.mul(ops.mul(g, adjoint(out)), scalar_like(_log(2.0), g))


exp2.samples(unary(-4.0, 4.0))


@primitive(dtypes=INEXACT, promote=FLOAT, elementwise=True)
def expm1(x: Array) -> Array:
    """exp(x) - 1 without cancellation near 0."""


@expm1.vjp(values="out")
def expm1_vjp(g: Any, out: Any, x: Any) -> Any:
    return ops.mul(g, adjoint(ops.add(out, scalar_like(1, out))))


expm1.samples(unary())


@primitive(dtypes=INEXACT, promote=FLOAT, elementwise=True)
def log(x: Array) -> Array:
    """The natural logarithm."""


@log.vjp(values="x")
def log_vjp(g: Any, out: Any, x: Any) -> Any:
    return ops.div(g, adjoint(x))


log.samples(unary(0.1, 9.0))


@primitive(dtypes=INEXACT, promote=FLOAT, elementwise=True)
def log2(x: Array) -> Array:
    """The logarithm to base 2."""


@log2.vjp(values="x")
def log2_vjp(g: Any, out: Any, x: Any) -> Any:
    return ops.div(g, adjoint(ops.mul(x, scalar_like(_log(2.0), x))))


log2.samples(unary(0.1, 9.0))


@primitive(dtypes=INEXACT, promote=FLOAT, elementwise=True)
def log10(x: Array) -> Array:
    """The logarithm to base 10."""


@log10.vjp(values="x")
def log10_vjp(g: Any, out: Any, x: Any) -> Any:
    return ops.div(g, adjoint(ops.mul(x, scalar_like(_log(10.0), x))))


log10.samples(unary(0.1, 9.0))


@primitive(dtypes=INEXACT, promote=FLOAT, elementwise=True)
def log1p(x: Array) -> Array:
    """log(1 + x) without cancellation near 0."""


@log1p.vjp(values="x")
def log1p_vjp(g: Any, out: Any, x: Any) -> Any:
    return ops.div(g, adjoint(ops.add(x, scalar_like(1, x))))


log1p.samples(unary(-0.8, 5.0))


@primitive(dtypes=INEXACT, promote=FLOAT, elementwise=True)
def sqrt(x: Array) -> Array:
    """The square root; NaN of negative real x."""


@sqrt.vjp(values="out")
def sqrt_vjp(g: Any, out: Any, x: Any) -> Any:
    return ops.div(g, ops.mul(adjoint(out), scalar_like(2, out)))


sqrt.samples(unary(0.1, 9.0))


@composite(dtypes=INEXACT, promote=FLOAT, elementwise=True)
def rsqrt(x: Array) -> Array:
    """1 / sqrt(x)."""
    return ops.reciprocal(sqrt(x))


@rsqrt.vjp(values="out")
def rsqrt_vjp(g: Any, out: Any, x: Any) -> Any:
    out = adjoint(out)
    cube = ops.mul(ops.mul(out, out), out)
    return ops.mul(g, ops.mul(cube, scalar_like(-0.5, out)))


rsqrt.samples(unary(0.2, 9.0))


@composite(dtypes=FLOATING, promote=Promote.COMMON, elementwise=True)
def logaddexp(a: Array, b: Array) -> Array:
    """log(exp(a) + exp(b)) without overflow."""
    top = ops.maximum(a, b)
    same = ops.eq(a, b)
    gap = ops.where(same, scalar_like(0, top), ops.neg(ops.abs(ops.sub(a, b))))
    return ops.add(top, log1p(exp(gap)))


@logaddexp.vjp(values="a b")
def logaddexp_vjp(g: Any, out: Any, a: Any, b: Any) -> Any:
    share = ops.sigmoid(ops.sub(a, b))
    ga = ops.mul(g, share)
    return ga, ops.sub(g, ga)


logaddexp.samples(binary())
