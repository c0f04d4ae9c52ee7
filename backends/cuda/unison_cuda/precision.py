"""What the program allows for float32 products (core's Note [Float32 products]), as the products here ask for it.

CuPy has a compute type of its own for each dtype, which `CUPY_TF32` in the environment would make TF32; its own
products serve inside of decompositions. So it is set here in words, whatever the environment says. cuBLAS knows
nothing between float32 and TF32, so "medium" is "high".
"""

from __future__ import annotations

from functools import cache

import cupy
import ml_dtypes
import numpy as np

from unison_core.precision import EXACT, Precision

__all__ = ["allow", "cut"]

_FIRST_WITH_TF32 = 80

_allowed = EXACT


def allow(precision: Precision) -> None:
    """What `cut` answers from now on."""
    global _allowed
    _allowed = precision
    for dtype in (np.float16, ml_dtypes.bfloat16, np.float32, np.float64):
        cupy._core.set_compute_type(np.dtype(dtype), cupy._core._routines_linalg.COMPUTE_TYPE_DEFAULT)


def cut() -> bool:
    """Whether float32 products of matrices are cut to TF32: allowed, and every GPU has it."""
    return _allowed.matmul != "highest" and _everywhere()


@cache
def _everywhere() -> bool:
    count = cupy.cuda.runtime.getDeviceCount()
    return all(int(cupy.cuda.Device(i).compute_capability) >= _FIRST_WITH_TF32 for i in range(count))
