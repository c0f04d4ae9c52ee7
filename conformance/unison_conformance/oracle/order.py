"""Which results of an accumulation depend on its order: those whose partial results may leave the format.

Terms may be added or multiplied in any order and grouping, so a partial result may be that of any subset.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from unison_conformance.oracle.rounding import part_of
from unison_conformance.oracle.wide import Wide, wide
from unison_core import dtypes

__all__ = ["accumulator", "open_dots", "open_products", "open_sums"]

# Sums are formed of terms scaled down by this much, so that none overflows here.
_SCALE = 2.0**-80
# And each factor of a product by this much: what gets lost is far below the largest number.
_FACTOR_SCALE = 2.0**-560


def accumulator(dtype: Any) -> tuple[float, float]:
    """The largest number and the unit roundoff of what a dtype accumulates in (rule 6 of the contract)."""
    real = part_of(dtypes.BY_NAME[dtype.name])
    held = np.finfo(np.float64 if real is dtypes.float64 else np.float32)
    return float(held.max), float(held.eps) / 2


def open_sums(x: Any, total: Any, terms: Any, *, mean: bool = False) -> Any:
    """Which sums of real x are open; `total` sums a Wide along the axes in question, `terms` says how many.

    Adding the positive terms first gives the largest partial sum, the negative ones first the smallest. A partial
    sum beyond the format is harmless only where the sum is beyond it to the same side, whatever the rounding.
    A `mean` is open, too, where its finite terms have a sum beyond the format.
    """
    largest, u = accumulator(x.dtype)
    terms_of = wide(x) * _SCALE
    finite = np.where(np.isfinite(terms_of.hi), terms_of.hi, 0.0)
    up, down = (total(Wide(np.maximum(finite * sign, 0.0))).hi for sign in (1.0, -1.0))
    endless = [total(Wide((terms_of.hi == sign * np.inf).astype(np.float64))).hi > 0 for sign in (1, -1)]
    unknown = total(Wide(np.isnan(terms_of.hi).astype(np.float64))).hi > 0
    return _opened(up, down, endless, unknown, largest * _SCALE, 2 * u * (terms + 1), mean=mean)


def _opened(
    up: Any, down: Any, endless: Any, unknown: Any, largest: float, relative: Any, *, mean: bool = False
) -> Any:
    """Which sums are open, by the sums of their positive and negative finite terms.

    `endless` says which sums have a positive or negative infinity among their terms, `unknown` which have NaN;
    `relative` bounds the rounding of a partial sum.
    """
    unknown = unknown | (endless[0] & endless[1])
    least = largest * (1 - relative)
    value, slack = up - down, relative * (up + down)
    above = endless[0] | ((value - slack > largest) & ~endless[1])
    below = endless[1] | ((value + slack < -largest) & ~endless[0])
    opened = ((up > least) & ~above) | ((down > least) & ~below)
    if mean:
        opened = opened | ((above | below) & ~endless[0] & ~endless[1])
    return opened & ~unknown


def open_dots(a: Any, b: Any, dot: Any, terms: Any) -> Any:
    """Which sums of products of real a and b are open; `dot` sums the products of two float64 arrays."""
    largest, u = accumulator(a.dtype)
    x, y = (v.astype(np.float64) for v in (a, b))
    finite = [np.where(np.isfinite(v), v, 0.0) * _FACTOR_SCALE for v in (x, y)]
    plus, minus = ([np.maximum(sign * v, 0.0) for v in finite] for sign in (1.0, -1.0))
    up = dot(plus[0], plus[1]) + dot(minus[0], minus[1])
    down = dot(plus[0], minus[1]) + dot(minus[0], plus[1])

    def some(*pairs: tuple[Any, Any]) -> Any:
        return sum(dot(p.astype(np.float64), q.astype(np.float64)) for p, q in pairs) > 0

    infinite = {sign: (x == sign * np.inf, y == sign * np.inf) for sign in (1, -1)}
    endless = [
        some(
            (infinite[1][0], sign * y > 0), (infinite[-1][0], sign * y < 0),
            (sign * x > 0, infinite[1][1]), (sign * x < 0, infinite[-1][1]),
        )
        for sign in (1, -1)
    ]  # fmt: skip
    every = np.ones(x.shape), np.ones(y.shape)
    unknown = some(
        (np.isnan(x), every[1]), (every[0], np.isnan(y)), (np.isinf(x), y == 0), (x == 0, np.isinf(y))
    )
    return _opened(up, down, endless, unknown, largest * _FACTOR_SCALE * _FACTOR_SCALE, 2 * u * (terms + 2))


def open_products(x: Any, total: Any) -> Any:
    """Which products of x are open, by the logarithms of the factors; `total` sums a float64 array along the axes.

    Products of the large factors alone may overflow and those of the small ones underflow; either is harmless only
    where nothing can bring the partial product back: the large ones where the whole is far beyond the format.
    """
    size = np.hypot(x.real, x.imag) if x.dtype.kind == "c" else np.abs(x.astype(np.float64))
    size = size.astype(np.float64)
    limits = np.finfo(np.float64 if accumulator(x.dtype)[1] < 2.0**-30 else np.float32)
    # One binade of room for the roundings of the factors and of these logarithms.
    highest, lowest = int(limits.maxexp) - 1, int(limits.minexp) + 1
    plain = np.isfinite(size) & (size > 0)
    exponent = np.log2(np.where(plain, size, 1.0))
    large = total(np.maximum(exponent, 0))
    small = total(np.minimum(exponent, 0))
    unknown = total(np.isnan(size).astype(np.float64)) > 0
    zero, endless = (total((size == v).astype(np.float64)) > 0 for v in (0.0, np.inf))
    unknown = unknown | (zero & endless)
    over, under = large > highest, small < lowest
    beyond = total(exponent) > highest + 2
    opened = (over & ~((beyond | endless) & ~under & ~zero)) | (under & ~(zero & ~over))
    if x.dtype.kind == "c":
        return opened | zero | endless | unknown
    return opened & ~unknown
