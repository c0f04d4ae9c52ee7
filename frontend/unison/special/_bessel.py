"""Bessel functions.

Modified ones of the first kind by their power series and, far out, Hankel's expansion; of the second kind, and the
unmodified ones, by the trapezoidal rule on their integrals, which converges geometrically; Y by Neumann's series.
Numbers: Abramowitz and Stegun, chapter 9.
"""

from __future__ import annotations

from math import cos, factorial, inf, pi, sin
from typing import Any

from unison.functions._common import with_out
from unison.functions._precision import widest
from unison.functions.elementwise.special import floating
from unison_core import ops
from unison_core.dispatch.promotion import constant

__all__ = [
    "bessel_j0",
    "bessel_j1",
    "bessel_y0",
    "bessel_y1",
    "i0",
    "i0e",
    "i1",
    "i1e",
    "modified_bessel_i0",
    "modified_bessel_i1",
    "modified_bessel_k0",
    "modified_bessel_k1",
    "scaled_modified_bessel_k0",
    "scaled_modified_bessel_k1",
    "spherical_bessel_j0",
]

_NEAR = 18.0
"""Where the power series of I and Hankel's expansion are equally good in float64."""
_FAR = 25.0
"""The same for J and Y."""
_GAMMA = 0.57721566490153286
_NODES = 64


def _like(value: float, x: Any) -> Any:
    return constant(value, x.dtype, x.device)


def _horner(t: Any, coefficients: list[float]) -> Any:
    out = ops.add(ops.mul(t, 0.0), coefficients[-1])
    for c in reversed(coefficients[:-1]):
        out = ops.add(ops.mul(out, t), c)
    return out


def _hankel(order: int, count: int, sign: float) -> list[float]:
    """Coefficients of 1/x^k in Hankel's expansions (9.7.1), with signs sign^k."""
    out = [1.0]
    for k in range(1, count):
        out.append(out[-1] * sign * (4.0 * order * order - (2 * k - 1) ** 2) / (8.0 * k))
    return out


def _scaled_first_kind(order: int, x: Any) -> Any:
    """I_order(x) exp(-|x|)."""
    size = ops.abs(x)
    near = ops.where(ops.le(size, _NEAR), x, ops.mul(ops.sign(x), _NEAR))
    quarter = ops.mul(ops.mul(near, near), 0.25)
    series = _horner(quarter, [1.0 / (factorial(k) * factorial(k + order)) for k in range(40)])
    if order:
        series = ops.mul(series, ops.mul(near, 0.5))
    series = ops.mul(series, ops.exp(ops.neg(ops.abs(near))))
    far = ops.maximum(size, _like(_NEAR, size))
    tail = ops.div(_horner(ops.div(1.0, far), _hankel(order, 26, -1.0)), ops.sqrt(ops.mul(far, 2 * pi)))
    if order:
        tail = ops.mul(tail, ops.sign(x))
    return ops.where(ops.le(size, _NEAR), series, tail)


@with_out
def i0e(input: Any) -> Any:
    """exp(-|x|) i0(x)."""
    return _scaled_first_kind(0, floating(input))


@with_out
def i1e(input: Any) -> Any:
    """exp(-|x|) i1(x)."""
    return _scaled_first_kind(1, floating(input))


@with_out
def i0(input: Any) -> Any:
    """The modified Bessel function of the first kind, order 0."""
    x = floating(input)
    return ops.mul(_scaled_first_kind(0, x), ops.exp(ops.abs(x)))


@with_out
def i1(input: Any) -> Any:
    """The modified Bessel function of the first kind, order 1."""
    x = floating(input)
    return ops.mul(_scaled_first_kind(1, x), ops.exp(ops.abs(x)))


modified_bessel_i0 = i0
modified_bessel_i1 = i1


def _scaled_second_kind(order: int, input: Any) -> Any:
    """K_order(x) exp(x): the integral of exp(-x (cosh t - 1)) cosh(order t) over t > 0 (9.6.24)."""
    x = floating(input)
    safe = ops.where(ops.gt(x, 0), x, _like(1.0, x))
    steps = 160
    width = ops.div(ops.acosh(ops.add(ops.div(44.0, safe), 1.0)), float(steps))
    total = ops.mul(safe, 0.0)
    for k in range(steps + 1):
        t = ops.mul(width, float(k))
        # cosh t - 1 without cancellation.
        half = ops.sinh(ops.mul(t, 0.5))
        term = ops.exp(ops.mul(ops.mul(ops.mul(half, half), -2.0), safe))
        term = ops.mul(term, ops.cosh(t)) if order else term
        total = ops.add(total, ops.mul(term, 0.5 if k in (0, steps) else 1.0))
    out = ops.where(ops.eq(x, 0), _like(inf, x), ops.mul(total, width))
    return ops.where(ops.lt(x, 0), _like(float("nan"), x), out)


@with_out
def scaled_modified_bessel_k0(x: Any) -> Any:
    """exp(x) K0(x)."""
    return _scaled_second_kind(0, x)


@with_out
def scaled_modified_bessel_k1(x: Any) -> Any:
    """exp(x) K1(x)."""
    return _scaled_second_kind(1, x)


@with_out
def modified_bessel_k0(input: Any) -> Any:
    """The modified Bessel function of the second kind, order 0."""
    return ops.mul(_scaled_second_kind(0, input), ops.exp(ops.neg(floating(input))))


@with_out
def modified_bessel_k1(input: Any) -> Any:
    """The modified Bessel function of the second kind, order 1."""
    return ops.mul(_scaled_second_kind(1, input), ops.exp(ops.neg(floating(input))))


def _near_orders(x: Any, orders: list[int]) -> list[Any]:
    """J_n(x) for several n and |x| <= _FAR: the mean of cos(n t - x sin t) over equal steps of the circle (9.1.21)."""
    sums = [ops.mul(x, 0.0) for _ in orders]
    for j in range(2 * _NODES):
        t = pi * j / _NODES
        swing = ops.mul(x, sin(t))
        c, s = ops.cos(swing), ops.sin(swing)
        for i, n in enumerate(orders):
            sums[i] = ops.add(sums[i], ops.add(ops.mul(c, cos(n * t)), ops.mul(s, sin(n * t))))
    return [ops.div(total, 2.0 * _NODES) for total in sums]


def _far_parts(order: int, x: Any) -> tuple[Any, Any]:
    """J and Y of large x > 0 (9.2.5, 9.2.6)."""
    c = _hankel(order, 20, 1.0)
    inverse = ops.div(1.0, x)
    square = ops.mul(inverse, inverse)
    p = _horner(square, [(-1.0) ** (k // 2) * c[k] for k in range(0, 20, 2)])
    q = ops.mul(_horner(square, [(-1.0) ** (k // 2) * c[k] for k in range(1, 20, 2)]), inverse)
    angle = ops.sub(x, (0.5 * order + 0.25) * pi)
    scale = ops.sqrt(ops.div(2 / pi, x))
    cosine, sine = ops.cos(angle), ops.sin(angle)
    j = ops.mul(scale, ops.sub(ops.mul(p, cosine), ops.mul(q, sine)))
    return j, ops.mul(scale, ops.add(ops.mul(p, sine), ops.mul(q, cosine)))


def _wide(input: Any) -> tuple[Any, Any]:
    """The argument in float64, if there is one, so that large phases survive, and the dtype to return."""
    x = floating(input)
    return ops.cast(x, dtype=widest(x.dtype, x.device)), x.dtype


def _first_kind(order: int, input: Any) -> Any:
    x, dtype = _wide(input)
    size = ops.abs(x)
    (near,) = _near_orders(ops.minimum(size, _like(_FAR, x)), [order])
    far, _ = _far_parts(order, ops.maximum(size, _like(_FAR, x)))
    out = ops.where(ops.le(size, _FAR), near, far)
    if order:
        out = ops.mul(out, ops.sign(x))
    return ops.cast(out, dtype=dtype)


@with_out
def bessel_j0(input: Any) -> Any:
    """The Bessel function of the first kind, order 0."""
    return _first_kind(0, input)


@with_out
def bessel_j1(input: Any) -> Any:
    """The Bessel function of the first kind, order 1."""
    return _first_kind(1, input)


def _second_kind(order: int, input: Any) -> Any:
    """Neumann's series (9.1.88) below _FAR."""
    x, dtype = _wide(input)
    near = ops.where(ops.logical_and(ops.gt(x, 0), ops.le(x, _FAR)), x, _like(1.0, x))
    count = 22
    js = _near_orders(near, [0, 1] + [order + 2 * k for k in range(1, count)])
    log_half = ops.add(ops.log(ops.mul(near, 0.5)), _GAMMA - order)
    total = ops.mul(ops.mul(log_half, js[order]), 2 / pi)
    for k in range(1, count):
        total = ops.sub(total, ops.mul(js[k + 1], 2 / pi * (-1.0) ** k * (order + 2 * k) / (k * (order + k))))
    if order:
        total = ops.sub(total, ops.div(ops.mul(js[0], 2 / pi), near))
    _, far = _far_parts(order, ops.maximum(x, _like(_FAR, x)))
    out = ops.where(ops.le(x, _FAR), total, far)
    out = ops.where(ops.eq(x, 0), _like(-inf, x), ops.where(ops.lt(x, 0), _like(float("nan"), x), out))
    return ops.cast(out, dtype=dtype)


@with_out
def bessel_y0(input: Any) -> Any:
    """The Bessel function of the second kind, order 0."""
    return _second_kind(0, input)


@with_out
def bessel_y1(input: Any) -> Any:
    """The Bessel function of the second kind, order 1."""
    return _second_kind(1, input)


@with_out
def spherical_bessel_j0(input: Any) -> Any:
    """sin(x) / x, and 1 at 0; 0 at infinity."""
    x = floating(input)
    zero = ops.eq(x, 0)
    finite = ops.where(ops.logical_or(zero, ops.isinf(x)), _like(1.0, x), x)
    out = ops.where(zero, _like(1.0, x), ops.div(ops.sin(finite), finite))
    return ops.where(ops.isinf(x), _like(0.0, x), out)
