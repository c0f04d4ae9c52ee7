"""Inverses, determinants and solutions."""

from __future__ import annotations

from typing import Any

from unison.autograd.function import Function
from unison.functions._common import with_exact_out, with_out
from unison.linalg._shared import (
    LeastSquares,
    Slogdet,
    inexact,
    is_vector,
    matrices,
    tolerance,
)
from unison.linalg.decompositions import eigh, svd, svdvals
from unison_core import dtypes, ops
from unison_core.errors import OperatorError
from unison_core.spec import broadcast, numel, wrap_dim

__all__ = ["det", "inv", "lstsq", "pinv", "slogdet", "solve", "solve_triangular", "tensorinv", "tensorsolve"]


@with_exact_out
def inv(A: Any) -> Any:
    """The inverse of square matrices.

    Raises:
        RuntimeError: one is not square; LinAlgError where one is singular.
    """
    inexact("linalg.inv", A)
    matrices("linalg.inv", A, square=True)
    return ops.inverse(A)


@with_exact_out
def slogdet(A: Any) -> Any:
    """Sign (or phase) and logarithm of the modulus of determinants; (0, -inf) of singular matrices."""
    inexact("linalg.slogdet", A)
    matrices("linalg.slogdet", A, square=True)
    return Slogdet(*ops.slogdet(A))


@with_exact_out
def det(A: Any) -> Any:
    """The determinants of square matrices; gradients exist where they are not zero."""
    inexact("linalg.det", A)
    matrices("linalg.det", A, square=True)
    sign, log = ops.slogdet(A)
    return sign * log.exp()


@with_exact_out
def solve(A: Any, B: Any, *, left: bool = True) -> Any:
    """X with A @ X = B, or X @ A = B when not left; B is a matrix or one vector for each matrix of A.

    Raises:
        RuntimeError: A is not square or shapes do not fit; LinAlgError where a matrix is singular.
    """
    inexact("linalg.solve", A, B)
    matrices("linalg.solve", A, square=True)
    if is_vector(A, B):
        if not left:
            raise OperatorError(
                "linalg.solve: Vector broadcasting of the left hand side is not supported for left=False"
            )
        _same_rows("solve", A, B.unsqueeze(-1))
        return ops.solve(A, B.unsqueeze(-1)).squeeze(-1)
    matrices("linalg.solve", B)
    if left:
        _same_rows("solve", A, B)
        return ops.solve(A, B)
    _same_rows("solve", A, B.mT)
    return ops.solve(A.mT, B.mT).mT


def _same_rows(name: str, a: Any, b: Any) -> None:
    if a.array.shape[-1] != b.array.shape[-2]:
        raise OperatorError(
            f"linalg.{name}: Incompatible shapes of A and B for the equation AX = B ({list(a.shape)} and "
            f"{list(b.shape)})"
        )


@with_exact_out
def solve_triangular(A: Any, B: Any, *, upper: bool, left: bool = True, unitriangular: bool = False) -> Any:
    """X with A @ X = B, or X @ A = B when not left, of triangular A; its other triangle is not read."""
    inexact("linalg.solve_triangular", A, B)
    matrices("linalg.solve_triangular", A, square=True)
    matrices("linalg.solve_triangular", B)
    return ops.solve_triangular(A, B, upper=upper, left=left, unitriangular=unitriangular)


class _PseudoInverse(Function):
    """The pseudoinverse P with the derivative of Golub and Pereyra (1973), which does not pass through the SVD:
    dP = -P dA P + P P^H dA^H (1 - A P) + (1 - P A) dA^H P^H P.
    """

    @staticmethod
    def forward(ctx: Any, A: Any, atol: Any, rtol: Any, hermitian: bool) -> Any:
        """The pseudoinverse from the singular values or eigenvalues that exceed the tolerance."""
        out = _pseudo_inverse(A, atol, rtol, hermitian)
        ctx.save_for_backward(A, out)
        return out

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        """The adjoint of the derivative."""
        A, P = ctx.saved_tensors
        gh, ph = g.mH, P.mH
        first = ops.matmul(ops.matmul(ph, g), ph)
        row = ops.matmul(gh, ops.matmul(P, ph))
        row = row - ops.matmul(A, ops.matmul(P, row))
        column = ops.matmul(ops.matmul(ph, P), gh)
        column = column - ops.matmul(ops.matmul(column, P), A)
        return row + column - first, None, None, None


def _pseudo_inverse(A: Any, atol: Any, rtol: Any, hermitian: bool) -> Any:
    if not A.array.size:
        return ops.copy(A.mT)
    if hermitian:
        values, left = eigh(A)
        right, size = left, values.abs()
    else:
        left, values, vh = svd(A, full_matrices=False)
        right, size = vh.mH, values
    kept = ops.gt(size, tolerance(A, size.amax(-1, keepdim=True), atol, rtol))
    inverse = ops.where(kept, 1 / ops.where(kept, values, values * 0 + 1), values * 0)
    return ops.matmul(right * inverse.unsqueeze(-2), left.mH)


@with_out
def pinv(A: Any, rcond: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None) -> Any:
    """The pseudoinverse of Moore and Penrose; singular values up to max(atol, rtol * the largest) count as zero.

    rcond is another name of rtol.
    """
    inexact("linalg.pinv", A)
    matrices("linalg.pinv", A, square=hermitian)
    rtol = rcond if rtol is None else rtol
    return _PseudoInverse.apply(A, atol, rtol, hermitian)


def lstsq(A: Any, B: Any, rcond: float | None = None, *, driver: str | None = None) -> Any:
    """X that makes norm(A @ X - B) least, and among those the least X.

    The drivers of LAPACK differ in what else is returned: the rank ("gelsy", the default, "gelsd", "gelss") and the
    singular values (the last two). Residuals are given where A has more rows than columns and full rank.

    Raises:
        RuntimeError: shapes do not fit, or the driver is unknown.
    """
    inexact("linalg.lstsq", A, B)
    matrices("linalg.lstsq", A)
    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise OperatorError(
            f"linalg.lstsq: parameter `driver` should be one of (gels, gelsy, gelsd, gelss), got {driver}"
        )
    vector = is_vector(A, B)
    right = B.unsqueeze(-1) if vector else B
    matrices("linalg.lstsq", right)
    m, n = A.array.shape[-2:]
    if right.array.shape[-2] != m:
        raise OperatorError(
            f"linalg.lstsq: input.size(-2) should match other.size(-2), got {list(A.shape)} and {list(B.shape)}"
        )
    broadcast(A.array.shape[:-2], right.array.shape[:-2])
    solution = ops.matmul(pinv(A, rtol=rcond), right)
    values = svdvals(A.detach())
    rank = ops.gt(values, tolerance(A, values[..., :1], None, rcond)).sum(-1)
    full = driver in ("gels", "gelsd", "gelss") and m > n and bool(ops.eq(rank, n).all())
    empty = ops.full(shape=(0,), value=0, dtype=values.dtype, device=A.device)
    rest = (
        (ops.matmul(A, solution) - right).abs().square().sum(-2) if full else solution.abs().reshape(-1)[:0]
    )
    none = ops.cast(empty, dtype=dtypes.int64)
    return LeastSquares(
        solution.squeeze(-1) if vector else solution,
        rest,
        none if driver == "gels" else rank,
        values if driver in ("gelsd", "gelss") else empty,
    )


@with_out
def tensorinv(A: Any, ind: int = 2) -> Any:
    """The inverse of A as a map from its dimensions after the first ind to those.

    Raises:
        RuntimeError: ind is not positive, or A is not square when so divided.
    """
    if ind <= 0:
        raise OperatorError(f"Expected a strictly positive integer for 'ind', got {ind}")
    shape = tuple(A.array.shape)
    rows, columns = numel(shape[:ind]), numel(shape[ind:])
    if rows != columns:
        raise OperatorError(
            f"Expected self to satisfy the requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), but got "
            f"{columns} != {rows}"
        )
    return inv(A.reshape(rows, columns)).reshape(*shape[ind:], *shape[:ind])


@with_out
def tensorsolve(A: Any, B: Any, dims: Any = None) -> Any:
    """X with tensordot(A, X, X.ndim) = B; the dimensions dims of A are moved to its end first.

    Raises:
        RuntimeError: A is not square when so divided.
    """
    if dims is not None:
        n = A.array.ndim
        moved = [wrap_dim(d, n) for d in dims]
        A = ops.permute(A, dims=tuple(i for i in range(n) if i not in moved) + tuple(moved))
    rest = tuple(A.array.shape[B.array.ndim :])
    rows, columns = B.array.size, numel(rest)
    if rows != columns or A.array.size != rows * columns:
        raise OperatorError(
            f"Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == prod(self.shape[:other.ndim]), "
            f"but got {columns} != {rows}"
        )
    return solve(A.reshape(rows, columns), B.reshape(-1)).reshape(rest)
