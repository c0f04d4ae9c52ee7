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
    float32, exp, divide = np.dtype(np.float32), np.exp, np.divide
    squares = [np.ones((n, n), float32) for n in range(_WIDE + 1)]

    def softmax(x: Any, *, dim: int) -> Any:
        shape = x.shape
        if dim == len(shape) - 1 and x.dtype is float32 and x.size <= _SMALL and 0 < shape[dim] <= _WIDE:
            flat = x.ravel()
            if flat.dot(flat) <= _SAFE:
                out = exp(x)
                total = out.dot(squares[shape[dim]])
                return divide(out, total, out=total)
        return general(x, dim=dim)

    return {"softmax": softmax}
