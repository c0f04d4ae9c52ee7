"""Long vectors of chosen numbers: spread over all bit patterns, every half-precision number, and the hard places."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from unison_core import dtypes
from unison_core.dtypes import DType
from unison_core.samples import Arg

__all__ = ["CENTRES", "LENGTHS", "MARK", "draw", "length"]

MARK = "points:"
"""What `make` of a resized argument starts with; then class, operator, number of the argument, how many there are."""

LENGTHS = {"spread": 2048, "extremes": 0, "exhaustive": 65536}

_NEIGHBOURS = range(-6, 7)
_TURNS = (1, 2, 3, 4, 5, 11, 22, 355, 710, 10_000, 1_000_003, 2**40)
_HALF_TURNS = (*(k * math.pi / 2 for k in _TURNS), 1e5, 1e22)
_NEAR_ONE = (1.0, 0.5, 0.70710678, 2.0, 0.9375, 1.0625)
_ENDS = (1.0, 0.5, 0.99, 0.1, 0.001)
_INTEGERS = (
    1.0,
    2.0,
    1.4616321449683622,
    3.0,
    10.0,
    -0.5,
    -1.5,
    -2.4570247382208,
    -2.7476826467274,
    -4.04,
    1e-3,
)
_BELL = (0.5, 1.0, 2.0, 3.0, 4.0, 5.5, 9.0, 9.19, 13.0, 26.2, 27.2, 0.001)

CENTRES: dict[str, tuple[float, ...]] = {
    # Where results leave the formats: ln of the largest and of the smallest numbers of float16, float32, float64.
    **dict.fromkeys(
        ("exp", "expm1", "sinh", "cosh", "sigmoid", "silu", "softplus", "elu", "tanh"),
        (11.09, 9.7, 17.33, 88.72, 87.33, 103.97, 709.78, 708.39, 745.13, 0.34657, 20.0, 9.01, 19.06),
    ),
    "exp2": (16.0, 14.0, 24.0, 128.0, 126.0, 149.0, 1024.0, 1022.0, 1074.0, 0.5),
    **dict.fromkeys(("log", "log2", "log10", "acosh"), _NEAR_ONE),
    **dict.fromkeys(("log1p", "asinh"), (0.25, 0.5, 0.70710678, 1e-3, 0.41421356, 1e-8)),
    **dict.fromkeys(("sin", "cos", "tan"), _HALF_TURNS),
    **dict.fromkeys(("asin", "acos", "atanh", "atan", "erfinv"), _ENDS),
    **dict.fromkeys(("erf", "erfc", "gelu"), _BELL),
    **dict.fromkeys(("lgamma", "digamma"), _INTEGERS),
    # The midpoints between integers, and the last number that has a fraction.
    **dict.fromkeys(
        ("floor", "ceil", "trunc", "round"),
        (0.5, 1.5, 2.5, 1.0, 1023.5, 127.5, 2.0**23, 2.0**22 + 0.5, 2.0**52),
    ),
    **dict.fromkeys(("sqrt", "rsqrt", "reciprocal"), (1.0, 2.0, 4.0, 1e-4, 3.0, 0.25)),
}
"""Operator -> the numbers (each with its negative) around which every neighbour is tried."""


def length(name: str, dtype: DType, values: str, count: int) -> int:
    """How many elements the vectors of a class have."""
    if values == "extremes":
        return 512 if name == "pow" else 2 * len(_NEIGHBOURS) * len(CENTRES[name])
    return LENGTHS[values]


def draw(arg: Arg, dtype: DType, rng: np.random.Generator) -> Any:
    """The host array of a resized argument."""
    from unison_conformance.cases.values import allowed, host_dtype

    values, name, index, count = arg.make.removeprefix(MARK).split(":")
    native = host_dtype(dtype)
    if values == "exhaustive":
        return np.arange(65536, dtype=np.uint16).view(native)
    if values == "extremes":
        return _powers(int(index), native) if name == "pow" else _around(CENTRES[name], native)
    out = _patterns(arg.shape[0], dtype, native, rng)
    special = _specials(dtype, int(index), int(count))
    # A grid of four special values of complex numbers would fill everything.
    out[: min(special.size, out.size)] = special[: out.size]
    if arg.low > 0 and native.kind in "iu":
        out[out == 0] = allowed(np.arange(1, 2, dtype=native), arg)[0]
    return out


def _patterns(count: int, dtype: DType, native: Any, rng: np.random.Generator) -> Any:
    """Any bits; of complex numbers, whose parts would almost never suit each other, numbers of many magnitudes."""
    if dtype is dtypes.bool_:
        return rng.integers(0, 2, count).astype(bool)
    if dtype.is_complex:
        parts = rng.choice([-1.0, 1.0], (2, count)) * 2.0 ** rng.uniform(-12, 6, (2, count))
        return (parts[0] + 1j * parts[1]).astype(native)
    return np.frombuffer(rng.bytes(count * native.itemsize), native).copy()


def _specials(dtype: DType, index: int, count: int) -> Any:
    """The special values; of two arguments, the full grid of them against each other."""
    from unison_conformance.cases.values import special_values

    values = special_values(dtype)
    if count != 2 or dtype.is_complex:
        return values
    return np.repeat(values, values.size) if index == 0 else np.tile(values, values.size)


def _around(centres: tuple[float, ...], native: Any) -> Any:
    """Each number with its nearest neighbours in the format, and the negatives; those beyond the format are 1."""
    with np.errstate(over="ignore"):
        exact = np.array(centres).astype(native)
    exact[~np.isfinite(exact)] = 1
    bits = exact.view(f"u{native.itemsize}")[:, None] + np.array(_NEIGHBOURS).astype(f"u{native.itemsize}")
    positive = bits.ravel().view(native)
    return np.concatenate([positive, -positive])


def _powers(index: int, native: Any) -> Any:
    """Bases and exponents whose powers lie around the largest and the smallest numbers of the format."""
    import ml_dtypes

    info = ml_dtypes.finfo(native)
    bases = np.geomspace(1.002, 30.0, 256)
    ends = np.array([math.log(float(info.max)), math.log(float(info.smallest_subnormal))])
    sizes = np.linspace(0.97, 1.01, 256)
    exponents = np.concatenate([end * sizes / np.log(bases) for end in ends])
    return (np.tile(bases, 2) if index == 0 else exponents).astype(native)
