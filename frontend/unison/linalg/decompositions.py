"""Factorisations: Cholesky, QR, singular values, eigenvalues."""

from __future__ import annotations

from typing import Any

from unison.functions._common import with_exact_out, with_out
from unison.linalg._shared import QR, SVD, Eigh, Factored, eye_like, inexact, matrices
from unison_core import dtypes, ops
from unison_core.errors import LinAlgError, OperatorError

__all__ = [
    "cholesky",
    "cholesky_ex",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "householder_product",
    "qr",
    "svd",
    "svdvals",
]


@with_exact_out
def cholesky(A: Any, *, upper: bool = False) -> Any:
    """The lower triangular L with A = L @ L^H, or with upper its conjugate transpose.

    Raises:
        RuntimeError: a matrix is not square; LinAlgError where one is not positive definite.
    """
    inexact("linalg.cholesky", A)
    matrices("linalg.cholesky", A, square=True)
    # Only one triangle counts, the mean of both carries the gradient to both.
    lower = ops.cholesky((A + A.mH) * 0.5 if A.tracked else (A.mH if upper else A))
    return lower.mH if upper else lower


@with_exact_out
def cholesky_ex(A: Any, *, upper: bool = False, check_errors: bool = False) -> Any:
    """(L, info): `cholesky` that reports by info, the order of the first minor that is not positive, or 0.

    L is filled with NaN where info is not 0.
    """
    try:
        factor = cholesky(A, upper=upper)
    except LinAlgError:
        if check_errors:
            raise
        return _cholesky_each(A, upper)
    info = ops.full(shape=tuple(A.array.shape[:-2]), value=0, dtype=dtypes.int32, device=A.device)
    return Factored(factor, info)


def _cholesky_each(A: Any, upper: bool) -> Any:
    import unison

    n = A.array.shape[-1]
    factors, infos = [], []
    for x in A.reshape(-1, n, n):
        info = _first_bad_minor(x)
        infos.append(info)
        factors.append(x * float("nan") if info else cholesky(x, upper=upper))
    info = unison.tensor(infos, dtype=dtypes.int32, device=A.device).reshape(A.array.shape[:-2])
    return Factored(unison.stack(factors).reshape(A.array.shape), info)


def _first_bad_minor(x: Any) -> int:
    for k in range(1, x.array.shape[-1] + 1):
        try:
            ops.cholesky(x.detach()[:k, :k])
        except LinAlgError:
            return k
    return 0


@with_exact_out
def qr(A: Any, mode: str = "reduced") -> Any:
    """Q with orthonormal columns and upper triangular R with A = Q @ R; mode "complete" makes Q square, "r" empty.

    Raises:
        RuntimeError: mode is another, or A is not a matrix.
    """
    inexact("linalg.qr", A)
    matrices("linalg.qr", A)
    if mode not in ("reduced", "complete", "r"):
        raise OperatorError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or 'complete'"
        )
    if mode == "r" and A.tracked:
        raise OperatorError(
            "linalg_qr_backward: The derivative of linalg.qr depends on Q, which is not computed when mode='r'. "
            "Please use linalg.qr(A, mode='reduced')"
        )
    q, r = ops.qr(A, complete=mode == "complete")
    if mode == "r":
        q = ops.full(shape=(0,), value=0, dtype=A.dtype, device=A.device)
    return QR(q, r)


@with_exact_out
def svd(A: Any, full_matrices: bool = True, *, driver: str | None = None) -> Any:
    """U, the singular values in falling order, and V^H with A = U @ diag(S) @ V^H; driver chooses nothing here."""
    inexact("linalg.svd", A)
    matrices("linalg.svd", A)
    return SVD(*ops.svd(A, full_matrices=full_matrices))


@with_exact_out
def svdvals(A: Any, *, driver: str | None = None) -> Any:
    """The singular values in falling order."""
    return svd(A, full_matrices=False)[1]


@with_exact_out
def eigh(A: Any, UPLO: str = "L") -> Any:
    """Eigenvalues in rising order and orthonormal eigenvectors of Hermitian A; only the triangle UPLO is read.

    Raises:
        RuntimeError: A is not square, or UPLO neither "L" nor "U".
    """
    inexact("linalg.eigh", A)
    matrices("linalg.eigh", A, square=True)
    if UPLO.upper() not in ("L", "U"):
        raise OperatorError(f"Expected UPLO argument to be 'L' or 'U', but got {UPLO}")
    return Eigh(*ops.eigh(A, upper=UPLO.upper() == "U"))


@with_exact_out
def eigvalsh(A: Any, UPLO: str = "L") -> Any:
    """The eigenvalues of Hermitian A in rising order."""
    return eigh(A, UPLO)[0]


@with_out
def eig(A: Any) -> Any:
    """Complex eigenvalues, in no particular order, and eigenvectors of norm 1."""
    inexact("linalg.eig", A)
    matrices("linalg.eig", A, square=True)
    return Eigh(*ops.eig(A))


@with_out
def eigvals(A: Any) -> Any:
    """The complex eigenvalues, in no particular order."""
    return eig(A)[0]


@with_out
def householder_product(A: Any, tau: Any) -> Any:
    """The first columns of H_1 @ H_2 @ ... with H_i = 1 - tau_i v_i v_i^H, v_i column i of A below a one.

    Raises:
        RuntimeError: A has more columns than rows, or tau more elements than A columns.
    """
    inexact("linalg.householder_product", A, tau)
    matrices("linalg.householder_product", A)
    m, n = A.array.shape[-2:]
    k = tau.array.shape[-1] if tau.array.ndim else 0
    if m < n:
        raise OperatorError(
            f"householder_product: input.shape[-2] must be greater than or equal to input.shape[-1], got {m} and {n}"
        )
    if k > n:
        raise OperatorError(
            f"householder_product: input.shape[-1] must be greater than or equal to tau.shape[-1], got {n} and {k}"
        )
    if tau.array.shape[:-1] != A.array.shape[:-2]:
        raise OperatorError(
            f"householder_product: Expected batch dimensions of tau to be equal to those of input, got "
            f"{list(tau.shape)} for {list(A.shape)}"
        )
    one = eye_like(A)
    vectors = A.tril(-1)[..., :k] + one[:, :k]
    # Chosen from A nowhere: without any reflection the result still belongs to A's graph.
    out = ops.where(ops.ne(A.detach(), A.detach()).fill_(False), A, one[:, :n])
    for i in reversed(range(k)):
        v = vectors[..., i : i + 1]
        out = out - tau[..., i, None, None] * ops.matmul(v, ops.matmul(v.mH, out))
    return out
