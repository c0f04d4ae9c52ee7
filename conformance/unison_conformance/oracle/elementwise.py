"""Elementwise functions of real numbers: Arb inside the domain, the limits of IEEE 754 and C99 annex F at its ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from unison_conformance.oracle.multiprecision import evaluate
from unison_conformance.oracle.reference import ORACLES
from unison_conformance.oracle.wide import Wide, wide

__all__ = ["real"]


def real(
    name: str,
    function: Callable[[Any], Any],
    *,
    at: dict[float, float] | None = None,
    domain: tuple[float, float] = (-np.inf, np.inf),
    within: tuple[float, float] = (-1e6, 1e6),
) -> None:
    """Register the oracle of a function of one real number.

    `at` maps points to values there (limits at infinities, poles; 0.0 stands for both zeros); outside the closed
    `domain` the result is NaN. Arguments are clamped to `within`, beyond which the function does not change in float64.
    """
    points = at or {}

    def compute(x: Any, **_: Any) -> Any:
        x = wide(x).hi
        special = np.isnan(x) | (x < domain[0]) | (x > domain[1])
        values = np.full(x.shape, np.nan)
        for point, value in points.items():
            hit = x == point
            values[hit] = value
            special |= hit
        inner = np.where(special, 0.5 * (max(domain[0], -2.0) + min(domain[1], 2.0)), np.clip(x, *within))
        # Repeated values are computed once.
        unique, back = np.unique(inner, return_inverse=True)
        out = evaluate(function, unique)
        return Wide(
            np.where(special, values, out.hi[back.reshape(x.shape)]),
            np.where(special, 0.0, out.lo[back.reshape(x.shape)]),
        )

    ORACLES[name] = compute


INF = np.inf
real("exp", lambda x: x.exp(), at={-INF: 0.0, INF: INF})
real("log", lambda x: x.log(), at={0.0: -INF, INF: INF}, domain=(0.0, INF), within=(0.0, INF))
