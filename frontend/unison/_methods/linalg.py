"""Linear algebra as methods."""

from __future__ import annotations

from unison.functions import factors, matrices

__all__ = ["LinearAlgebra"]


class LinearAlgebra:
    """`x.det()`, `x.svd()` and the like."""

    __slots__ = ()

    cholesky = matrices.cholesky
    cholesky_inverse = matrices.cholesky_inverse
    cholesky_solve = matrices.cholesky_solve
    cross = matrices.cross
    det = matrices.det
    geqrf = factors.geqrf
    inverse = matrices.inverse
    logdet = matrices.logdet
    lu = factors.lu
    lu_solve = matrices.lu_solve
    matrix_exp = matrices.matrix_exp
    matrix_power = matrices.matrix_power
    orgqr = matrices.orgqr
    ormqr = factors.ormqr
    pinverse = matrices.pinverse
    qr = matrices.qr
    slogdet = matrices.slogdet
    svd = matrices.svd
    triangular_solve = matrices.triangular_solve
