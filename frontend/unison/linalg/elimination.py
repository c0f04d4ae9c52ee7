"""LU factorisation with row exchanges, and what reports singular matrices by its pivots."""

from __future__ import annotations

from typing import Any

from unison.functions._common import with_exact_out
from unison.linalg._shared import (
    LU,
    FactoredInfo,
    Inverse,
    Pivoted,
    Solution,
    eye_like,
    inexact,
    is_vector,
    matrices,
)
from unison.linalg.solving import inv, solve, solve_triangular
from unison_core import dtypes, ops
from unison_core.errors import LinAlgError
from unison_core.spec import numel

__all__ = ["halves", "inv_ex", "lu", "lu_factor", "lu_factor_ex", "lu_solve", "permutation_of", "solve_ex"]


def _row_exchanges(A: Any, pivot: bool) -> tuple[list[list[int]], list[list[int]], list[int]]:
    """For each matrix: the row order, the 1-based exchanges that make it, and the first zero pivot (1-based) or 0.

    Values decide here, so the elimination runs on the host.
    """
    host = A.device.backend.to_host(A.array)
    m, n = host.shape[-2:]
    if not host.size:
        count = numel(host.shape[:-2])
        return [list(range(m))] * count, [list(range(1, min(m, n) + 1))] * count, [0] * count
    orders, exchanges, infos = [], [], []
    for matrix in host.reshape(-1, m, n).copy():
        order, swaps, info = list(range(m)), [], 0
        for j in range(min(m, n)):
            best = j + int(abs(matrix[j:, j]).argmax()) if pivot else j
            swaps.append(best + 1)
            matrix[[j, best]] = matrix[[best, j]]
            order[j], order[best] = order[best], order[j]
            if matrix[j, j] == 0:
                info = info or j + 1
                continue
            matrix[j + 1 :, j] /= matrix[j, j]
            matrix[j + 1 :, j + 1 :] -= matrix[j + 1 :, j : j + 1] * matrix[j, j + 1 :]
        orders.append(order)
        exchanges.append(swaps)
        infos.append(info)
    return orders, exchanges, infos


def _tensor(values: Any, shape: Any, dtype: Any, device: Any) -> Any:
    import unison

    return unison.tensor(values, dtype=dtype, device=device).reshape(shape)


def _eliminated(x: Any) -> Any:
    """L and U in one matrix, of a matrix whose rows need no exchange; in operators, so differentiable."""
    import unison

    m, n = x.array.shape[-2:]
    rows, columns, rest = [], [], x
    for _ in range(min(m, n)):
        pivot, row = rest[..., :1, :1], rest[..., :1, :]
        singular = ops.eq(pivot, 0)
        below = rest[..., 1:, :1] / ops.where(singular, pivot * 0 + 1, pivot)
        rows.append(row)
        columns.append(below)
        rest = rest[..., 1:, 1:] - ops.matmul(below, row[..., 1:])
    out = rest
    for row, column in zip(reversed(rows), reversed(columns), strict=True):
        out = unison.cat([row, unison.cat([column, out], -1)], -2)
    return out


def _factor(A: Any, pivot: bool) -> tuple[Any, Any, Any, Any]:
    """L and U in one matrix, row orders, exchanges, and infos."""
    batch, (m, n) = tuple(A.array.shape[:-2]), A.array.shape[-2:]
    orders, exchanges, infos = _row_exchanges(A, pivot)
    order = _tensor(orders, (*batch, m), dtypes.int64, A.device)
    swaps = _tensor(exchanges, (*batch, min(m, n)), dtypes.int32, A.device)
    info = _tensor(infos, batch, dtypes.int32, A.device)
    moved = A.gather(-2, order.unsqueeze(-1).expand(*batch, m, n)) if A.array.size else A
    return _eliminated(moved) if A.array.size else A.clone(), order, swaps, info


def _permutation(order: Any, like: Any) -> Any:
    """P with P @ x in the old order, for x = A taken in the new order."""
    return (
        eye_like(like)[order].mT
        if order.array.size
        else eye_like(like).expand(*like.shape[:-2], *([like.shape[-2]] * 2))
    )


@with_exact_out
def lu(A: Any, *, pivot: bool = True) -> Any:
    """P, L, U with A = P @ L @ U; without pivot P is empty and no rows are exchanged."""
    inexact("linalg.lu", A)
    matrices("linalg.lu", A)
    factors, order, _, _ = _factor(A, pivot)
    empty = ops.full(shape=(0,), value=0, dtype=A.dtype, device=A.device)
    return LU(_permutation(order, A.detach()) if pivot else empty, *halves(factors))


def halves(factors: Any) -> tuple[Any, Any]:
    """L, with ones on its diagonal, and U of one matrix that holds both."""
    k = min(factors.array.shape[-2:])
    return factors[..., :k].tril(-1) + eye_like(factors)[:, :k], factors[..., :k, :].triu()


@with_exact_out
def lu_factor_ex(A: Any, *, pivot: bool = True, check_errors: bool = False) -> Any:
    """(LU, pivots, info): L below and U on and above the diagonal of one matrix, and 1-based row exchanges, int32."""
    inexact("linalg.lu_factor_ex", A)
    matrices("linalg.lu_factor_ex", A)
    factors, _, swaps, info = _factor(A, pivot)
    if check_errors:
        _check("lu_factor_ex", info)
    return FactoredInfo(factors, swaps, info)


def _check(name: str, info: Any) -> None:
    if bool(info.any()):
        raise LinAlgError(
            f"linalg.{name}: U[{int(info.amax())},{int(info.amax())}] is zero and using it on lu_solve would result in "
            "a division by zero: the matrix is singular"
        )


@with_exact_out
def lu_factor(A: Any, *, pivot: bool = True) -> Any:
    """(LU, pivots) of `lu_factor_ex`."""
    return Pivoted(*lu_factor_ex(A, pivot=pivot)[:2])


def permutation_of(swaps: Any, like: Any) -> Any:
    """The permutation matrix of 1-based row exchanges of matrices like these."""
    return _permutation(_order_of(swaps, like.array.shape[-2]), like)


def _order_of(swaps: Any, rows: int) -> Any:
    """The order of the rows that 1-based exchanges make."""
    host = swaps.device.backend.to_host(swaps.array)
    orders = []
    for line in host.reshape(-1, host.shape[-1]) if host.size else []:
        order = list(range(rows))
        for j, other in enumerate(line.tolist()):
            order[j], order[other - 1] = order[other - 1], order[j]
        orders.append(order)
    return _tensor(orders, (*swaps.shape[:-1], rows), dtypes.int64, swaps.device)


@with_exact_out
def lu_solve(LU: Any, pivots: Any, B: Any, *, left: bool = True, adjoint: bool = False) -> Any:
    """X with A @ X = B (X @ A = B when not left; of A^H with adjoint), A given by `lu_factor`."""
    inexact("linalg.lu_solve", LU, B)
    matrices("linalg.lu_solve", LU, square=True)
    matrices("linalg.lu_solve", B)
    if not left:
        return lu_solve(LU, pivots, B.mH, adjoint=not adjoint).mH
    P = permutation_of(pivots, LU.detach())
    if adjoint:
        inner = solve_triangular(LU.mH, B, upper=False)
        return ops.matmul(P, solve_triangular(LU.mH, inner, upper=True, unitriangular=True))
    inner = solve_triangular(LU, ops.matmul(P.mT, B), upper=False, unitriangular=True)
    return solve_triangular(LU, inner, upper=True)


def _pivot_info(A: Any) -> Any:
    return _tensor(_row_exchanges(A, True)[2], tuple(A.array.shape[:-2]), dtypes.int32, A.device)


def _unblocked(A: Any, info: Any) -> Any:
    """A with the identity in place of singular matrices."""
    singular = ops.ne(info, 0)[..., None, None]
    return ops.where(singular, eye_like(A), A)


@with_exact_out
def inv_ex(A: Any, *, check_errors: bool = False) -> Any:
    """(inverse, info): `inv` that reports by info, the first zero pivot (1-based, int32) or 0; its inverse is NaN."""
    inexact("linalg.inv_ex", A)
    matrices("linalg.inv_ex", A, square=True)
    info = _pivot_info(A)
    if not bool(info.any()):
        return Inverse(inv(A), info)
    if check_errors:
        raise LinAlgError("linalg.inv: The input matrix is singular: its inversion could not be completed")
    out = inv(_unblocked(A, info))
    return Inverse(ops.where(ops.ne(info, 0)[..., None, None], out.detach() * float("nan"), out), info)


@with_exact_out
def solve_ex(A: Any, B: Any, *, left: bool = True, check_errors: bool = False) -> Any:
    """(result, info): `solve` that reports by info, the first zero pivot (1-based, int32) or 0; its result is NaN."""
    inexact("linalg.solve_ex", A, B)
    matrices("linalg.solve_ex", A, square=True)
    info = _pivot_info(A)
    if not bool(info.any()):
        return Solution(solve(A, B, left=left), info)
    if check_errors:
        raise LinAlgError("linalg.solve: The solver failed because the input matrix is singular")
    out = solve(_unblocked(A, info), B, left=left)
    singular = ops.ne(info, 0)[..., None] if is_vector(A, B) else ops.ne(info, 0)[..., None, None]
    return Solution(ops.where(singular, out.detach() * float("nan"), out), info)
