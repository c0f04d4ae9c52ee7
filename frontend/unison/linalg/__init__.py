"""Linear algebra under the names of `torch.linalg`.

`norms` measures matrices and vectors, `products` multiplies, `decompositions` factors, `elimination` is LU and what
needs its pivots, `solving` inverts and solves. All are compositions of operators and differentiable as such; start
reading at `solving`. May import core and `unison.functions`.
"""

from unison.functions.linalg import matmul
from unison.linalg.decompositions import (
    cholesky,
    cholesky_ex,
    eig,
    eigh,
    eigvals,
    eigvalsh,
    householder_product,
    qr,
    svd,
    svdvals,
)
from unison.linalg.elimination import inv_ex, lu, lu_factor, lu_factor_ex, lu_solve, solve_ex
from unison.linalg.norms import cond, matrix_norm, matrix_rank, norm, vector_norm
from unison.linalg.products import (
    cross,
    diagonal,
    matrix_exp,
    matrix_power,
    multi_dot,
    vander,
    vecdot,
)
from unison.linalg.solving import (
    det,
    inv,
    lstsq,
    pinv,
    slogdet,
    solve,
    solve_triangular,
    tensorinv,
    tensorsolve,
)
from unison_core.errors import LinAlgError

__all__ = [
    "LinAlgError",
    "cholesky",
    "cholesky_ex",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "householder_product",
    "inv",
    "inv_ex",
    "lstsq",
    "lu",
    "lu_factor",
    "lu_factor_ex",
    "lu_solve",
    "matmul",
    "matrix_exp",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "multi_dot",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_ex",
    "solve_triangular",
    "svd",
    "svdvals",
    "tensorinv",
    "tensorsolve",
    "vander",
    "vecdot",
    "vector_norm",
]
