"""Decompositions and solutions of (batches of) linear systems.

Gradient rules follow Giles, Collected Matrix Derivative Results for Forward and Reverse Mode Algorithmic
Differentiation (2008), and for complex matrices Boeddeker et al., On the Computation of Complex-valued Gradients
(2017). Half types have no decompositions.
"""

from __future__ import annotations

from typing import Any

from unison_core import ops
from unison_core.dtypes import complex64, complex128, float32, float64, int64
from unison_core.errors import OperatorError
from unison_core.operator import Array, primitive
from unison_core.ops._shared import adjoint, scalar_like, sum_to
from unison_core.ops.linalg import transpose_last
from unison_core.samples import arg, bad, good
from unison_core.spec import Spec, broadcast

__all__ = ["cholesky", "eig", "eigh", "inverse", "qr", "slogdet", "solve", "solve_triangular", "svd"]

FULL = frozenset({float32, float64, complex64, complex128})


def _h(x: Any) -> Any:
    """The conjugate transpose."""
    return transpose_last(adjoint(x))


def _matrix(name: str, x: Spec, *, square: bool = False) -> Spec:
    if x.ndim < 2:
        raise OperatorError(
            f"linalg.{name}: The input tensor A must have at least 2 dimensions, got shape {list(x.shape)}"
        )
    if square and x.shape[-1] != x.shape[-2]:
        raise OperatorError(
            f"linalg.{name}: A must be batches of square matrices, but they are {x.shape[-2]} by {x.shape[-1]} matrices"
        )
    return x


def _mask(x: Any, *, lower: bool, diagonal: float = 1.0) -> Any:
    """x with one triangle only, its diagonal scaled."""
    n, m = x.shape[-2:]
    row = ops.slice(ops.arange(end=n, dtype=int64, device=x.device), key=(..., None))
    column = ops.arange(end=m, dtype=int64, device=x.device)
    inside = ops.gt(row, column) if lower else ops.lt(row, column)
    scaled = ops.where(ops.eq(row, column), ops.mul(x, scalar_like(diagonal, x)), scalar_like(0, x))
    return ops.where(inside, x, scaled)


@primitive(dtypes=FULL)
def cholesky(x: Array) -> Array:
    """The lower triangular L with x = L @ L^H, of Hermitian positive definite x; its upper triangle is not read.

    Raises:
        RuntimeError: a matrix is not positive definite.
    """


@cholesky.infer
def cholesky_infer(x: Spec) -> Spec:
    return _matrix("cholesky", x, square=True)


@cholesky.vjp(values="out")
def cholesky_vjp(g: Any, out: Any, x: Any) -> Any:
    inner = _mask(ops.matmul(_h(out), g), lower=True, diagonal=0.5)
    inner = ops.mul(ops.add(inner, _h(inner)), scalar_like(0.5, inner))
    left = solve_triangular(_h(out), inner, upper=True, left=True, unitriangular=False)
    return _h(solve_triangular(_h(out), _h(left), upper=True, left=True, unitriangular=False))


@cholesky.samples
def cholesky_samples() -> Any:
    yield good(arg(3, 3, make="positive_definite"))
    yield good(arg(2, 4, 4, make="positive_definite"))
    yield bad(RuntimeError, "square", arg(2, 3))


@primitive(dtypes=FULL)
def qr(x: Array, *, complete: bool = False) -> tuple[Array, Array]:
    """Q with orthonormal columns and upper triangular R with x = Q @ R; complete makes Q square."""


@qr.infer
def qr_infer(x: Spec, *, complete: bool) -> tuple[Spec, Spec]:
    _matrix("qr", x)
    *batch, n, m = x.shape
    k = n if complete else min(n, m)
    return x.like((*batch, n, k)), x.like((*batch, k, m))


@qr.vjp(values="out")
def qr_vjp(g: Any, out: Any, x: Any, *, complete: bool) -> Any:
    """Of matrices with at least as many rows as columns, and of wide ones through their leading square block."""
    q, r = out
    n, m = q.shape[-2], r.shape[-1]
    if complete and n > m:
        raise OperatorError(
            "The QR decomposition is not differentiable when mode='complete' and nrows > ncols"
        )
    if n < m:
        return _wide_qr_vjp(g, q, r)
    return _tall_qr_vjp(g[0], g[1], q, r)


def _tall_qr_vjp(gq: Any, gr: Any, q: Any, r: Any) -> Any:
    """(Q-bar + Q copyltu(M)) R^-H with M = R R-bar^H - Q-bar^H Q; Walter and Lehmann (2018)."""
    m = None
    if gr is not None:
        m = ops.matmul(r, _h(gr))
    if gq is not None:
        part = ops.matmul(_h(gq), q)
        m = ops.neg(part) if m is None else ops.sub(m, part)
    low = _mask(m, lower=True, diagonal=0.0)
    full = ops.add(ops.add(low, _h(low)), _real_diagonal(m))
    right = ops.matmul(q, full)
    right = right if gq is None else ops.add(gq, right)
    return _h(solve_triangular(r, _h(right), upper=True, left=True, unitriangular=False))


def _real_diagonal(m: Any) -> Any:
    both = ops.mul(ops.add(m, _h(m)), scalar_like(0.5, m))
    return ops.sub(_mask(both, lower=True), _mask(both, lower=True, diagonal=0.0))


def _wide_qr_vjp(g: Any, q: Any, r: Any) -> Any:
    gq, gr = g
    n = r.shape[-2]
    key_left, key_right = (..., slice(0, n)), (..., slice(n, None))
    square, rest = ops.slice(r, key=key_left), ops.slice(r, key=key_right)
    if gr is None:
        gx_left = _tall_qr_vjp(gq, None, q, square)
        zeros = ops.full(shape=tuple(rest.shape), value=0, dtype=r.dtype, device=r.device)
        return ops.cat(gx_left, zeros, dim=len(r.shape) - 1)
    right = ops.matmul(q, ops.slice(gr, key=key_right))
    x_rest = ops.matmul(q, rest)
    add = ops.matmul(x_rest, _h(ops.slice(gr, key=key_right)))
    gx_left = _tall_qr_vjp(add if gq is None else ops.add(gq, add), ops.slice(gr, key=key_left), q, square)
    return ops.cat(gx_left, right, dim=len(r.shape) - 1)


@qr.samples
def qr_samples() -> Any:
    yield good(arg(4, 3), complete=False)
    yield good(arg(2, 3, 3), complete=False)
    yield good(arg(2, 4), complete=False)
    yield good(arg(4, 2), complete=True, gradient=False)
    yield bad(RuntimeError, "at least 2 dimensions", arg(3), complete=False)


@primitive(dtypes=FULL)
def svd(x: Array, *, full_matrices: bool = False) -> tuple[Array, Array, Array]:
    """U, the singular values in falling order, and V^H with x = U @ diag(S) @ V^H."""


@svd.infer
def svd_infer(x: Spec, *, full_matrices: bool) -> tuple[Spec, Spec, Spec]:
    _matrix("svd", x)
    *batch, n, m = x.shape
    k = min(n, m)
    left, right = (n, m) if full_matrices else (k, k)
    real = x.dtype.to_real()
    return x.like((*batch, n, left)), x.like((*batch, k), real), x.like((*batch, right, m))


@svd.vjp(values="out")
def svd_vjp(g: Any, out: Any, x: Any, *, full_matrices: bool) -> Any:
    """Of the thin decomposition, the further vectors of full_matrices are arbitrary; unique only up to phases, so
    gradients through U and V must not depend on them.
    """
    u, s, vh = out
    gu, gs, gvh = g
    k = s.shape[-1]
    u, vh = ops.slice(u, key=(..., slice(0, k))), ops.slice(vh, key=(..., slice(0, k), slice(None)))
    if gu is not None:
        gu = ops.slice(gu, key=(..., slice(0, k)))
    gv = None if gvh is None else _h(ops.slice(gvh, key=(..., slice(0, k), slice(None))))
    v, row = _h(vh), _like(s, u, (..., None, slice(None)))
    middle = None if gs is None else _diagonal(_like(gs, u, (...,)))
    gaps = _gaps(s, squares=True)
    gaps = ops.cast(gaps, dtype=u.dtype) if u.dtype.is_complex else gaps
    for grad, basis, on_right in ((gu, u, True), (gv, v, False)):
        if grad is None:
            continue
        inner = ops.matmul(_h(basis), grad)
        skew = ops.mul(ops.sub(inner, _h(inner)), gaps)
        column = _like(s, u, (..., None))
        part = ops.mul(skew, row) if on_right else ops.mul(column, skew)
        middle = part if middle is None else ops.add(middle, part)
    if gu is not None and u.dtype.is_complex:
        phase = _diagonal(ops.div(_imaginary_diagonal(ops.matmul(_h(u), gu)), _like(s, u, (...,))))
        middle = ops.add(middle, phase)
    gx = ops.matmul(ops.matmul(u, middle), vh)
    if gu is not None and u.shape[-2] > k:
        outside = ops.sub(gu, ops.matmul(u, ops.matmul(_h(u), gu)))
        gx = ops.add(gx, ops.matmul(ops.div(outside, row), vh))
    if gv is not None and vh.shape[-1] > k:
        outside = ops.sub(gv, ops.matmul(v, ops.matmul(vh, gv)))
        gx = ops.add(gx, ops.matmul(u, _h(ops.div(outside, row))))
    return gx


def _imaginary_diagonal(x: Any) -> Any:
    d = ops.diagonal(x, offset=0, dim1=-2, dim2=-1)
    zero = ops.mul(ops.imag(d), scalar_like(0, ops.imag(d)))
    return ops.complex(zero, ops.imag(d))


def _like(s: Any, u: Any, key: Any) -> Any:
    s = ops.cast(s, dtype=u.dtype) if s.dtype is not u.dtype else s
    return ops.slice(s, key=key)


def _gaps(s: Any, *, squares: bool = False) -> Any:
    """1 / (s_j - s_i), or of their squares, with 0 on the diagonal."""
    values = ops.mul(s, s) if squares else s
    gap = ops.sub(ops.slice(values, key=(..., None, slice(None))), ops.slice(values, key=(..., None)))
    zero = ops.eq(gap, scalar_like(0, gap))
    return ops.where(zero, scalar_like(0, gap), ops.reciprocal(ops.where(zero, scalar_like(1, gap), gap)))


def _diagonal(d: Any) -> Any:
    """Matrices with d on the diagonal."""
    n = d.shape[-1]
    one = ops.eye(rows=n, columns=n, dtype=d.dtype, device=d.device)
    return ops.mul(ops.slice(d, key=(..., None)), one)


@svd.samples
def svd_samples() -> Any:
    for shape in ((4, 3), (3, 4), (2, 3, 3)):
        yield good(arg(*shape), full_matrices=False, gradient=False)
    yield good(arg(4, 2), full_matrices=True, gradient=False)
    yield bad(RuntimeError, "at least 2 dimensions", arg(3), full_matrices=False)


@primitive(dtypes=FULL)
def eigh(x: Array, *, upper: bool = False) -> tuple[Array, Array]:
    """Eigenvalues in rising order and orthonormal eigenvectors of Hermitian x; one triangle is read."""


@eigh.infer
def eigh_infer(x: Spec, *, upper: bool) -> tuple[Spec, Spec]:
    _matrix("eigh", x, square=True)
    return x.like(x.shape[:-1], x.dtype.to_real()), x


@eigh.vjp(values="out")
def eigh_vjp(g: Any, out: Any, x: Any, *, upper: bool) -> Any:
    w, v = out
    gw, gv = g
    middle = None if gw is None else _diagonal(_like(gw, v, (...,)))
    if gv is not None:
        gaps = _gaps(w)
        gaps = ops.cast(gaps, dtype=v.dtype) if v.dtype.is_complex else gaps
        part = ops.mul(ops.matmul(_h(v), gv), gaps)
        middle = part if middle is None else ops.add(middle, part)
    gx = ops.matmul(ops.matmul(v, middle), _h(v))
    return ops.mul(ops.add(gx, _h(gx)), scalar_like(0.5, gx))


@eigh.samples
def eigh_samples() -> Any:
    for shape in ((3, 3), (2, 4, 4)):
        yield good(arg(*shape, make="symmetric"), upper=False, gradient=False)
    yield bad(RuntimeError, "square", arg(2, 3), upper=False)


@primitive(dtypes=FULL)
def eig(x: Array) -> tuple[Array, Array]:
    """Complex eigenvalues and eigenvectors of norm 1 of square x."""


@eig.infer
def eig_infer(x: Spec) -> tuple[Spec, Spec]:
    _matrix("eig", x, square=True)
    kind = x.dtype.to_complex()
    return x.like(x.shape[:-1], kind), x.like(dtype=kind)


@eig.vjp(values="out", specs="x")
def eig_vjp(g: Any, out: Any, x: Any) -> Any:
    w, v = out
    gw, gv = g
    middle = None if gw is None else _diagonal(gw)
    if gv is not None:
        inner = ops.matmul(_h(v), gv)
        norm = ops.real(ops.diagonal(inner, offset=0, dim1=-2, dim2=-1))
        kept = ops.matmul(ops.matmul(_h(v), v), _diagonal(ops.cast(norm, dtype=v.dtype)))
        part = ops.mul(ops.sub(inner, kept), ops.conj(_gaps(w)))
        middle = part if middle is None else ops.add(middle, part)
    gx = solve(_h(v), ops.matmul(middle, _h(v)))
    return gx if x.dtype.is_complex else ops.real(gx)


@eig.samples
def eig_samples() -> Any:
    for shape in ((3, 3), (2, 4, 4)):
        yield good(arg(*shape), gradient=False)
    yield bad(RuntimeError, "square", arg(2, 3))


@primitive(dtypes=FULL)
def solve(a: Array, b: Array) -> Array:
    """x with a @ x = b, of square a and matrices b; batches broadcast.

    Raises:
        RuntimeError: a matrix is singular.
    """


@solve.infer
def solve_infer(a: Spec, b: Spec) -> Spec:
    _matrix("solve", a, square=True)
    if b.ndim < 2 or a.shape[-1] != b.shape[-2]:
        raise OperatorError(
            f"linalg.solve: Incompatible shapes of A and B for the equation AX = B ({list(a.shape)} and "
            f"{list(b.shape)})"
        )
    return b.like((*broadcast(a.shape[:-2], b.shape[:-2]), *b.shape[-2:]))


@solve.vjp(values={"a": "a out", "b": "a"}, specs="b")
def solve_vjp(g: Any, out: Any, a: Any, b: Any) -> Any:
    gb = solve(_h(a), g)
    ga = None if out is None else sum_to(ops.neg(ops.matmul(gb, _h(out))), tuple(a.shape))
    return ga, sum_to(gb, tuple(b.shape)) if b.tracked else None


@solve.samples
def solve_samples() -> Any:
    yield good(arg(3, 3, make="positive_definite"), arg(3, 2))
    yield good(arg(2, 3, 3, make="positive_definite"), arg(3, 1))
    yield bad(RuntimeError, "square", arg(2, 3), arg(2, 1))


@primitive(dtypes=FULL)
def inverse(x: Array) -> Array:
    """The inverse of square x.

    Raises:
        RuntimeError: a matrix is singular.
    """


@inverse.infer
def inverse_infer(x: Spec) -> Spec:
    return _matrix("inv", x, square=True)


@inverse.vjp(values="out")
def inverse_vjp(g: Any, out: Any, x: Any) -> Any:
    back = _h(out)
    return ops.neg(ops.matmul(back, ops.matmul(g, back)))


@inverse.samples
def inverse_samples() -> Any:
    yield good(arg(3, 3, make="positive_definite"))
    yield good(arg(2, 2, 2, make="positive_definite"))
    yield bad(RuntimeError, "square", arg(2, 3))


@primitive(dtypes=FULL)
def solve_triangular(
    a: Array, b: Array, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Array:
    """x with a @ x = b, or x @ a = b when not left, of triangular a; the other triangle is not read."""


@solve_triangular.infer
def solve_triangular_infer(a: Spec, b: Spec, *, upper: bool, left: bool, unitriangular: bool) -> Spec:
    _matrix("solve_triangular", a, square=True)
    if b.ndim < 2 or a.shape[-1] != b.shape[-2 if left else -1]:
        raise OperatorError(
            f"linalg.solve_triangular: Incompatible shapes of A and B for the equation {'AX' if left else 'XA'} = B "
            f"({list(a.shape)} and {list(b.shape)})"
        )
    return b.like((*broadcast(a.shape[:-2], b.shape[:-2]), *b.shape[-2:]))


@solve_triangular.vjp(values={"a": "a out", "b": "a"}, specs="b")
def solve_triangular_vjp(
    g: Any, out: Any, a: Any, b: Any, *, upper: bool, left: bool, unitriangular: bool
) -> Any:
    gb = solve_triangular(_h(a), g, upper=not upper, left=left, unitriangular=unitriangular)
    ga = None
    if out is not None:
        ga = ops.matmul(gb, _h(out)) if left else ops.matmul(_h(out), gb)
        ga = _mask(ops.neg(ga), lower=not upper, diagonal=0.0 if unitriangular else 1.0)
        ga = sum_to(ga, tuple(a.shape))
    return ga, sum_to(gb, tuple(b.shape)) if b.tracked else None


@solve_triangular.samples
def solve_triangular_samples() -> Any:
    for upper in (False, True):
        yield good(
            arg(3, 3, make="positive_definite"), arg(3, 2), upper=upper, left=True, unitriangular=False
        )
        yield good(
            arg(3, 3, make="positive_definite"), arg(2, 3), upper=upper, left=False, unitriangular=False
        )
    yield bad(RuntimeError, "square", arg(2, 3), arg(2, 1), upper=True, left=True, unitriangular=False)


@primitive(dtypes=FULL)
def slogdet(x: Array) -> tuple[Array, Array]:
    """Sign (or phase) and logarithm of the modulus of the determinant; (0, -inf) of singular x."""


@slogdet.infer
def slogdet_infer(x: Spec) -> tuple[Spec, Spec]:
    _matrix("slogdet", x, square=True)
    return x.like(x.shape[:-2]), x.like(x.shape[:-2], x.dtype.to_real())


@slogdet.vjp(values="x out")
def slogdet_vjp(g: Any, out: Any, x: Any) -> Any:
    gsign, glog = g
    back = _h(inverse(x))
    scale = None if glog is None else ops.cast(glog, dtype=x.dtype)
    if gsign is not None and x.dtype.is_complex:
        turn = ops.imag(ops.mul(ops.conj(out[0]), gsign))
        turn = ops.complex(ops.mul(turn, scalar_like(0, turn)), turn)
        scale = turn if scale is None else ops.add(scale, turn)
    if scale is None:
        return ops.mul(x, scalar_like(0, x))
    return ops.mul(back, ops.slice(scale, key=(..., None, None)))


@slogdet.samples
def slogdet_samples() -> Any:
    yield good(arg(3, 3, make="positive_definite"))
    yield good(arg(2, 2, 2, make="positive_definite"))
    yield bad(RuntimeError, "square", arg(2, 3))
