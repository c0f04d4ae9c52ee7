"""The tolerance table: operator family x dtype -> limit and source.

A result may differ from its reference by `ulp` units in the last place of the result's dtype plus, where terms
were accumulated, `k(n) * u * S` (rule 5 of the contract: S the sum of the absolute terms, u the unit roundoff of
the accumulator, n their number). A unit in the last place is OpenCL's: the distance to the infinitely precise
result, so correctly rounded means 0.5.

Sources: OCL, the OpenCL conformance tests' `function_list.cpp`, full profile; CUDA, the CUDA C++ Programming
Guide's table of single-precision maxima; WN, the web platform tests of WebNN; DER, derived by rules 5 and 6 of
the contract; IEEE, IEEE 754-2019.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from unison_core import dtypes
from unison_core.dtypes import DType

__all__ = ["LIMITS", "Growth", "Limit", "limit_of", "roundoff"]


class Growth(Enum):
    """k(n), the factor that n accumulated terms allow."""

    NONE = "none"
    ROOT = "8 + 2 sqrt(n)"
    LOG = "4 + log2(n)"
    """What the badge `tightsum` asks for."""
    LINEAR = "n"


@dataclass(frozen=True, slots=True)
class Limit:
    """Largest error: `ulp` units in the last place, plus (growth(n) + extra) * u * S."""

    ulp: float
    source: str
    growth: Growth = Growth.NONE
    extra: float = 0.0
    bits: bool = False
    """Every bit must be equal, NaN payloads and signs of zeros too."""
    signed_zero: bool = False
    """The sign of a zero is checked."""


BITS = Limit(0.0, "WN: zero ULP; bit for bit", bits=True)
EXACT = Limit(0.0, "exact")

F64, F32, F16, BF16 = dtypes.float64, dtypes.float32, dtypes.float16, dtypes.bfloat16


def _row(f64: Limit, f32: Limit, f16: Limit, bf16: Limit) -> dict[DType, Limit]:
    return {F64: f64, F32: f32, F16: f16, BF16: bf16}


def _ulps(f64: float, f32: float, f16: float, bf16: float, source: str) -> dict[DType, Limit]:
    return _row(*(Limit(ulp, source) for ulp in (f64, f32, f16, bf16)))


_SUM = Limit(0.5, "DER rule 5", Growth.ROOT)
_SUM_HALF = Limit(1.0, "DER rules 5 and 6: accumulated in float32", Growth.ROOT)

LIMITS: dict[str, dict[DType, Limit]] = {
    "movement": dict.fromkeys((F64, F32, F16, BF16), BITS),
    "exact": dict.fromkeys((F64, F32, F16, BF16), EXACT),
    "exp": _ulps(3, 3, 2, 1, "OCL 3/3/2; CUDA exp 2, expm1 1"),
    "log": _ulps(3, 3, 2, 1, "OCL 3; CUDA log 1"),
    "sum": _row(_SUM, _SUM, _SUM_HALF, _SUM_HALF),
}


def limit_of(family: str, dtype: DType) -> Limit:
    """The limit of a family for results of a dtype; integers and bools are exact everywhere.

    Raises:
        KeyError: the table has no such row, or the row no such dtype.
    """
    if dtype in dtypes.INEXACT:
        return LIMITS[family][_REAL_OF.get(dtype, dtype)]
    return EXACT


_REAL_OF = {dtypes.complex64: F32, dtypes.complex128: F64}


def roundoff(dtype: DType) -> float:
    """u of the accumulator for results of a dtype: half-precision terms are held in float32 (rule 6)."""
    return 2.0**-53 if _REAL_OF.get(dtype, dtype) is F64 else 2.0**-24


def growth_factor(limit: Limit, terms: Any) -> Any:
    """k(n) + extra."""
    import numpy as np

    n = np.maximum(np.asarray(terms, np.float64), 1.0)
    match limit.growth:
        case Growth.NONE:
            return limit.extra
        case Growth.ROOT:
            return 8.0 + 2.0 * np.sqrt(n) + limit.extra
        case Growth.LOG:
            return 4.0 + np.log2(n) + limit.extra
        case Growth.LINEAR:
            return n + limit.extra
