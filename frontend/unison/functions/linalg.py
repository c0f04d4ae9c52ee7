"""Products of vectors and matrices."""

from __future__ import annotations

from typing import Any

from unison.functions._common import need_tensors, write_exact
from unison_core import ops
from unison_core.errors import OperatorError

__all__ = ["matmul", "mm"]


def matmul(input: Any, other: Any, *, out: Any = None) -> Any:
    """The matrix product; vectors are rows on the left and columns on the right, batches broadcast."""
    try:
        a, b = input.array.ndim, other.array.ndim
    except AttributeError:
        need_tensors("matmul", input=input, other=other)
        raise
    if a >= 2 and b >= 2:
        result = ops.matmul(input, other)
    elif not a or not b:
        raise OperatorError(f"both arguments to matmul need to be at least 1D, but they are {a}D and {b}D")
    else:
        result = _with_vectors(input, other, a, b)
    return result if out is None else write_exact(out, result)


def _with_vectors(input: Any, other: Any, a: int, b: int) -> Any:
    left = ops.slice(input, key=(None, ...)) if a == 1 else input
    right = ops.slice(other, key=(..., None)) if b == 1 else other
    product = ops.matmul(left, right)
    key: tuple[Any, ...] = (..., 0) if b == 1 else (...,)
    if a == 1:
        key = (..., 0) if b > 1 else (..., 0, 0)
        if b > 1:
            key = (..., 0, slice(None))
    return ops.slice(product, key=key)


def mm(input: Any, mat2: Any, *, out: Any = None) -> Any:
    """The product of two matrices.

    Raises:
        RuntimeError: one is not a matrix, or the lengths do not agree.
    """
    need_tensors("mm", input=input, mat2=mat2)
    if input.array.ndim != 2 or mat2.array.ndim != 2:
        raise OperatorError(
            f"mm expects matrices, but got {input.array.ndim}D and {mat2.array.ndim}D tensors"
        )
    result = ops.matmul(input, mat2)
    return result if out is None else write_exact(out, result)
