"""Norms, condition numbers and ranks."""

from __future__ import annotations

from math import inf
from typing import Any

from unison.functions._common import dims, need_tensors, with_exact_out, with_out
from unison.functions.reduction import norms as plain
from unison.linalg._shared import inexact, matrices, tolerance
from unison.linalg.decompositions import eigvalsh, svdvals
from unison_core import dtypes, ops
from unison_core.errors import OperatorError
from unison_core.spec import wrap_dim

__all__ = ["cond", "matrix_norm", "matrix_rank", "norm", "vector_norm"]


@with_exact_out
def vector_norm(x: Any, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """(sum |x|^ord)^(1/ord) over dim, all of them by default; inf and -inf are extremes, 0 counts what is not zero.

    Raises:
        RuntimeError: x is neither floating nor complex, ord is not a number, or an extreme of nothing is asked for.
    """
    need_tensors("linalg.vector_norm", x=x)
    if isinstance(ord, str):
        raise OperatorError(f"linalg.vector_norm: Expected a number as ord, got {ord!r}")
    x = _cast("linalg.vector_norm", x, dtype)
    over = dims(None if dim is not None and not isinstance(dim, int) and not len(dim) else dim, x.array.ndim)
    return plain.vector_norm(x, ord, over, keepdim)


def _cast(name: str, x: Any, dtype: Any) -> Any:
    if x.dtype not in dtypes.INEXACT:
        raise OperatorError(
            f"{name}: Expected a floating point or complex tensor as input. Got {x.dtype.name}; convert it first, as "
            "in x.float()"
        )
    if dtype is None or dtype is x.dtype:
        return x
    if dtype not in dtypes.INEXACT or dtype.is_complex != x.dtype.is_complex or dtype.bits < x.dtype.bits:
        raise OperatorError(
            f"{name}: the dtype of the input ({x.dtype.name}) should be convertible without narrowing to the specified "
            f"dtype ({dtype.name})"
        )
    return ops.cast(x, dtype=dtype)


@with_exact_out
def matrix_norm(
    A: Any, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None
) -> Any:
    """A norm of the matrices in two dimensions: "fro", "nuc" (the sum of singular values), inf (the largest sum of
    a row), 1 (of a column), 2 (the largest singular value), or the negatives, with the smallest.

    Raises:
        RuntimeError: A has no matrices, or ord is another.
    """
    matrices("linalg.matrix_norm", A)
    A = _cast("linalg.matrix_norm", A, dtype)
    if isinstance(dim, int) or len(dim) != 2:
        raise OperatorError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {dim}")
    row, column = (wrap_dim(d, A.array.ndim) for d in dim)
    if row == column:
        raise OperatorError(f"linalg.matrix_norm: dims must be different. Got ({dim[0]}, {dim[1]})")
    if ord == "fro":
        return plain.vector_norm(A, 2, (row, column), keepdim)
    if ord == "nuc" or ord in (2, -2):
        return _spectral(A, ord, row, column, keepdim)
    if isinstance(ord, str) or ord not in (1, -1, inf, -inf):
        raise OperatorError(f"linalg.matrix_norm: Order {ord} not supported.")
    summed, kept = (row, column) if abs(ord) == 1 else (column, row)
    sums = plain.vector_norm(A, 1, (summed,), True)
    empty = not sums.array.shape[kept]
    best = (ops.sum if empty and ord > 0 else ops.amax if ord > 0 else ops.amin)(
        sums, dim=(kept,), keepdim=True
    )
    return best if keepdim else _dropped(best, row, column)


def _dropped(x: Any, row: int, column: int) -> Any:
    return ops.slice(x, key=tuple(0 if i in (row, column) else slice(None) for i in range(x.array.ndim)))


def _spectral(A: Any, ord: Any, row: int, column: int, keepdim: bool) -> Any:
    rest = [i for i in range(A.array.ndim) if i not in (row, column)]
    values = svdvals(ops.permute(A, dims=(*rest, row, column)))
    # Of nothing the largest is 0, as the sum is.
    if ord == "nuc" or (ord > 0 and not values.array.shape[-1]):
        out = values.sum(-1)
    else:
        out = values.amax(-1) if ord > 0 else values.amin(-1)
    if keepdim:
        for d in sorted((row, column)):
            out = out.unsqueeze(d)
    return out


@with_exact_out
def norm(A: Any, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """`matrix_norm` where ord is given and two dimensions are meant, else `vector_norm`.

    Raises:
        RuntimeError: ord is given, but dim means neither one nor two dimensions.
    """
    need_tensors("linalg.norm", A=A)
    if ord is None:
        return vector_norm(A, 2, dim, keepdim, dtype=dtype)
    count = A.array.ndim if dim is None else (1 if isinstance(dim, int) else len(dim))
    if count not in (1, 2):
        where = "the input must be 1D or 2D" if dim is None else "it must be of length 1 or 2"
        raise OperatorError(
            f"linalg.norm: If {'dim is not' if dim is None else 'dim is'} specified but ord is, {where}. "
            f"Got {list(A.shape) if dim is None else dim}"
        )
    if count == 2:
        return matrix_norm(A, ord, (0, 1) if dim is None else dim, keepdim, dtype=dtype)
    if isinstance(ord, str):
        raise OperatorError(f"linalg.norm: ord {ord!r} is for matrices, but dim means one dimension")
    return vector_norm(A, ord, dim, keepdim, dtype=dtype)


@with_out
def cond(A: Any, p: Any = None) -> Any:
    """norm(A, p) * norm(inv(A), p), inf where A is singular; p=None is 2 and takes matrices of any shape.

    Raises:
        RuntimeError: A is not square and p is neither None, 2 nor -2.
    """
    from unison.linalg.elimination import inv_ex

    matrices("linalg.cond", A)
    inexact("linalg.cond", A)
    if p is None or p in (2, -2):
        values = svdvals(A)
        if not values.array.shape[-1]:
            return values.sum(-1)
        largest, smallest = values[..., 0], values[..., -1]
        return largest / smallest if p != -2 else smallest / largest
    matrices(f"linalg.cond(ord={p})", A, square=True)
    if not A.array.size:
        return matrix_norm(A, "fro")
    inverse, info = inv_ex(A)
    product = matrix_norm(A, p) * matrix_norm(inverse, p)
    infinite = ops.full(shape=(), value=inf, dtype=product.dtype, device=A.device)
    return ops.where(ops.ne(info, 0), infinite, product) if bool(info.any()) else product


@with_out
def matrix_rank(
    A: Any, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None
) -> Any:
    """How many singular values (with hermitian, moduli of eigenvalues) exceed max(atol, rtol * the largest).

    int64 of the batch's shape; tol is another name of an atol without rtol.
    """
    matrices("linalg.matrix_rank", A, square=hermitian)
    inexact("linalg.matrix_rank", A)
    if tol is not None:
        atol, rtol = tol, 0.0
    x = A.detach()
    if not x.array.size:
        return ops.full(shape=tuple(x.array.shape[:-2]), value=0, dtype=dtypes.int64, device=x.device)
    values = eigvalsh(x).abs() if hermitian else svdvals(x)
    bound = tolerance(x, values.amax(-1, keepdim=True), atol, rtol)
    return ops.gt(values, bound).sum(-1)
