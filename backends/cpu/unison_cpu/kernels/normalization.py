"""The softmax of a few numbers.

# Note [Small softmax]
Ufuncs that broadcast, and reductions, cost NumPy 1 us each before they look at an element. Where no element is beyond
80, and the sum of the squares then not beyond 6,400, nothing overflows and nothing is lost without subtracting the
largest; and the product with a square of ones gives every element the sum of its row.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from unison_core import arraykit
from unison_core.arraykit.softmax import Softmax
from unison_core.dtypes import DType

__all__ = ["table"]

_SMALL, _WIDE = 256, 32
_SAFE = 6400.0


def table(native: dict[DType, Any]) -> dict[str, Any]:
    """Operator name -> kernel."""
    general = Softmax(arraykit.ArrayKit(np, native)).softmax
    float32 = np.dtype(np.float32)
    squares = [np.ones((n, n), float32) for n in range(_WIDE + 1)]

    def softmax(x: Any, *, dim: int) -> Any:
        if x.dtype is float32 and 0 < x.size <= _SMALL:
            columns = x.shape[-1] if x.ndim else 0
            if 0 < columns <= _WIDE and dim in (x.ndim - 1, -1):
                flat = x.ravel()
                if flat.dot(flat) <= _SAFE:
                    out = np.exp(x)
                    total = out.dot(squares[columns])
                    return np.divide(out, total, total)
        return general(x, dim=dim)

    return {"softmax": softmax}
