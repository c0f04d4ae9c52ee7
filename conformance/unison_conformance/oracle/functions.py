"""Functions of Wide numbers, to more than 100 bits by Arb; equal elements are computed once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from unison_conformance.oracle.multiprecision import evaluate
from unison_conformance.oracle.wide import Wide, wide

__all__ = ["erf", "exp", "log", "log1p", "sigmoid", "tanh"]

INF = np.inf


def _apply(
    function: Callable[[Any], Any],
    x: Any,
    at: Mapping[float, float],
    domain: tuple[float, float] = (-INF, INF),
    within: tuple[float, float] = (-1e4, 1e4),
) -> Wide:
    """function(arb) at every element; `at` holds the limits at the ends, NaN is what lies outside the domain."""
    x = wide(x)
    values = np.full(x.shape, np.nan)
    given = np.isnan(x.hi) | (x.hi < domain[0]) | (x.hi > domain[1])
    for point, value in at.items():
        hit = (x.hi == point) & (x.lo == 0)
        values[hit] = value
        given = given | hit
    outside = given | (x.hi < within[0]) | (x.hi > within[1])
    harmless = np.where(given, 0.5, np.clip(x.hi, *within))
    # A complex number orders and compares by both of its parts: one key for hi and lo together.
    keys = harmless + 1j * np.where(outside, 0.0, x.lo)
    unique, back = np.unique(keys, return_inverse=True)
    back = back.reshape(x.shape)
    out = evaluate(function, Wide(unique.real.copy(), unique.imag.copy()))
    return Wide(np.where(given, values, out.hi[back]), np.where(given, 0.0, out.lo[back]))


def exp(x: Any) -> Wide:
    """e^x."""
    return _apply(lambda a: a.exp(), x, {-INF: 0.0, INF: INF})


def log(x: Any) -> Wide:
    """The natural logarithm."""
    return _apply(lambda a: a.log(), x, {0.0: -INF, INF: INF}, (0.0, INF), (0.0, INF))


def log1p(x: Any) -> Wide:
    """log(1 + x)."""
    return _apply(lambda a: a.log1p(), x, {-1.0: -INF, INF: INF}, (-1.0, INF), (-1.0, INF))


def tanh(x: Any) -> Wide:
    """The hyperbolic tangent."""
    return _apply(lambda a: a.tanh(), x, {-INF: -1.0, INF: 1.0})


def sigmoid(x: Any) -> Wide:
    """1 / (1 + e^-x)."""
    return _apply(lambda a: 1 / (1 + (-a).exp()), x, {-INF: 0.0, INF: 1.0})


def erf(x: Any) -> Wide:
    """The error function."""
    return _apply(lambda a: a.erf(), x, {-INF: -1.0, INF: 1.0}, within=(-1e3, 1e3))
