"""The C kit's products by cuBLAS: any batch and either order of a matrix, without copies.

cuBLAS goes down columns where the kit goes along rows, so it is asked for the transposed product, b^T a^T. Sums are
float32's for half types, whatever the parts of a sum that is shared out; float32 is cut to TF32 only if the program
allows it (core's Note [Float32 products]).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import product as places
from math import prod
from typing import Any

import cupy
import numpy as np

from unison_core import dtypes
from unison_core.ckit.array import CArray
from unison_core.ckit.product import Product

__all__ = ["serve"]

_AS_IT_LIES, _TURNED = 0, 1
_MOST = 2**31 - 1
_MOST_CALLS = 16
"""Batches that do not step evenly take a call for each of their outer places; beyond this many the kit does better."""

# CUDA's numbers of the types.
_TYPES = {dtypes.float16: 2, dtypes.bfloat16: 14, dtypes.float32: 0, dtypes.float64: 1}
# 0 and 1 for cuBLAS to read, and where they lie.
_NUMBERS = {dtype: np.array([0, 1], dtype) for dtype in (np.float32, np.float64)}
_PLACES = {
    dtype: [held.ctypes.data + i * held.itemsize for i in range(2)] for dtype, held in _NUMBERS.items()
}
_FIRST_WITH_BFLOAT16 = 80
_KEEP_SUMS_WIDE = 16
"""cuBLAS's mode CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION, which CuPy has no name for."""


def serve(
    how: Product, a: CArray, b: CArray, out: CArray, start: Callable[[], object] | None, *, cut: bool
) -> bool:
    """`Runtime.product`; cut: float32 may be cut to TF32."""
    kind = _TYPES.get(a.dtype)
    if kind is None or how.windows is not None or not how.depth:
        return False
    if a.dtype is dtypes.bfloat16 and _capability(a.buffer.device_id) < _FIRST_WITH_BFLOAT16:
        return False
    left = _order(how.columns, how.depth, how.b_column, how.b_deep)
    right = _order(how.depth, how.rows, how.a_deep, how.a_row)
    sizes = (how.columns, how.rows, how.depth, how.out_row)
    if left is None or right is None or max(*sizes, left[1], right[1]) > _MOST:
        return False
    *outer, count = how.batch or (1,)
    if prod(outer) > _MOST_CALLS or count > _MOST:
        return False
    calls = [*places(*map(range, outer))]
    if start is not None:
        start()
    _call(how, kind, (a, b, out), (left, right), count, calls, add=start is not None, cut=cut)
    return True


@cache
def _library() -> Any:
    """CuPy's module for cuBLAS, which loads it."""
    from cupy_backends.cuda.libs import cublas

    return cublas


@cache
def _capability(index: int) -> int:
    return int(cupy.cuda.Device(index).compute_capability)


def _order(along: int, across: int, step_along: int, step_across: int) -> tuple[int, int] | None:
    """(operation, leading length) by which cuBLAS sees a matrix whose columns are `along` long, if it can."""
    if step_along == 1 or along == 1:
        if step_across >= along:
            return _AS_IT_LIES, step_across
        if across == 1:
            return _AS_IT_LIES, along
    if step_across == 1 or across == 1:
        if step_along >= across:
            return _TURNED, step_along
        if along == 1:
            return _TURNED, across
    return None


def _call(
    how: Product,
    kind: int,
    arrays: tuple[CArray, CArray, CArray],
    orders: tuple[tuple[int, int], tuple[int, int]],
    count: int,
    calls: list[tuple[int, ...]],
    *,
    add: bool,
    cut: bool,
) -> None:
    cublas = _library()
    steps = [how.steps[0], how.steps[1], how.steps[3]]
    inner = [s[-1] if how.batch else 0 for s in steps]
    size = arrays[0].dtype.itemsize
    starts = [x.buffer.ptr + size * (x.offset + moved) for x, moved in zip(arrays, how.moved, strict=True)]
    if arrays[0].dtype is dtypes.float64:
        numbers, compute = _PLACES[np.float64], cublas.CUBLAS_COMPUTE_64F
    else:
        single = arrays[0].dtype is dtypes.float32
        numbers = _PLACES[np.float32]
        compute = cublas.CUBLAS_COMPUTE_32F_FAST_TF32 if single and cut else cublas.CUBLAS_COMPUTE_32F
    handle = cupy.cuda.device.get_cublas_handle()
    (turn_b, lead_b), (turn_a, lead_a) = orders
    lead_out = max(how.out_row, how.columns)
    cublas.setMathMode(handle, _KEEP_SUMS_WIDE)
    try:
        for place in calls:
            at_a, at_b, at_out = (
                start + size * sum(i * s for i, s in zip(place, step[:-1], strict=True)) if place else start
                for start, step in zip(starts, steps, strict=True)
            )
            cublas.gemmStridedBatchedEx(
                handle,
                turn_b,
                turn_a,
                how.columns,
                how.rows,
                how.depth,
                numbers[1],
                at_b,
                kind,
                lead_b,
                inner[1],
                at_a,
                kind,
                lead_a,
                inner[0],
                numbers[int(add)],
                at_out,
                kind,
                lead_out,
                inner[2],
                count,
                compute,
                cublas.CUBLAS_GEMM_DEFAULT,
            )
    finally:
        cublas.setMathMode(handle, cublas.CUBLAS_DEFAULT_MATH)
