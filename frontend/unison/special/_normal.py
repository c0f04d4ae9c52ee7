"""The normal distribution function, its logarithm and inverse, and the scaled error function."""

from __future__ import annotations

from math import inf, pi, sqrt
from typing import Any

from unison.functions._common import with_out
from unison.functions.elementwise.special import floating
from unison_core import ops
from unison_core.dispatch.promotion import constant

__all__ = ["entr", "erfcx", "log_ndtr", "ndtr", "ndtri"]

_LEVELS = 50


def _like(value: float, x: Any) -> Any:
    return constant(value, x.dtype, x.device)


@with_out
def erfcx(input: Any) -> Any:
    """exp(x^2) erfc(x): directly below 2, by Laplace's continued fraction above (Abramowitz and Stegun 7.1.14)."""
    x = floating(input)
    near = ops.minimum(x, _like(2.0, x))
    direct = ops.mul(ops.exp(ops.mul(near, near)), ops.erfc(near))
    far = ops.maximum(x, _like(2.0, x))
    fraction = far
    for level in range(_LEVELS, 0, -1):
        fraction = ops.add(far, ops.div(level / 2, fraction))
    return ops.where(ops.le(x, 2.0), direct, ops.div(1 / sqrt(pi), fraction))


@with_out
def ndtr(input: Any) -> Any:
    """The distribution function of the standard normal distribution: erfc(-x / sqrt(2)) / 2."""
    return ops.mul(ops.erfc(ops.mul(floating(input), -sqrt(0.5))), 0.5)


@with_out
def log_ndtr(input: Any) -> Any:
    """log(ndtr(x)), accurate far into the lower tail."""
    x = floating(input)
    low = ops.minimum(x, _like(-1.0, x))
    tail = ops.sub(ops.log(ops.mul(erfcx(ops.mul(low, -sqrt(0.5))), 0.5)), ops.mul(ops.mul(low, low), 0.5))
    high = ops.maximum(x, _like(-1.0, x))
    rest = ops.log1p(ops.mul(ops.erfc(ops.mul(high, sqrt(0.5))), -0.5))
    return ops.where(ops.lt(x, -1.0), tail, rest)


@with_out
def ndtri(input: Any) -> Any:
    """The inverse of ndtr: in the middle by erfinv, in the tails by Newton's method on log_ndtr."""
    p = floating(input)
    middle = ops.mul(ops.erfinv(ops.clamp(ops.sub(ops.mul(p, 2.0), 1.0), -0.9, 0.9)), sqrt(2.0))
    upper = ops.gt(p, 0.5)
    small = ops.where(upper, ops.sub(1.0, p), p)
    q = ops.clamp(small, 1e-300 if p.dtype.bits == 64 else 1e-38, 0.05)
    target = ops.log(q)
    y = ops.neg(ops.sqrt(ops.mul(target, -2.0)))
    for _ in range(6):
        slope = ops.div(sqrt(2 / pi), erfcx(ops.mul(y, -sqrt(0.5))))
        y = ops.sub(y, ops.div(ops.sub(log_ndtr(y), target), slope))
    tail = ops.where(upper, ops.neg(y), y)
    out = ops.where(ops.lt(small, 0.05), tail, middle)
    out = ops.where(ops.eq(p, 0), _like(-inf, p), ops.where(ops.eq(p, 1), _like(inf, p), out))
    inside = ops.logical_and(ops.ge(p, 0), ops.le(p, 1))
    return ops.where(inside, out, _like(float("nan"), p))


@with_out
def entr(input: Any) -> Any:
    """-x log(x); 0 at 0, -inf below."""
    x = floating(input)
    positive = ops.gt(x, 0)
    safe = ops.where(positive, x, _like(1.0, x))
    inner = ops.where(positive, ops.neg(ops.mul(x, ops.log(safe))), ops.mul(x, 0.0))
    return ops.where(ops.lt(x, 0), _like(-inf, x), inner)
