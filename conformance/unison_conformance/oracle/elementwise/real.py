"""Elementwise functions of real numbers: Arb inside the domain, the limits of IEEE 754 and C99 annex F at its ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from unison_conformance.oracle.elementwise.exact import is_complex
from unison_conformance.oracle.elementwise.plane import Plane, in_plane
from unison_conformance.oracle.multiprecision import evaluate, flint
from unison_conformance.oracle.reference import ORACLES
from unison_conformance.oracle.wide import Wide, wide

__all__ = ["apply", "real"]

INF, NAN = np.inf, np.nan


def apply(
    function: Callable[[Any], Any],
    x: Any,
    *,
    at: dict[float, float] | None = None,
    domain: tuple[float, float] = (-INF, INF),
    within: tuple[float, float] = (-1e6, 1e6),
) -> Wide:
    """A function of one real number at every element.

    `at` maps points to values there (limits at infinities, poles): 0.0 stands for both zeros, and a zero or +infinity
    there takes the sign of x. Outside the closed `domain` the result is NaN. Arguments are clamped to `within`,
    beyond which the function does not change in float64.
    """
    x = wide(x).hi
    special = np.isnan(x) | (x < domain[0]) | (x > domain[1])
    values = np.full(x.shape, NAN)
    for point, value in (at or {}).items():
        hit = x == point
        signed = point == 0 and value in {0, INF}
        values[hit] = np.copysign(value, x[hit]) if signed else value
        special |= hit
    inside = 0.5 * (max(domain[0], -2.0) + min(domain[1], 2.0))
    inner = np.where(special, inside + 0.125, np.clip(x, *within))
    # Repeated values are computed once.
    unique, back = np.unique(inner, return_inverse=True)
    out = evaluate(function, unique)
    back = back.reshape(x.shape)
    return Wide(np.where(special, values, out.hi[back]), np.where(special, 0.0, out.lo[back]))


def real(
    name: str,
    function: Callable[[Any], Any],
    *,
    at: dict[float, float] | None = None,
    domain: tuple[float, float] = (-INF, INF),
    within: tuple[float, float] = (-1e6, 1e6),
    plane: Plane | None = None,
    scale: Callable[..., Any] | None = None,
    odd: bool = False,
) -> None:
    """Register the oracle of a function of one number; `plane` is the function of an acb, for complex numbers.

    `scale` gives S of rule 5 there, of the result's modulus and the argument.
    """

    def compute(x: Any, **_: Any) -> Any:
        if is_complex(x):
            assert plane is not None
            return in_plane(plane, x, scale=scale, odd=odd)
        return apply(function, x, at=at, domain=domain, within=within)

    ORACLES[name] = compute


def _log_to(base: int) -> Callable[[Any], Any]:
    return lambda x: x.log() / flint().arb(base).log()


def _power_of_two(x: Any) -> Any:
    return (x * flint().arb(2).log()).exp()


EVERYWHERE = (-INF, INF)
POSITIVE = (0.0, INF)

real("exp", lambda x: x.exp(), at={-INF: 0.0, INF: INF}, plane=lambda z: z.exp())
real(
    "exp2",
    _power_of_two,
    at={-INF: 0.0, INF: INF},
    plane=lambda z: (z * flint().acb(2).log()).exp(),
    scale=lambda size, z: size * np.abs(z),
)
real("expm1", lambda x: x.expm1(), at={-INF: -1.0, 0.0: 0.0, INF: INF}, plane=lambda z: z.expm1())
_LOG = {"at": {0.0: -INF, 1.0: 0.0, INF: INF}, "domain": POSITIVE, "within": POSITIVE}
real("log", lambda x: x.log(), **_LOG, plane=lambda z: z.log())
real("log2", _log_to(2), **_LOG, plane=lambda z: z.log() / flint().acb(2).log())
real("log10", _log_to(10), **_LOG, plane=lambda z: z.log() / flint().acb(10).log())
real(
    "log1p",
    lambda x: x.log1p(),
    at={-1.0: -INF, 0.0: 0.0, INF: INF},
    domain=(-1.0, INF),
    within=EVERYWHERE,
    plane=lambda z: z.log1p(),
)
real(
    "sqrt",
    lambda x: x.sqrt(),
    at={0.0: 0.0, INF: INF},
    domain=POSITIVE,
    within=POSITIVE,
    plane=lambda z: z.sqrt(),
)
real(
    "rsqrt",
    lambda x: x.rsqrt(),
    at={0.0: INF, INF: 0.0},
    domain=POSITIVE,
    within=POSITIVE,
    plane=lambda z: z.rsqrt(),
)

_TURNING = {"at": {-INF: NAN, 0.0: 0.0, INF: NAN}, "within": EVERYWHERE}
real("sin", lambda x: x.sin(), **_TURNING, plane=lambda z: z.sin())
real("tan", lambda x: x.tan(), **_TURNING, plane=lambda z: z.tan())
real("cos", lambda x: x.cos(), at={-INF: NAN, INF: NAN}, within=EVERYWHERE, plane=lambda z: z.cos())
real("sinh", lambda x: x.sinh(), at={-INF: -INF, 0.0: 0.0, INF: INF}, plane=lambda z: z.sinh())
real("cosh", lambda x: x.cosh(), at={-INF: INF, INF: INF}, plane=lambda z: z.cosh())
real("tanh", lambda x: x.tanh(), at={-INF: -1.0, 0.0: 0.0, INF: 1.0}, plane=lambda z: z.tanh())


def _with_pi(
    function: Callable[[Any], Any], low: float, high: float, parts: tuple[float, float]
) -> Callable[..., Any]:
    """A function that is a part of pi at its two ends, which float64 could not hold to the last bit."""

    def value(x: Any) -> Any:
        if x == low:
            return flint().arb.pi() * parts[0]
        return flint().arb.pi() * parts[1] if x == high else function(x)

    return value


def _arc(name: str) -> Plane:
    """asin or atanh: C99 takes the side of a cut from the sign of the zero, Arb the other one past 1."""

    def value(z: Any) -> Any:
        if z.imag.is_zero() and z.real > 1:
            return -getattr(-z, name)().conjugate()
        return getattr(z, name)()

    return value


def _turned(function: Plane) -> Plane:
    """-i f(i z): asinh from asin, atan from atanh (C99 7.3)."""

    def value(z: Any) -> Any:
        library = flint()
        # z lies in the first quarter of the plane, so i z in the second, where f is continuous down to its cut.
        return library.acb(0, -1) * function(library.acb(-z.imag, z.real))

    return value


_asin, _atanh = _arc("asin"), _arc("atanh")
_UNIT = (-1.0, 1.0)
real("asin", _with_pi(lambda x: x.asin(), -1, 1, (-0.5, 0.5)), at={0.0: 0.0}, domain=_UNIT, plane=_asin)
real(
    "acos",
    _with_pi(lambda x: x.acos(), -1, 2, (1.0, 0.0)),
    at={1.0: 0.0},
    domain=_UNIT,
    plane=lambda z: flint().acb.pi() / 2 - _asin(z) if z.imag.is_zero() and z.real > 1 else z.acos(),
)
real(
    "atan",
    _with_pi(lambda x: x.atan(), -1e300, 1e300, (-0.5, 0.5)),
    at={0.0: 0.0},
    within=(-1e300, 1e300),
    plane=_turned(_atanh),
    odd=True,
)
real(
    "asinh",
    lambda x: x.asinh(),
    at={-INF: -INF, 0.0: 0.0, INF: INF},
    within=EVERYWHERE,
    plane=_turned(_asin),
    odd=True,
)
real(
    "acosh",
    lambda x: x.acosh(),
    at={1.0: 0.0, INF: INF},
    domain=(1.0, INF),
    within=EVERYWHERE,
    plane=lambda z: z.acosh(),
)
real("atanh", lambda x: x.atanh(), at={-1.0: -INF, 0.0: 0.0, 1.0: INF}, domain=_UNIT, plane=_atanh)

real("erf", lambda x: x.erf(), at={-INF: -1.0, 0.0: 0.0, INF: 1.0})
real("erfc", lambda x: x.erfc(), at={-INF: 2.0, INF: 0.0})
real("erfinv", lambda x: x.erfinv(), at={-1.0: -INF, 0.0: 0.0, 1.0: INF}, domain=_UNIT)
