"""Checks, and what functions with several results return."""

from __future__ import annotations

from typing import Any, NamedTuple

from unison.functions._common import need_tensors
from unison_core import dtypes, ops
from unison_core.errors import OperatorError

__all__ = [
    "LU",
    "QR",
    "SVD",
    "Eigh",
    "Factored",
    "FactoredInfo",
    "Inverse",
    "LeastSquares",
    "OldSVD",
    "Pivoted",
    "Slogdet",
    "Solution",
    "Triangular",
    "eye_like",
    "inexact",
    "is_vector",
    "matrices",
    "tolerance",
]


class Eigh(NamedTuple):
    """Eigenvalues, and eigenvectors as columns."""

    eigenvalues: Any
    eigenvectors: Any


class Factored(NamedTuple):
    """A factorisation, and whether it failed: 0, or the 1-based index of the column it failed at."""

    L: Any
    info: Any


class FactoredInfo(NamedTuple):
    """L and U in one matrix, 1-based row exchanges, and the first zero pivot."""

    LU: Any
    pivots: Any
    info: Any


class Inverse(NamedTuple):
    """The inverse, and the 1-based index of the first zero pivot or 0."""

    inverse: Any
    info: Any


class LeastSquares(NamedTuple):
    """What `lstsq` finds."""

    solution: Any
    residuals: Any
    rank: Any
    singular_values: Any


class LU(NamedTuple):
    """Permutation, unit lower triangular and upper triangular factors."""

    P: Any
    L: Any
    U: Any


class OldSVD(NamedTuple):
    """Left singular vectors, singular values, right singular vectors as columns."""

    U: Any
    S: Any
    V: Any


class Pivoted(NamedTuple):
    """L and U in one matrix, and 1-based row exchanges."""

    LU: Any
    pivots: Any


class QR(NamedTuple):
    """Orthonormal columns, and an upper triangular matrix."""

    Q: Any
    R: Any


class SVD(NamedTuple):
    """Left singular vectors, singular values in falling order, right singular vectors as rows."""

    U: Any
    S: Any
    Vh: Any


class Slogdet(NamedTuple):
    """Sign or phase of a determinant, and the logarithm of its modulus."""

    sign: Any
    logabsdet: Any


class Solution(NamedTuple):
    """The solution, and the 1-based index of the first zero pivot or 0."""

    result: Any
    info: Any


class Triangular(NamedTuple):
    """The solution, and a copy of the matrix."""

    solution: Any
    cloned_coefficient: Any


def inexact(name: str, *tensors: Any) -> None:
    """Refuse integers and half types, which have no decompositions.

    Raises:
        RuntimeError: as said.
        TypeError: something is not a tensor.
    """
    for x in tensors:
        need_tensors(name, input=x)
        if x.dtype not in dtypes.INEXACT:
            raise OperatorError(
                f"{name}: Expected a floating point or complex tensor as input. Got {x.dtype.name}; convert it first, "
                "as in x.float()"
            )
        if x.dtype.bits == 16:
            raise OperatorError(
                f"{name}: Low precision dtypes not supported. Got {x.dtype.name}; convert it first, as in x.float()"
            )
    for x in tensors[1:]:
        if x.dtype is not tensors[0].dtype:
            raise OperatorError(
                f"{name}: Expected the tensors to have the same dtype, but they have {tensors[0].dtype.name} and "
                f"{x.dtype.name}"
            )


def matrices(name: str, x: Any, *, square: bool = False) -> None:
    """Refuse what is not a matrix, or not a square one where that is needed.

    Raises:
        RuntimeError: as said.
    """
    need_tensors(name, A=x)
    if x.array.ndim < 2:
        raise OperatorError(
            f"{name}: The input tensor A must have at least 2 dimensions, got shape {list(x.shape)}"
        )
    if square and x.array.shape[-1] != x.array.shape[-2]:
        raise OperatorError(
            f"{name}: A must be batches of square matrices, but they are {x.array.shape[-2]} by "
            f"{x.array.shape[-1]} matrices"
        )


def is_vector(a: Any, b: Any) -> bool:
    """Whether b is one right-hand side (for each matrix of a) rather than a matrix of them."""
    return b.array.ndim == 1 or (a.array.ndim - 1 == b.array.ndim and b.array.shape == a.array.shape[:-1])


def eye_like(x: Any, n: int | None = None) -> Any:
    """The identity of x's rows, or of n, in x's dtype on x's device."""
    n = x.array.shape[-2] if n is None else n
    return ops.eye(rows=n, columns=n, dtype=x.dtype, device=x.device)


def tolerance(x: Any, largest: Any, atol: Any, rtol: Any) -> Any:
    """Below what singular values of x count as zero: max(atol, rtol * largest); largest keeps a last dimension.

    rtol is by default the dtype's resolution times the larger length if atol is not given, else 0.
    """
    from unison.functions.limits import finfo

    if rtol is None:
        absolute = atol is not None and (not hasattr(atol, "array") or bool((atol > 0).all()))
        rtol = 0.0 if absolute else finfo(x.dtype).eps * max(x.array.shape[-2:])
    bound = largest * (rtol[..., None] if hasattr(rtol, "array") else rtol)
    if atol is None:
        return bound
    if hasattr(atol, "array"):
        return ops.maximum(bound, ops.cast(atol, dtype=bound.dtype)[..., None])
    return ops.maximum(bound, bound * 0 + atol)
