"""Numbers in a format: to nearest, ties to even, by integer arithmetic on exact fractions."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import inf, isfinite, ldexp
from typing import Any

import numpy as np

from unison_conformance.oracle.wide import Wide
from unison_core import dtypes
from unison_core.dtypes import DType

__all__ = ["FORMATS", "native", "part_of", "rounded", "widened"]

FORMATS = {
    dtypes.float64: (53, -1022, 1023),
    dtypes.float32: (24, -126, 127),
    dtypes.float16: (11, -14, 15),
    dtypes.bfloat16: (8, -126, 127),
}
"""Significand bits (the hidden one included), exponents of the smallest normal and of the largest binade."""


def native(dtype: DType) -> np.dtype[Any]:
    """The dtype of host arrays."""
    if dtype is dtypes.bfloat16:
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(dtype.name)


def part_of(dtype: DType) -> DType:
    """The type of the parts of a complex type; else the type itself."""
    return {dtypes.complex64: dtypes.float32, dtypes.complex128: dtypes.float64}.get(dtype, dtype)


def rounded(value: Any, dtype: DType) -> float:
    """The number (int, Fraction or float) of a format nearest to value; equally near ones: the even one."""
    if isinstance(value, float) and (not isfinite(value) or not value):
        return value
    exact = Fraction(value)
    bits, lowest, highest = FORMATS[dtype]
    top = abs(exact.numerator).bit_length() - exact.denominator.bit_length()
    if abs(exact) < Fraction(2) ** top:
        top -= 1
    grain = max(top, lowest) - (bits - 1)
    units = round(exact / Fraction(2) ** grain)  # a Fraction rounds ties to even
    if top > highest or abs(units) >> (highest - grain + 1):
        return inf if exact > 0 else -inf
    return ldexp(units, grain) if units else (-0.0 if exact < 0 else 0.0)


def widened(values: Iterable[Any], shape: tuple[int, ...]) -> Wide:
    """Fractions (or ints) as wide numbers."""
    exact = [Fraction(v) for v in values]
    high = [float(v) for v in exact]
    low = [float(v - Fraction(h)) for v, h in zip(exact, high, strict=True)]
    return Wide(np.array(high, np.float64).reshape(shape), np.array(low, np.float64).reshape(shape))
