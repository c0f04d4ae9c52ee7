"""The error function and its relatives, and the gamma function's."""

from __future__ import annotations

from math import pi, sqrt
from typing import Any

from unison_core import ops
from unison_core.dtypes import FLOATING
from unison_core.operator import Array, Promote, primitive
from unison_core.ops._shared import scalar_like
from unison_core.samples import arg, good, unary

__all__ = ["digamma", "erf", "erfc", "erfinv", "lgamma", "polygamma"]

FLOAT = Promote.FLOAT


@primitive(dtypes=FLOATING, promote=FLOAT, elementwise=True)
def erf(x: Array) -> Array:
    """2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x."""


@erf.vjp(values="x")
def erf_vjp(g: Any, out: Any, x: Any) -> Any:
    return ops.mul(g, _bell(x))


def _bell(x: Any) -> Any:
    return ops.mul(ops.exp(ops.neg(ops.mul(x, x))), scalar_like(2 / sqrt(pi), x))


erf.samples(unary())


@primitive(dtypes=FLOATING, promote=FLOAT, elementwise=True)
def erfc(x: Array) -> Array:
    """1 - erf(x) without cancellation for large x."""


@erfc.vjp(values="x")
def erfc_vjp(g: Any, out: Any, x: Any) -> Any:
    return ops.neg(ops.mul(g, _bell(x)))


erfc.samples(unary())


@primitive(dtypes=FLOATING, promote=FLOAT, elementwise=True)
def erfinv(x: Array) -> Array:
    """The number whose erf is x, for x in (-1, 1)."""


@erfinv.vjp(values="out")
def erfinv_vjp(g: Any, out: Any, x: Any) -> Any:
    return ops.mul(g, ops.mul(ops.exp(ops.mul(out, out)), scalar_like(sqrt(pi) / 2, out)))


erfinv.samples(unary(-0.95, 0.95))


@primitive(dtypes=FLOATING, promote=FLOAT, elementwise=True)
def lgamma(x: Array) -> Array:
    """The logarithm of |gamma(x)|."""


@lgamma.vjp(values="x")
def lgamma_vjp(g: Any, out: Any, x: Any) -> Any:
    return ops.mul(g, digamma(x))


lgamma.samples(unary(0.2, 9.0))


@primitive(dtypes=FLOATING, promote=FLOAT, elementwise=True)
def digamma(x: Array) -> Array:
    """The derivative of lgamma."""


@digamma.vjp(values="x")
def digamma_vjp(g: Any, out: Any, x: Any) -> Any:
    return ops.mul(g, polygamma(x, n=1))


digamma.samples(unary(0.2, 9.0))


@primitive(dtypes=FLOATING, promote=FLOAT, elementwise=True)
def polygamma(x: Array, *, n: int) -> Array:
    """The n-th derivative of digamma, n >= 1."""


@polygamma.vjp(values="x")
def polygamma_vjp(g: Any, out: Any, x: Any, *, n: int) -> Any:
    return ops.mul(g, polygamma(x, n=n + 1))


@polygamma.samples
def polygamma_samples() -> Any:
    yield good(arg(5, low=0.5, high=6.0), n=1)
    yield good(arg(2, 3, low=0.5, high=6.0), n=2)
