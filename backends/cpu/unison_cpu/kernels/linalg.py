"""Matrix products by NumPy's shortest way."""

from __future__ import annotations

from typing import Any

import numpy as np

from unison_core import arraykit
from unison_core.arraykit.linalg import Linalg
from unison_core.dtypes import DType

__all__ = ["table"]

_BLAS = {np.dtype(kind) for kind in (np.float32, np.float64, np.complex64, np.complex128)}


def _product(a: Any, b: Any) -> Any:
    """Of two matrices the method `dot`, which calls the same BLAS after a third of the time."""
    if a.ndim == 2 and b.ndim == 2 and a.dtype in _BLAS:
        return a.dot(b)
    return np.matmul(a, b)


def table(native: dict[DType, Any]) -> dict[str, Any]:
    """Operator name -> kernel."""
    kit = Linalg(arraykit.ArrayKit(np, native), _product)

    def matmul(a: Any, b: Any) -> Any:
        """Past the look for half types, which costs a small product as much again."""
        return a.dot(b) if a.ndim == 2 and b.ndim == 2 and a.dtype in _BLAS else kit.matmul(a, b)

    return {"linear": kit.linear, "matmul": matmul}
