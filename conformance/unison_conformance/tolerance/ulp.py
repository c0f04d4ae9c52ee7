"""The unit in the last place."""

from __future__ import annotations

from typing import Any

import numpy as np

from unison_core import dtypes
from unison_core.dtypes import DType

__all__ = ["FORMATS", "ulp_size"]

# Significand bits (the hidden one included) and the exponents of the smallest normal and of the largest binade.
FORMATS = {
    dtypes.float64: (53, -1022, 1023),
    dtypes.float32: (24, -126, 127),
    dtypes.float16: (11, -14, 15),
    dtypes.bfloat16: (8, -126, 127),
}


def ulp_size(values: Any, dtype: DType, below: Any = False) -> Any:
    """The unit in the last place of a float format at each value (float64 array); subnormals have the smallest.

    `below` marks numbers whose magnitude is a little less than that of `values`: under a power of two the unit is
    half as large.
    """
    bits, lowest, highest = FORMATS[dtype]
    fraction, exponent = np.frexp(np.abs(values))
    exponent = exponent - 1 - (below & (fraction == 0.5))
    exponent = np.where(np.isfinite(values), exponent, highest)
    exponent = np.where(values == 0, lowest, exponent)
    return np.ldexp(1.0, np.clip(exponent, lowest, highest) - (bits - 1))
