"""Reductions by NumPy's shortest way."""

from __future__ import annotations

from typing import Any

import numpy as np

from unison_core.dtypes import DType

__all__ = ["table"]


def table(native: dict[DType, Any]) -> dict[str, Any]:
    """Operator name -> kernel."""
    half = {n for d, n in native.items() if d.is_floating_point and d.bits == 16}
    reduce = np.add.reduce

    def sum(x: Any, *, dim: tuple[int, ...] | None, keepdim: bool) -> Any:
        """Positional arguments, since NumPy parses keywords slowly; half types accumulate in float32."""
        if x.dtype in half:
            out = reduce(x, dim if x.ndim else None, np.float32, None, keepdim)
            return np.asarray(out, dtype=x.dtype)
        if dim is None:
            out = reduce(x, None, None, None, True)
            return out if keepdim else out.reshape(())
        return reduce(x, dim if x.ndim else None, None, None, keepdim)

    return {"sum": sum}
