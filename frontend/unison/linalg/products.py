"""Products of vectors and matrices, powers, and the exponential."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import ceil, log2
from typing import Any

from unison.functions import arranging
from unison.functions._common import need_tensors, with_exact_out, with_out
from unison.functions._precision import widest
from unison.functions.linalg import matmul
from unison.linalg._shared import eye_like, inexact, matrices
from unison_core import dtypes, ops
from unison_core.errors import OperatorError
from unison_core.spec import broadcast, wrap_dim

__all__ = ["cross", "diagonal", "matrix_exp", "matrix_power", "multi_dot", "vander", "vecdot"]


@with_exact_out
def cross(input: Any, other: Any, *, dim: int = -1) -> Any:
    """The vector product along a dimension of length 3; the others broadcast.

    Raises:
        RuntimeError: the tensors have different numbers of dimensions, or another length.
    """
    need_tensors("linalg.cross", input=input, other=other)
    a, b = input.array.shape, other.array.shape
    if len(a) != len(b):
        raise OperatorError(
            f"linalg.cross: inputs must have the same number of dimensions, got {list(a)} and {list(b)}"
        )
    if input.dtype is not other.dtype:
        raise OperatorError(
            f"linalg.cross: expected scalar type {input.dtype.name} but found {other.dtype.name}; convert one of them"
        )
    d = wrap_dim(dim, len(a))
    if a[d] != 3 or b[d] != 3:
        raise OperatorError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got {a[d]} and {b[d]}; shapes {list(a)} and "
            f"{list(b)}"
        )
    shape = broadcast(a, b)
    x, y = (t.expand(shape) for t in (input, other))
    return x.roll(-1, d) * y.roll(-2, d) - x.roll(-2, d) * y.roll(-1, d)


@with_exact_out
def vecdot(x: Any, y: Any, *, dim: int = -1) -> Any:
    """The sum of conj(x) * y along dim."""
    need_tensors("linalg.vecdot", x=x, y=y)
    return ((ops.conj(x) if x.dtype.is_complex else x) * y).sum(dim, dtype=_common_dtype(x, y))


def _common_dtype(x: Any, y: Any) -> Any:
    from unison.functions.numeric import promote_types

    return promote_types(x.dtype, y.dtype)


def diagonal(A: Any, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """The diagonals of matrices, as a view."""
    return arranging.diagonal(A, offset, dim1, dim2)


def vander(x: Any, N: int | None = None) -> Any:
    """Powers 0 to N - 1 of the elements along a new last dimension; N is by default the last length.

    Raises:
        RuntimeError: N is given and below 2.
    """
    import unison

    need_tensors("linalg.vander", x=x)
    if not x.array.ndim:
        x = x.unsqueeze(0)
    if N is not None and N <= 1:
        raise OperatorError(f"linalg.vander: N must be greater than 1, got {N}")
    n = x.array.shape[-1] if N is None else N
    dtype = dtypes.int64 if x.dtype in dtypes.INTEGRAL or x.dtype is dtypes.bool_ else x.dtype
    column = ops.cast(x, dtype=dtype).unsqueeze(-1)
    one = ops.full(shape=tuple(column.shape), value=1, dtype=dtype, device=x.device)
    if n <= 1:
        return one[..., :n]
    powers = column.expand(*x.array.shape, n - 1).cumprod(-1)
    return unison.cat([one, powers], -1)


@with_out
def matrix_power(A: Any, n: int) -> Any:
    """A @ A @ ... @ A by repeated squaring; of the inverse for negative n.

    Raises:
        RuntimeError: the matrices are not square, or n is negative and one is singular.
    """
    from unison.linalg.solving import inv

    matrices("linalg.matrix_power", A, square=True)
    if n < 0:
        A, n = inv(A), -n
    if n == 0:
        # Chosen, not added: the result stays in the graph, and infinities of A do not reach it.
        return ops.where(ops.ne(A.detach(), A.detach()).fill_(False), A, eye_like(A))
    result = None
    while n:
        if n & 1:
            result = A if result is None else ops.matmul(result, A)
        n >>= 1
        if n:
            A = ops.matmul(A, A)
    return result.clone() if result is A else result


@with_exact_out
def multi_dot(tensors: Sequence[Any]) -> Any:
    """The product of two or more matrices in the cheapest order; the first and the last may be vectors.

    The order is that of Cormen et al., Introduction to Algorithms, chapter 15.2.

    Raises:
        RuntimeError: fewer than two, or the numbers of dimensions do not fit.
    """
    chain = list(tensors)
    if len(chain) < 2:
        raise OperatorError(f"multi_dot(): expected at least 2 tensors but got {len(chain)}")
    _check_chain(chain)
    row, column = chain[0].array.ndim == 1, chain[-1].array.ndim == 1
    chain[0] = chain[0].unsqueeze(0) if row else chain[0]
    chain[-1] = chain[-1].unsqueeze(1) if column else chain[-1]
    for a, b in pairwise(chain):
        if a.array.shape[1] != b.array.shape[0]:
            raise OperatorError(
                f"multi_dot(): tensors of shapes {list(a.shape)} and {list(b.shape)} cannot be multiplied"
            )
    out = _multiply(
        chain, _splits([x.array.shape[0] for x in chain] + [chain[-1].array.shape[1]]), 0, len(chain) - 1
    )
    out = out.squeeze(1) if column else out
    return out.squeeze(0) if row else out


def _check_chain(chain: list[Any]) -> None:
    for i, x in enumerate(chain):
        end = i in (0, len(chain) - 1)
        if x.array.ndim != 2 and not (end and x.array.ndim == 1):
            raise OperatorError(
                f"multi_dot(): tensor {i} must be {'1D or 2D' if end else '2D'} but got {x.array.ndim}D"
            )
        if x.dtype is not chain[0].dtype:
            raise OperatorError(
                f"multi_dot(): all tensors must have the same dtype: {chain[0].dtype.name}, {x.dtype.name}"
            )


def _splits(sizes: list[int]) -> dict[tuple[int, int], int]:
    """Where each stretch of the chain is best cut."""
    n = len(sizes) - 1
    cost = {(i, i): 0 for i in range(n)}
    cut = {}
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            options = [
                (cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j)
            ]
            cost[i, j], cut[i, j] = min(options)
    return cut


def _multiply(chain: list[Any], cut: dict[tuple[int, int], int], i: int, j: int) -> Any:
    if i == j:
        return chain[i]
    k = cut[i, j]
    return matmul(_multiply(chain, cut, i, k), _multiply(chain, cut, k + 1, j))


def matrix_exp(A: Any) -> Any:
    """The exponential of square matrices: exp(A / 2^s)^(2^s), Taylor's series within.

    s makes the largest 1-norm at most 1/2, so that 16 terms reach double precision. See Higham, The Scaling
    and Squaring Method for the Matrix Exponential Revisited (2005).

    Raises:
        RuntimeError: the matrices are not square, or neither floating nor complex.
    """
    matrices("linalg.matrix_exp", A, square=True)
    if A.dtype not in dtypes.INEXACT:
        inexact("linalg.matrix_exp", A)
    if not A.array.size:
        return A.clone()
    # Squaring doubles the relative error each time: narrower dtypes are exponentiated in double precision if there is.
    wide = ops.cast(A, dtype=widest(A.dtype, A.device))
    size = float(wide.detach().abs().sum(-2).amax().item())
    squarings = max(0, ceil(log2(size)) + 1) if 0 < size < float("inf") else 0
    scaled = wide * 0.5**squarings
    one = eye_like(wide)
    out = one + scaled / 16
    for k in range(15, 0, -1):
        out = one + ops.matmul(scaled, out) / k
    for _ in range(squarings):
        out = ops.matmul(out, out)
    return ops.cast(out, dtype=A.dtype)
