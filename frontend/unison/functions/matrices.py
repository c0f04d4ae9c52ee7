"""What `unison` itself has of linear algebra; where names are `unison.linalg`'s, the older signatures are kept here."""

from __future__ import annotations

from typing import Any

from unison.functions._common import need_dtype, need_tensors, with_exact_out, with_out
from unison.functions.reduction.norms import vector_norm
from unison.linalg import _shared, decompositions, elimination, products, solving
from unison_core import dtypes, ops
from unison_core.errors import OperatorError

__all__ = [
    "cdist",
    "cholesky",
    "cholesky_inverse",
    "cholesky_solve",
    "cross",
    "det",
    "inverse",
    "logdet",
    "lu_solve",
    "matrix_exp",
    "matrix_power",
    "orgqr",
    "pinverse",
    "qr",
    "slogdet",
    "svd",
    "triangular_solve",
]

det = solving.det
inverse = solving.inv
matrix_exp = products.matrix_exp
matrix_power = products.matrix_power
orgqr = decompositions.householder_product
slogdet = solving.slogdet


def cdist(x1: Any, x2: Any, p: float = 2.0, compute_mode: str | None = None) -> Any:
    """The p-norms of all differences of rows, (..., n, d) and (..., m, d) to (..., n, m); batches broadcast.

    Raises:
        RuntimeError: fewer than two dimensions, other lengths of rows, or p below 0.
    """
    need_tensors("cdist", x1=x1, x2=x2)
    if x1.dtype is not x2.dtype:
        raise OperatorError(f"cdist: expected scalar type {x1.dtype.name} but found {x2.dtype.name}")
    need_dtype("cdist", dtypes.FLOATING, x1)
    _check_rows(x1, x2)
    if p < 0:
        raise OperatorError(f"cdist only supports non-negative p values, got {p}")
    modes = (
        None,
        "use_mm_for_euclid_dist",
        "use_mm_for_euclid_dist_if_necessary",
        "donot_use_mm_for_euclid_dist",
    )
    if compute_mode not in modes:
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode: choose one of {modes[1:]}")
    difference = x1.unsqueeze(-2) - x2.unsqueeze(-3)
    if not difference.array.shape[-1]:
        return difference.sum(-1)
    return vector_norm(difference, p, (difference.array.ndim - 1,), False)


def _check_rows(x1: Any, x2: Any) -> None:
    for name, x in (("X1", x1), ("X2", x2)):
        if x.array.ndim < 2:
            raise OperatorError(f"cdist only supports at least 2D tensors, {name} got: {x.array.ndim}D")
    if x1.array.shape[-1] != x2.array.shape[-1]:
        raise OperatorError(
            f"X1 and X2 must have the same number of columns. X1: {x1.array.shape[-1]} X2: {x2.array.shape[-1]}"
        )


@with_out
def cholesky(input: Any, upper: bool = False) -> Any:
    """`linalg.cholesky`: the factor L of L @ L^H, or the upper L^H."""
    return decompositions.cholesky(input, upper=upper)


@with_out
def cholesky_solve(B: Any, L: Any, upper: bool = False) -> Any:
    """X with (L @ L^H) @ X = B, L a factor from `cholesky`; with upper, of L^H @ L."""
    _shared.inexact("cholesky_solve", B, L)
    _shared.matrices("cholesky_solve", B)
    _shared.matrices("cholesky_solve", L, square=True)
    lower = L.mH if upper else L
    if L.tracked:
        # Its gradient is that of the product, which reaches both triangles.
        return solving.solve(ops.matmul(lower, lower.mH), B)
    inner = ops.solve_triangular(lower, B, upper=False)
    return ops.solve_triangular(lower.mH, inner, upper=True)


@with_out
def cholesky_inverse(L: Any, upper: bool = False) -> Any:
    """The inverse of L @ L^H, or with upper of L^H @ L."""
    _shared.matrices("cholesky_inverse", L, square=True)
    one = _shared.eye_like(L)
    return cholesky_solve(one.expand(L.array.shape), L, upper)


@with_exact_out
def cross(input: Any, other: Any, dim: int | None = None) -> Any:
    """The vector product along dim, by default the first dimension of length 3.

    Raises:
        RuntimeError: no dimension has length 3, or the shapes do not fit.
    """
    need_tensors("cross", input=input, other=other)
    if dim is None:
        fitting = [i for i, n in enumerate(input.array.shape) if n == 3]
        if not fitting:
            raise OperatorError(f"no dimension of size 3 in input of shape {list(input.shape)}")
        dim = fitting[0]
    return products.cross(input, other, dim=dim)


def logdet(input: Any) -> Any:
    """The logarithm of determinants: NaN of negative ones, -inf of 0."""
    sign, log = solving.slogdet(input)
    return log + sign.log()


@with_exact_out
def lu_solve(b: Any, LU_data: Any, LU_pivots: Any) -> Any:
    """X with A @ X = b, A given by `linalg.lu_factor`."""
    return elimination.lu_solve(LU_data, LU_pivots, b)


def pinverse(input: Any, rcond: float = 1e-15) -> Any:
    """`linalg.pinv` with this relative tolerance."""
    return solving.pinv(input, rtol=rcond)


@with_exact_out
def qr(input: Any, some: bool = True) -> Any:
    """`linalg.qr` in mode "reduced", or without some in mode "complete"."""
    return decompositions.qr(input, "reduced" if some else "complete")


@with_exact_out
def svd(input: Any, some: bool = True, compute_uv: bool = True) -> Any:
    """(U, S, V) with input = U @ diag(S) @ V^H; without compute_uv U and V are zeros."""
    u, s, vh = decompositions.svd(input, full_matrices=not some)
    if not compute_uv:
        m, n = input.array.shape[-2:]
        u, vh = (
            ops.full(shape=(*input.array.shape[:-2], k, k), value=0, dtype=input.dtype, device=input.device)
            for k in (m, n)
        )
    return _shared.OldSVD(u, s, vh.mH)


@with_exact_out
def triangular_solve(
    b: Any, A: Any, upper: bool = True, transpose: bool = False, unitriangular: bool = False
) -> Any:
    """(solution, cloned_coefficient): X with A @ X = b of triangular A, or with transpose A^T @ X = b."""
    _shared.inexact("triangular_solve", b, A)
    _shared.matrices("triangular_solve", b)
    _shared.matrices("triangular_solve", A, square=True)
    turned = A.mT if transpose else A
    solution = ops.solve_triangular(turned, b, upper=upper != transpose, unitriangular=unitriangular)
    return _shared.Triangular(solution, A.clone())
