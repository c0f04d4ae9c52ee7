"""What an entry of the tolerance table is, and k(n) and u of rule 5."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from unison_core import dtypes
from unison_core.dtypes import DType

__all__ = ["ENVELOPE", "Growth", "Limit", "growth_factor", "norm_limit", "roundoff"]

ENVELOPE = 4.0
"""How many times the measured spread of loss curves a curve may lie from their middle.

DER: the spread is that of nine starts one unit in the last place apart; a device rounds otherwise in every
operator, so its curve is one more draw from a wider distribution.
"""


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


def norm_limit(depth: int, terms: int, dtype: DType) -> float:
    """The relative error of a gradient's norm after `depth` operators whose longest sum has `terms` terms.

    DER: each operator adds at most k(n) * u by rule 5, and the adds of one path are summed.
    """
    return depth * (8.0 + 2.0 * math.sqrt(terms)) * roundoff(dtype)
