"""What the program allows for float32 products (core's Note [Float32 products]), as CuPy's compute types.

CuPy keeps one compute type for each dtype (float32's is complex64's too), the same for all threads and devices of the
process and for the program's own calls of CuPy; `CUPY_TF32` in the environment would make TF32 the default. So it is
set here in words, whatever the environment says. It is read by products of two matrices alone: products of stacks of
matrices are cuBLAS's float32 always. CuPy knows nothing below TF32, so "medium" is "high".
"""

from __future__ import annotations

import cupy
import ml_dtypes
import numpy as np

from unison_core.precision import Precision

__all__ = ["allow"]

_FIRST_WITH_TF32 = 80


def allow(precision: Precision) -> None:
    """TF32 for float32 where it is allowed and every GPU has it; half types are always summed in float32."""
    types = cupy._core._routines_linalg
    cut = precision.matmul != "highest" and _everywhere()
    _set(np.float32, types.COMPUTE_TYPE_TF32 if cut else types.COMPUTE_TYPE_DEFAULT)
    for half in (np.float16, ml_dtypes.bfloat16):
        _set(half, types.COMPUTE_TYPE_DEFAULT)


def _set(dtype: type, compute_type: int) -> None:
    cupy._core.set_compute_type(np.dtype(dtype), compute_type)


def _everywhere() -> bool:
    count = cupy.cuda.runtime.getDeviceCount()
    return all(int(cupy.cuda.Device(i).compute_capability) >= _FIRST_WITH_TF32 for i in range(count))
