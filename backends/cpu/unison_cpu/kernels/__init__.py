"""Kernels that replace the array kit's on the CPU, one module per theme, named like the operators.

May import NumPy and core's errors. A kernel that the kit's serves as well does not belong here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from unison_core.dtypes import DType
from unison_cpu.kernels import (
    activation,
    convolution,
    elementwise,
    linalg,
    movement,
    normalization,
    pooling,
    random,
    reduction,
)

__all__ = ["table"]


def table(native: Mapping[DType, Any]) -> dict[str, Callable[..., Any]]:
    """Operator name -> kernel, of all themes."""
    return {
        **activation.table(dict(native)),
        **convolution.KERNELS,
        **elementwise.KERNELS,
        **linalg.table(dict(native)),
        **movement.table(dict(native)),
        **normalization.table(dict(native)),
        **pooling.table(dict(native)),
        **random.KERNELS,
        **reduction.table(dict(native)),
    }
