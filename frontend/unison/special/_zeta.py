"""Hurwitz's zeta function, and Airy's function."""

from __future__ import annotations

from math import factorial, inf, pi
from typing import Any

from unison.functions._common import need_tensors, tensor_like, with_out
from unison.functions._precision import widest
from unison.functions.elementwise.special import floating
from unison_core import dtypes, ops
from unison_core.dispatch.promotion import constant
from unison_core.handle import Handle

__all__ = ["airy_ai", "zeta"]

_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
_DIRECT = 24
"""Terms summed one by one, which also carry q from -12 up to where Euler and Maclaurin's formula is exact."""


@with_out
def zeta(input: Any, other: Any) -> Any:
    """The sum of (other + k)^-input over k >= 0, by the formula of Euler and Maclaurin (Abramowitz and Stegun 23.2.7):
    infinite where input is 1 or other a pole, NaN where the sum diverges.
    """
    like = input if isinstance(input, Handle) else other
    need_tensors("zeta", input=like)
    s, q = floating(tensor_like(input, like)), floating(tensor_like(other, like))
    if s.dtype is not q.dtype:
        target = dtypes.promote(s.dtype, q.dtype)
        s, q = ops.cast(s, dtype=target), ops.cast(q, dtype=target)
    total = ops.pow(q, ops.neg(s))
    for k in range(1, _DIRECT):
        total = ops.add(total, ops.pow(ops.add(q, float(k)), ops.neg(s)))
    far = ops.add(q, float(_DIRECT))
    power = ops.pow(far, ops.neg(s))
    total = ops.add(total, ops.mul(power, ops.add(ops.div(far, ops.sub(s, 1.0)), 0.5)))
    rising, inverse = s, ops.div(power, far)
    for j, b in enumerate(_BERNOULLI, start=1):
        total = ops.add(total, ops.mul(ops.mul(rising, inverse), b / factorial(2 * j)))
        rising = ops.mul(rising, ops.mul(ops.add(s, 2.0 * j - 1.0), ops.add(s, 2.0 * j)))
        inverse = ops.div(inverse, ops.mul(far, far))
    return _with_poles(total, s, q)


def _with_poles(total: Any, s: Any, q: Any) -> Any:
    infinite, missing = (constant(v, total.dtype, total.device) for v in (inf, float("nan")))
    low = ops.le(q, 0)
    total = ops.where(ops.logical_and(low, ops.ne(s, ops.floor(s))), missing, total)
    total = ops.where(ops.logical_and(low, ops.eq(q, ops.floor(q))), infinite, total)
    return ops.where(ops.eq(s, 1), infinite, ops.where(ops.lt(s, 1), missing, total))


@with_out
def airy_ai(x: Any) -> Any:
    """Airy's function Ai: its power series (10.4.2) between -8 and 3; above, sqrt(x / 3) K_{1/3} / pi (10.4.14) by the
    trapezoidal rule; below, the oscillating expansion (10.4.60).
    """
    given = floating(x)
    z = ops.cast(given, dtype=widest(given.dtype, given.device))
    out = ops.where(
        ops.gt(z, 3.0), _airy_right(z), ops.where(ops.lt(z, -8.0), _airy_left(z), _airy_series(z))
    )
    return ops.cast(out, dtype=given.dtype)


def _airy_series(z: Any) -> Any:
    """c1 f(z) - c2 g(z) with Ai(0) = c1 and -Ai'(0) = c2."""
    z = ops.clamp(z, -8.0, 3.0)
    cube = ops.mul(ops.mul(z, z), z)
    f = term_f = ops.add(ops.mul(z, 0.0), 1.0)
    g = term_g = z
    for k in range(1, 40):
        term_f = ops.mul(ops.mul(term_f, cube), 1.0 / ((3 * k - 1) * (3 * k)))
        term_g = ops.mul(ops.mul(term_g, cube), 1.0 / ((3 * k) * (3 * k + 1)))
        f, g = ops.add(f, term_f), ops.add(g, term_g)
    return ops.sub(ops.mul(f, 0.355028053887817239), ops.mul(g, 0.258819403792806798))


def _airy_right(z: Any) -> Any:
    z = ops.clamp(z, 3.0, None)
    argument = ops.mul(ops.mul(z, ops.sqrt(z)), 2 / 3)
    steps = 120
    width = ops.div(ops.acosh(ops.add(ops.div(44.0, argument), 1.0)), float(steps))
    total = ops.mul(z, 0.0)
    for k in range(steps + 1):
        t = ops.mul(width, float(k))
        half = ops.sinh(ops.mul(t, 0.5))
        term = ops.mul(
            ops.exp(ops.mul(ops.mul(ops.mul(half, half), -2.0), argument)), ops.cosh(ops.div(t, 3.0))
        )
        total = ops.add(total, ops.mul(term, 0.5 if k in (0, steps) else 1.0))
    k_third = ops.mul(ops.mul(total, width), ops.exp(ops.neg(argument)))
    return ops.mul(ops.mul(ops.sqrt(ops.div(z, 3.0)), k_third), 1 / pi)


def _airy_left(z: Any) -> Any:
    size = ops.neg(ops.clamp(z, None, -8.0))
    root = ops.sqrt(size)
    phase = ops.mul(ops.mul(size, root), 2 / 3)
    c = [1.0]
    for k in range(1, 14):
        c.append(c[-1] * (6 * k - 5) * (6 * k - 3) * (6 * k - 1) / (216.0 * k * (2 * k - 1)))
    even, odd = ([(-1.0) ** i * c[k] for i, k in enumerate(range(start, 14, 2))] for start in (0, 1))
    square = ops.div(1.0, ops.mul(phase, phase))
    p, q = ops.mul(square, 0.0), ops.mul(square, 0.0)
    for a, b in zip(reversed(even), reversed(odd), strict=True):
        p, q = ops.add(ops.mul(p, square), a), ops.add(ops.mul(q, square), b)
    angle = ops.add(phase, pi / 4)
    wave = ops.sub(ops.mul(ops.sin(angle), p), ops.mul(ops.cos(angle), ops.div(q, phase)))
    return ops.mul(ops.div(wave, ops.sqrt(root)), pi**-0.5)
