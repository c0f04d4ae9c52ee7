"""The stand-in's cuBLAS: one product of matrices, as its documentation has it, column by column on host memory."""

from __future__ import annotations

import ctypes
import types
from typing import Any

import ml_dtypes
import numpy as np

TYPES = {
    0: np.dtype(np.float32),
    1: np.dtype(np.float64),
    2: np.dtype(np.float16),
    14: np.dtype(ml_dtypes.bfloat16),
}
CUBLAS_COMPUTE_32F, CUBLAS_COMPUTE_32F_FAST_TF32, CUBLAS_COMPUTE_64F = 68, 77, 70

calls: list[dict[str, Any]] = []
"""What was asked for: m, n, k, operations, batch, compute type and the handle's mode."""

_mode = 0


class CUBLASError(RuntimeError):
    """What CuPy makes of a status that is not success."""


def set_math_mode(handle: int, mode: int) -> None:
    """Of the one handle there is."""
    global _mode
    _mode = mode


def gemm_strided_batched_ex(
    handle: int, transa: int, transb: int, m: int, n: int, k: int,
    alpha: int, a: int, atype: int, lda: int, stride_a: int,
    b: int, btype: int, ldb: int, stride_b: int,
    beta: int, c: int, ctype: int, ldc: int, stride_c: int,
    count: int, compute: int, algo: int,
) -> None:  # fmt: skip
    """C = alpha op(A) op(B) + beta C for each of `count` matrices, op(A) of m x k, op(B) of k x n."""
    rows_a, columns_a = (k, m) if transa else (m, k)
    rows_b, columns_b = (n, k) if transb else (k, n)
    if min(m, n, k, count) < 0 or lda < max(1, rows_a) or ldb < max(1, rows_b) or ldc < max(1, m):
        raise CUBLASError("CUBLAS_STATUS_INVALID_VALUE")
    if not atype == btype == ctype or (compute == CUBLAS_COMPUTE_64F) != (atype == 1):
        raise CUBLASError("CUBLAS_STATUS_NOT_SUPPORTED")
    scalar = ctypes.c_double if compute == CUBLAS_COMPUTE_64F else ctypes.c_float
    scale, keep = (scalar.from_address(address).value for address in (alpha, beta))
    calls.append(
        {"m": m, "n": n, "k": k, "op": (transa, transb), "count": count, "compute": compute, "mode": _mode}
    )
    for i in range(count):
        left = _matrix(a, atype, rows_a, columns_a, lda, i * stride_a)
        right = _matrix(b, btype, rows_b, columns_b, ldb, i * stride_b)
        out = _matrix(c, ctype, m, n, ldc, i * stride_c)
        one, other = (_read(x, compute) for x in (left.T if transa else left, right.T if transb else right))
        with np.errstate(all="ignore"):
            result = scale * (one @ other)
            if keep:
                result = result + keep * out.astype(result.dtype)
        out[...] = result.astype(out.dtype)


def _matrix(address: int, kind: int, rows: int, columns: int, lead: int, start: int) -> Any:
    """Element (r, c) lies at start + r + c * lead."""
    dtype = TYPES[kind]
    size = ((columns - 1) * lead + rows) * dtype.itemsize
    memory = (ctypes.c_char * size).from_address(address + start * dtype.itemsize)
    return np.ndarray((rows, columns), dtype, memory, 0, (dtype.itemsize, lead * dtype.itemsize))


def _read(x: Any, compute: int) -> Any:
    """In the type that sums are held in, cut to TF32 (its last 13 of 23 bits gone) if that is asked for."""
    wide = np.array(x, np.float64 if compute == CUBLAS_COMPUTE_64F else np.float32, order="C")
    if compute == CUBLAS_COMPUTE_32F_FAST_TF32 and x.dtype == np.float32:
        wide = (wide.view(np.uint32) & np.uint32(0xFFFFE000)).view(np.float32)
    return wide


def modules() -> dict[str, types.ModuleType]:
    """`cupy_backends.cuda.libs.cublas` and the packages above it."""
    made = {
        name: types.ModuleType(name)
        for name in ("cupy_backends", "cupy_backends.cuda", "cupy_backends.cuda.libs", _NAME)
    }
    cublas = made[_NAME]
    vars(cublas).update(
        CUBLAS_COMPUTE_32F=CUBLAS_COMPUTE_32F,
        CUBLAS_COMPUTE_32F_FAST_TF32=CUBLAS_COMPUTE_32F_FAST_TF32,
        CUBLAS_COMPUTE_64F=CUBLAS_COMPUTE_64F,
        CUBLAS_DEFAULT_MATH=0,
        CUBLAS_GEMM_DEFAULT=-1,
        gemmStridedBatchedEx=gemm_strided_batched_ex,
        setMathMode=set_math_mode,
    )
    vars(made["cupy_backends.cuda.libs"])["cublas"] = cublas
    return made


_NAME = "cupy_backends.cuda.libs.cublas"
