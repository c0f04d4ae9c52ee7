"""Factorisations in the forms that LAPACK keeps them, and low-rank ones by random projection."""

from __future__ import annotations

from typing import Any, NamedTuple

from unison.functions._common import need_tensors, with_exact_out, with_out
from unison.linalg import _shared, decompositions, elimination
from unison_core import dtypes, ops
from unison_core.errors import OperatorError, OperatorValueError

__all__ = ["geqrf", "lu", "lu_unpack", "ormqr", "pca_lowrank", "svd_lowrank"]


class Reflectors(NamedTuple):
    """R above the vectors of Householder's reflections, and their factors."""

    a: Any
    tau: Any


@with_exact_out
def lu(A: Any, pivot: bool = True, get_infos: bool = False) -> Any:
    """(LU, pivots), with get_infos (LU, pivots, infos), of `linalg.lu_factor_ex`."""
    made = elimination.lu_factor_ex(A, pivot=pivot)
    return made if get_infos else tuple(made)[:2]


@with_exact_out
def lu_unpack(LU_data: Any, LU_pivots: Any, unpack_data: bool = True, unpack_pivots: bool = True) -> Any:
    """(P, L, U) from `linalg.lu_factor`; what is not asked for is empty.

    Raises:
        RuntimeError: pivots are not int32.
    """
    need_tensors("lu_unpack", LU_data=LU_data, LU_pivots=LU_pivots)
    if unpack_pivots and LU_pivots.dtype is not dtypes.int32:
        raise OperatorError(
            f"torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 dtype, got "
            f"{LU_pivots.dtype.name}"
        )
    empty = ops.full(shape=(0,), value=0, dtype=LU_data.dtype, device=LU_data.device)
    permutation = lower = upper = empty
    if unpack_pivots:
        permutation = elimination.permutation_of(LU_pivots, LU_data.detach())
    if unpack_data:
        lower, upper = elimination.halves(LU_data)
    return _shared.LU(permutation, lower, upper)


@with_out
def geqrf(input: Any) -> Any:
    """(a, tau): Householder's QR factorisation as `linalg.householder_product` takes it, R in a's upper triangle.

    Column by column, v makes (1 - tau v v^H)^H x a multiple of the first unit vector (Golub and Van Loan, 5.1).
    """
    _shared.inexact("geqrf", input)
    _shared.matrices("geqrf", input)
    m, n = input.array.shape[-2:]
    rest, columns, rows, factors = input.detach(), [], [], []
    for _ in range(min(m, n)):
        tau, beta, below = _reflection(rest[..., :, :1])
        v = ops.cat(_one(rest), below, dim=rest.array.ndim - 2)
        rest = rest - tau.conj() * ops.matmul(v, ops.matmul(v.mH, rest))
        rows.append(ops.cat(beta, rest[..., :1, 1:], dim=rest.array.ndim - 1))
        columns.append(below)
        factors.append(tau[..., 0])
        rest = rest[..., 1:, 1:]
    out = rest
    for row, below in zip(reversed(rows), reversed(columns), strict=True):
        out = ops.cat(row, ops.cat(below, out, dim=out.array.ndim - 1), dim=out.array.ndim - 2)
    batch = tuple(input.array.shape[:-2])
    none = ops.full(shape=(*batch, 0), value=0, dtype=input.dtype, device=input.device)
    return Reflectors(out, ops.cat(*factors, dim=len(batch)) if factors else none)


def _one(like: Any) -> Any:
    shape = (*like.array.shape[:-2], 1, 1)
    return ops.full(shape=shape, value=1, dtype=like.dtype, device=like.device)


def _reflection(x: Any) -> tuple[Any, Any, Any]:
    """tau, the first element of the reflected column, and v below its leading one."""
    alpha, below = x[..., :1, :], x[..., 1:, :]
    real = ops.real(alpha)
    tail = (below.abs() ** 2).sum(-2, keepdim=True)
    size = ops.sqrt(ops.add(ops.real(alpha.abs() ** 2), tail))
    beta = ops.where(ops.ge(real, 0), -size, size)
    beta = beta if not x.dtype.is_complex else ops.cast(beta, dtype=x.dtype)
    # A column that is a real multiple of the unit vector already stays as it is.
    still = ops.logical_and(ops.eq(tail, 0), ops.eq(ops.imag(alpha), 0))
    one = _one(x)
    safe = ops.where(still, one, beta)
    tau = ops.where(still, one * 0, (safe - alpha) / safe)
    v = ops.div(below, ops.where(still, one, alpha - safe))
    return tau, ops.where(still, alpha, beta), v


@with_out
def ormqr(input: Any, tau: Any, other: Any, left: bool = True, transpose: bool = False) -> Any:
    """Q @ other, or other @ Q when not left; Q^H with transpose. Q is the product of the m by m reflections of `geqrf`.

    Raises:
        RuntimeError: the lengths do not go together.
    """
    _shared.inexact("ormqr", input, tau, other)
    _shared.matrices("ormqr", input)
    _shared.matrices("ormqr", other)
    m, k = input.array.shape[-2], tau.array.shape[-1]
    if k > min(input.array.shape[-2:]):
        raise OperatorError(
            f"torch.ormqr: tau.shape[-1] must be less than or equal to input.shape[-1], got {k} for {list(input.shape)}"
        )
    if other.array.shape[-2 if left else -1] != m:
        raise OperatorError(
            f"torch.ormqr: other.shape[{-2 if left else -1}] must be equal to input.shape[-2], got "
            f"{list(other.shape)} for {list(input.shape)}"
        )
    if not left:
        return ormqr(input, tau, other.mH, True, not transpose).mH
    vectors = input.tril(-1)[..., :k] + _shared.eye_like(input)[:, :k]
    out = other
    for i in range(k) if transpose else reversed(range(k)):
        v, factor = vectors[..., i : i + 1], tau[..., i, None, None]
        out = out - (factor.conj() if transpose else factor) * ops.matmul(v, ops.matmul(v.mH, out))
    return out


def svd_lowrank(A: Any, q: int | None = 6, niter: int | None = 2, M: Any = None) -> Any:
    """(U, S, V) with A - M close to U @ diag(S) @ V^H, of rank q: algorithm 5.1 on the subspace that niter steps of
    power iteration find from a random one (Halko, Martinsson and Tropp, 2009, algorithm 4.4).
    """
    need_tensors("svd_lowrank", A=A)
    x = A if M is None else A - M.broadcast_to(A.shape)
    wide = x.array.shape[-2] < x.array.shape[-1]
    x = x.mH if wide else x
    basis = _range_of(x, 6 if q is None else q, 2 if niter is None else niter)
    u, s, vh = decompositions.svd(ops.matmul(basis.mH, x), full_matrices=False)
    u, v = ops.matmul(basis, u), vh.mH
    return (v, s, u) if wide else (u, s, v)


def _range_of(x: Any, q: int, steps: int) -> Any:
    import unison

    start = unison.randn(x.shape[-1], q, dtype=x.dtype, device=x.device)
    basis = decompositions.qr(ops.matmul(x, start))[0]
    for _ in range(steps):
        back = decompositions.qr(ops.matmul(x.mH, basis))[0]
        basis = decompositions.qr(ops.matmul(x, back))[0]
    return basis


def pca_lowrank(A: Any, q: int | None = None, center: bool = True, niter: int = 2) -> Any:
    """`svd_lowrank` of A, with center after subtracting the mean of its rows; q is 6, or the smaller length.

    Raises:
        ValueError: q is no number of columns or rows of A, or niter is negative.
    """
    need_tensors("pca_lowrank", A=A)
    m, n = A.array.shape[-2:]
    q = min(6, m, n) if q is None else q
    if not 0 <= q <= min(m, n):
        raise OperatorValueError(
            f"q(={q}) must be non-negative integer and not greater than min(m, n)={min(m, n)}"
        )
    if niter < 0:
        raise OperatorValueError(f"niter(={niter}) must be non-negative integer")
    x = A - A.mean(dim=-2, keepdim=True) if center else A
    return svd_lowrank(x, q, niter)
