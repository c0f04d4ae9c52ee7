"""What an entry of the tolerance table is, and k(n) and u of rule 5."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from unison_core import dtypes
from unison_core.dtypes import DType

__all__ = ["Growth", "Limit", "growth_factor", "roundoff"]


class Growth(Enum):
    """k(n), the factor that n accumulated terms allow."""

    NONE = "0"
    ROOT = "8 + 2 sqrt(n)"
    LOG = "4 + log2(n)"
    """What the badge `tightsum` asks for."""
    LINEAR = "n"


@dataclass(frozen=True, slots=True)
class Limit:
    """Largest error: `ulp` units in the last place, plus (k(n) + extra) * u * S."""

    ulp: float
    source: str
    growth: Growth = Growth.NONE
    extra: float = 0.0
    bits: bool = False
    """Every bit must be equal, NaN payloads and signs of zeros too."""
    signed_zero: bool = False
    """The sign of a zero is checked."""


def roundoff(dtype: DType) -> float:
    """u of the accumulator for results of a dtype: half-precision terms are held in float32 (rule 6)."""
    return 2.0**-53 if dtype.to_real() is dtypes.float64 else 2.0**-24


def growth_factor(limit: Limit, terms: Any) -> Any:
    """k(n) + extra."""
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
