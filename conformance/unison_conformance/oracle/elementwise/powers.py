"""Functions of two numbers, and the gamma functions: powers, angles, lengths, sums of exponentials."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from unison_conformance.oracle.elementwise.exact import doubles, integers, is_complex, is_integer
from unison_conformance.oracle.elementwise.plane import in_plane
from unison_conformance.oracle.elementwise.real import apply
from unison_conformance.oracle.multiprecision import evaluate, flint
from unison_conformance.oracle.reference import Reference, oracle
from unison_conformance.oracle.wide import Wide, where
from unison_conformance.tolerance.limits import LIMITS
from unison_core import dtypes

__all__: list[str] = []

INF, NAN = np.inf, np.nan
_FAR = 1e6


@oracle("pow")
def _pow(a: Any, b: Any) -> Any:
    if is_integer(a):
        return _whole_power(a, b)
    if is_complex(a):
        return _plane_power(a, b)
    x, y = doubles(a, b)
    flat = zip(x.ravel().tolist(), y.ravel().tolist(), strict=True)
    known = [_power_at_ends(u, v) for u, v in flat]
    settled = np.array([k is not None for k in known], bool).reshape(x.shape)
    values = np.array([0.0 if k is None else k for k in known]).reshape(x.shape)
    out = evaluate(lambda u, v: u**v, np.where(settled, 1.5, np.abs(x)), np.where(settled, 1.5, y))
    negative = (x < 0) & (np.fmod(y, 2) != 0) & ~settled
    return where(settled, values, where(negative, -out, out))


def _power_at_ends(x: float, y: float) -> float | None:
    """C99 F.9.4.4; None where the power is finite and an ordinary number, to be computed."""
    if y == 0 or x == 1:
        return 1.0
    if math.isnan(x) or math.isnan(y):
        return NAN
    size = abs(x)
    if math.isinf(y):
        return 1.0 if size == 1 else (INF if (size > 1) == (y > 0) else 0.0)
    odd = math.fmod(abs(y), 2) == 1
    if x == 0 or math.isinf(x):
        end = INF if (x == 0) == (y < 0) else 0.0
        return math.copysign(end, x) if odd else end
    if x < 0 and y != math.floor(y):
        return NAN
    exponent = y * math.log(size)
    if abs(exponent) > _FAR:
        end = INF if exponent > 0 else 0.0
        return -end if x < 0 and odd else end
    return None


def _whole_power(a: Any, b: Any) -> Any:
    """Modulo the width; negative exponents leave the integer part of the reciprocal, and 0 to them is free."""
    modulus = 1 << 64

    def one(x: int, y: int) -> int:
        if y >= 0:
            return pow(x, y, modulus)
        return (x if y % 2 else 1) if abs(x) == 1 else 0

    return Reference(integers(one, a, b), free=np.logical_and(*np.broadcast_arrays(a == 0, b < 0)))


def _plane_power(a: Any, b: Any) -> Reference:
    """The exponential of w log z: what its argument is off by, the result is off by, relatively."""
    a, b = np.broadcast_arrays(a, b)

    def scale(size: Any, z: Any, w: Any) -> Any:
        return size * (1 + np.abs(w * np.log(np.where(z == 0, 1, z))))

    out = in_plane(lambda z, w: z**w, np.where(a == 0, a.dtype.type(1), a), b, scale=scale)
    return Reference(out.value, out.scale, 1, out.free | (a == 0))


@oracle("hypot")
def _hypot(a: Any, b: Any) -> Any:
    return _length(*doubles(a, b))


@oracle("complex_abs")
def _complex_abs(x: Any) -> Any:
    return _length(*doubles(x.real, x.imag))


def _length(x: Any, y: Any) -> Wide:
    ordinary = np.isfinite(x) & np.isfinite(y)
    out = evaluate(
        lambda u, v: (u * u + v * v).sqrt(), np.where(ordinary, x, 1.0), np.where(ordinary, y, 0.0)
    )
    return where(ordinary, out, np.where(np.isinf(x) | np.isinf(y), INF, NAN))


@oracle("atan2")
def _atan2(a: Any, b: Any) -> Any:
    return _angle_of(*doubles(a, b))


@oracle("angle")
def _angle(x: Any) -> Any:
    if is_complex(x):
        return _angle_of(*doubles(x.imag, x.real))
    value = x.astype(np.float64)
    turned = where(value < 0, _pi_times(np.ones(x.shape)), np.zeros(x.shape))
    return where(np.isnan(value), NAN, turned)


def _pi_times(part: Any) -> Wide:
    return evaluate(lambda p: flint().arb.pi() * p, part)


def _angle_of(y: Any, x: Any) -> Wide:
    """C99 F.9.1.4: the signs of zeros tell the sides of the cut, and infinities are directions."""
    ends = (x == 0) | (y == 0) | np.isinf(x) | np.isinf(y)
    behind = np.signbit(x)
    part = np.where(
        np.isinf(y), np.where(np.isinf(x), np.where(behind, 0.75, 0.25), 0.5), np.where(behind, 1.0, 0.0)
    )
    part = np.where((x == 0) & (y != 0), 0.5, part)
    fixed = _pi_times(np.copysign(part, y))
    nan = np.isnan(x) | np.isnan(y)
    ordinary = ~ends & ~nan
    out = evaluate(flint().arb.atan2, np.where(ordinary, y, 1.0), np.where(ordinary, x, 1.0))
    return where(nan, NAN, where(ends, fixed, out))


@oracle("logaddexp")
def _logaddexp(a: Any, b: Any) -> Any:
    x, y = doubles(a, b)
    top, low = np.where(x > y, x, y), np.where(x > y, y, x)
    ordinary = np.isfinite(x) & np.isfinite(y)
    u, v = np.where(ordinary, top, 1.0), np.where(ordinary, np.clip(low, top - _FAR, None), 0.0)
    out = evaluate(lambda m, n: m + (n - m).exp().log1p(), u, v)
    value = where(ordinary, out, np.where(np.isnan(x) | np.isnan(y), NAN, top))
    return Reference(value, np.where(ordinary, _scale_of_logaddexp(u, u - v), 0.0), 1)


def _scale_of_logaddexp(top: Any, gap: Any) -> Any:
    """Both terms, and the rounding of the gap, gap * u before exp, whose share of the row's 12 u it makes up alone."""
    ratio = np.exp(-gap)
    moved = np.where(ratio > 0, gap * ratio, 0.0) / (1 + ratio)
    return np.abs(top) + np.log1p(ratio) + moved / LIMITS["logaddexp"][dtypes.float64].extra


@oracle("lgamma")
def _lgamma(x: Any) -> Any:
    value = x.astype(np.float64)
    pole = (value <= 0) & (value == np.floor(value))
    given = np.where(pole, INF, value)
    out = apply(_log_of_gamma, given, at={1.0: 0.0, 2.0: 0.0, INF: INF, -INF: INF}, within=(-INF, INF))
    return Reference(out, _reflected(value, pole), 1)


def _log_of_gamma(x: Any) -> Any:
    return flint().acb(x).lgamma().real if x < 0 else x.lgamma()


def _reflected(x: Any, pole: Any) -> Any:
    """The terms of log(pi) - log|sin(pi x)| - lgamma(1 - x), where x is negative."""
    inner = np.where((x < 0) & ~pole & np.isfinite(x), x, -0.5)
    terms = [
        math.log(math.pi) + abs(math.log(abs(_sine(v)))) + abs(math.lgamma(1 - v)) for v in inner.ravel()
    ]
    return np.where((x < 0) & ~pole & np.isfinite(x), np.array(terms, np.float64).reshape(x.shape), 0.0)


def _sine(x: float) -> float:
    """sin(pi x), by the distance from the nearest integer."""
    return math.sin(math.pi * (x - round(x)))


@oracle("digamma")
def _digamma(x: Any) -> Any:
    """At the zeros the infinity of 1 / -x, as torch has it; at the other poles NaN."""
    value = x.astype(np.float64)
    pole = (value < 0) & (value == np.floor(value))
    given = np.where(pole, NAN, value)
    out = apply(lambda v: v.digamma(), given, at={0.0: NAN, INF: INF, -INF: NAN}, within=(-INF, INF))
    out = where(value == 0, np.copysign(INF, -value), out)
    return Reference(out, _digamma_terms(value), 1)


def _digamma_terms(x: Any) -> Any:
    """Ten steps up, and the reflection below zero."""
    ordinary = np.isfinite(x) & (x != np.floor(x))
    inner = np.where(ordinary, np.where(x < 0, 1 - x, x), 1.0)
    steps = np.log(inner + 10) + sum(1 / (inner + i) for i in range(10))
    cotangent = np.pi / np.abs(np.tan(np.pi * np.where(ordinary, x - np.round(x), 0.25)))
    return np.where(ordinary & (x < 0), steps + cotangent, np.where(np.isfinite(x), steps, 0.0))


_DEEP = -20.0


def _derivative_of_digamma(n: int, x: Any) -> Any:
    """Far below zero by reflection (Abramowitz and Stegun 6.4.7)."""
    library = flint()
    if x > _DEEP:
        return library.acb(x).polygamma(n).real
    mirrored, pi = library.acb(1 - x).polygamma(n).real, library.arb.pi()
    size = (pi / x.sin_pi()) ** 2
    return size - mirrored if n == 1 else mirrored - 2 * pi * x.cot_pi() * size


@oracle("polygamma")
def _polygamma(x: Any, *, n: int) -> Any:
    """Free at the poles and at minus infinity, and of orders above 2 far below zero, where Arb has no value."""
    value = x.astype(np.float64)
    free = ((value <= 0) & (value == np.floor(value))) | (value == -INF) | ((value < _DEEP) & (n > 2))
    given = np.where(free, 1.0, value)
    out = apply(lambda v: _derivative_of_digamma(n, v), given, at={INF: 0.0}, within=(-INF, INF))
    part = np.where(np.isfinite(given), given - np.floor(given), 0.5)
    near = np.where((part == 0) | (given > 1), 1.0, part)
    size = 2 * math.factorial(n) * (near ** -(n + 1.0) + (1.5 - near) ** -(n + 1.0) + 2)
    return Reference(out, np.where(given < 0, size, 0.0), 1, free)
