"""Decompositions: mpmath's at 200 bits, and where a result is not unique the equations that define it.

# Note [Bounds of decompositions]
A backward stable algorithm returns the exact results of x + E with |E| <= c n u |x| (Higham, Accuracy and Stability
of Numerical Algorithms, 2002: Cholesky theorem 10.3, LU 9.3, Householder QR 19.4; for eigenvalues and singular values
Golub and Van Loan 2013, chapters 7 and 8). So residuals have S = |x|, eigenvalues of Hermitian x and singular values
too (Weyl), solutions S = condition |solution|, eigenvalues of other x S = |x| times the condition of the vectors
(Bauer and Fike), the logarithm of a determinant S = condition. Norms are Frobenius'.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import numpy as np

from unison_conformance.oracle.reference import Reference, Residual, oracle
from unison_conformance.oracle.wide import Wide

__all__: list[str] = []

_PRECISION = 200
_MOST = 2.0**50
"""The condition from which a matrix is singular to working accuracy, in any dtype."""


@cache
def mp() -> Any:
    """The library, at its precision.

    Raises:
        ImportError: it is not installed; the text names the extra.
    """
    try:
        import mpmath
    except ImportError as e:
        raise ImportError("the oracle needs mpmath: pip install 'unison[conformance]' (or mpmath)") from e
    context = mpmath.mp.clone()
    context.prec = _PRECISION
    return context


def _each(x: Any) -> list[Any]:
    """The matrices of a batch, as the library's."""
    context = mp()
    number = (lambda v: context.mpc(v.real, v.imag)) if x.dtype.kind == "c" else context.mpf
    flat = x.reshape(int(np.prod(x.shape[:-2], dtype=np.int64)), *x.shape[-2:])
    return [context.matrix([[number(v.item()) for v in row] for row in one]) for one in flat]


def _packed(found: list[Any], shape: tuple[int, ...], *, plane: bool) -> Any:
    """Matrices, lists or numbers of the library as wide numbers of that shape, a pair of them in the plane."""
    numbers = [v for one in found for v in (one if hasattr(one, "__iter__") else [one])]
    parts = []
    for take in ("real", "imag") if plane else ("real",):
        exact = [getattr(v, take) for v in numbers]
        high = [float(v) for v in exact]
        low = [float(v - h) if np.isfinite(h) else 0.0 for v, h in zip(exact, high, strict=True)]
        parts.append(Wide(np.array(high).reshape(shape), np.array(low).reshape(shape)))
    return tuple(parts) if plane else parts[0]


def _norm(x: Any) -> Any:
    """Frobenius norms of matrices, with two axes of length 1."""
    wide = x.astype(np.clongdouble)
    return np.sqrt((np.abs(wide) ** 2).sum((-2, -1), keepdims=True)).astype(np.float64)


def _condition(matrices: list[Any], shape: tuple[int, ...]) -> Any:
    """|a| |a^-1| of each; infinite of singular ones."""
    return np.array([_one_condition(a) for a in matrices], np.float64).reshape(*shape, 1, 1)


def _one_condition(a: Any) -> float:
    if not a.rows:
        return 1.0
    try:
        return float(a.ctx.mnorm(a, "f") * a.ctx.mnorm(a**-1, "f"))
    except ZeroDivisionError:
        return np.inf


def _wide(x: Any) -> Any:
    return x.astype(np.clongdouble)


def _adjoint(x: Any) -> Any:
    return np.conj(np.swapaxes(x, -1, -2))


def _distance(a: Any, b: Any) -> Any:
    return np.abs(a - b).astype(np.float64)


def _unitary(name: str, columns: Any) -> Residual:
    n = columns.shape[-1]
    one = np.array([[float(i == j) for j in range(n)] for i in range(n)]).reshape(n, n)
    return Residual(
        f"{name}^H {name} = 1",
        _distance(_adjoint(columns) @ columns, one),
        np.sqrt(max(n, 1)),
        columns.shape[-2],
    )


def _open(value: Any, verify: Callable[[tuple[Any, ...]], Iterable[Residual]] | None = None) -> Reference:
    """One of many possible results."""
    shape = (value[0] if isinstance(value, tuple) else value).shape
    return Reference(value, free=np.full(shape, True), verify=verify)


@oracle("cholesky")
def _cholesky(x: Any) -> Any:
    low = _hermitian(x, upper=False)
    matrices = _each(low)
    value = _packed([_cholesky_of(a) for a in matrices], x.shape, plane=x.dtype.kind == "c")
    scale = _condition(matrices, x.shape[:-2]) * np.sqrt(_norm(low))
    above = np.array([[i < j for j in range(x.shape[-1])] for i in range(x.shape[-1])], bool)
    above = above.reshape(x.shape[-2:])
    return Reference(value, np.where(above, 0.0, scale), x.shape[-1])


def _cholesky_of(a: Any) -> Any:
    return a.ctx.cholesky(a) if a.rows else a


def _hermitian(x: Any, *, upper: bool) -> Any:
    """The Hermitian matrix of which one triangle was given."""
    out = x.copy()
    for i in range(x.shape[-1]):
        out[..., i, i] = x[..., i, i].real
        for j in range(i):
            if upper:
                out[..., i, j] = np.conj(x[..., j, i])
            else:
                out[..., j, i] = np.conj(x[..., i, j])
    return out


@oracle("qr")
def _qr(x: Any, *, complete: bool) -> Any:
    *batch, n, m = x.shape
    k = n if complete else min(n, m)
    found = [_qr_of(a, complete) for a in _each(x)]
    plane = x.dtype.kind == "c"
    q = _packed([f[0] for f in found], (*batch, n, k), plane=plane)
    r = _packed([f[1] for f in found], (*batch, k, m), plane=plane)

    def verify(got: tuple[Any, ...]) -> Iterable[Residual]:
        q, r = map(_wide, got)
        yield Residual("Q R = x", _distance(q @ r, _wide(x)), _norm(x), n)
        yield _unitary("Q", q)
        below = [abs(r[..., i, j]) for i in range(k) for j in range(min(i, m))]
        yield Residual("R is upper triangular", np.array(below, np.float64), 0.0, 0)

    return _open(q, verify), _open(r)


def _qr_of(a: Any, complete: bool) -> tuple[Any, Any]:
    if not a.rows or not a.cols:
        return a.ctx.eye(a.rows if complete else 0), a
    if a.rows >= a.cols:
        q, r = a.ctx.qr(a, mode="full" if complete else "skinny")
        return q, r
    q, _ = a.ctx.qr(a[:, : a.rows])
    r = q.transpose_conj() * a
    for i in range(a.rows):
        for j in range(i):
            r[i, j] = 0
    return q, r


@oracle("svd")
def _svd(x: Any, *, full_matrices: bool) -> Any:
    *batch, n, m = x.shape
    k = min(n, m)
    left, right = (n, m) if full_matrices else (k, k)
    found = [_svd_of(a, full_matrices) for a in _each(x)]
    plane = x.dtype.kind == "c"
    u = _packed([f[0] for f in found], (*batch, n, left), plane=plane)
    s = _packed([f[1] for f in found], (*batch, k), plane=False)
    vh = _packed([f[2] for f in found], (*batch, right, m), plane=plane)

    def verify(got: tuple[Any, ...]) -> Iterable[Residual]:
        u, s, vh = map(_wide, got)
        product = (u[..., :k] * s[..., None, :]) @ vh[..., :k, :]
        yield Residual("U S V^H = x", _distance(product, _wide(x)), _norm(x), max(n, m))
        yield _unitary("U", u)
        yield _unitary("V", _adjoint(vh))
        yield _falling("S falls", s.real)

    return _open(u, verify), Reference(s, np.broadcast_to(_norm(x)[..., 0], s.shape), max(n, m)), _open(vh)


def _svd_of(a: Any, full: bool) -> tuple[Any, Any, Any]:
    if not a.rows or not a.cols:
        return a.ctx.eye(a.rows if full else 0), [], a.ctx.eye(a.cols if full else 0)
    u, s, v = a.ctx.svd(a, full_matrices=full)
    return u, list(s), v


def _falling(name: str, values: Any) -> Residual:
    """Exactly: no entry is larger than the one before it."""
    rise = np.maximum(values[..., 1:] - values[..., :-1], 0)
    return Residual(name, rise.astype(np.float64), 0.0, 0)


@oracle("eigh")
def _eigh(x: Any, *, upper: bool) -> Any:
    whole = _hermitian(x, upper=upper)
    found = [_eigh_of(a) for a in _each(whole)]
    w = _packed([f[0] for f in found], x.shape[:-1], plane=False)
    v = _packed([f[1] for f in found], x.shape, plane=x.dtype.kind == "c")

    def verify(got: tuple[Any, ...]) -> Iterable[Residual]:
        w, v = map(_wide, got)
        yield Residual(
            "x V = V W", _distance(_wide(whole) @ v, v * w[..., None, :]), _norm(whole), x.shape[-1]
        )
        yield _unitary("V", v)
        yield _falling("W rises", -w.real)

    scale = np.broadcast_to(_norm(whole)[..., 0], w.shape)
    return Reference(w, scale, x.shape[-1], verify=verify), _open(v)


def _eigh_of(a: Any) -> tuple[Any, Any]:
    if not a.rows:
        return [], a
    w, v = a.ctx.eighe(a) if any(z.imag for z in a) else a.ctx.eigsy(a.apply(lambda z: z.real))
    return list(w), v


@oracle("eig")
def _eig(x: Any) -> Any:
    found = [_eig_of(a) for a in _each(x)]
    w = _packed([f[0] for f in found], x.shape[:-1], plane=True)
    v = _packed([f[1] for f in found], x.shape, plane=True)
    condition = _condition([f[1] for f in found], x.shape[:-2])[..., 0]

    def verify(got: tuple[Any, ...]) -> Iterable[Residual]:
        values, v = map(_wide, got)
        n = x.shape[-1]
        yield Residual("x V = V W", _distance(_wide(x) @ v, v * values[..., None, :]), _norm(x), n)
        lengths = np.sqrt((np.abs(v) ** 2).sum(-2)).astype(np.float64)
        yield Residual("columns of V have length 1", np.abs(lengths - 1), 1.0, n)
        far = _matched(values.reshape(-1, n), (w[0].hi + 1j * w[1].hi).reshape(-1, n)).reshape(values.shape)
        yield Residual("W is the spectrum", far, condition * _norm(x)[..., 0], n)

    return _open(w, verify), _open(v)


def _eig_of(a: Any) -> tuple[Any, Any]:
    if not a.rows:
        return [], a
    w, v = a.ctx.eig(a)
    for j in range(a.rows):
        length = a.ctx.norm(v[:, j])
        for i in range(a.rows):
            v[i, j] /= length
    return list(w), v


def _matched(got: Any, wanted: Any) -> Any:
    """The distance of each number from the nearest wanted one that no earlier number took."""
    out = np.zeros(got.shape)
    for row, values, left in zip(out, got, wanted.tolist(), strict=True):
        for i, value in enumerate(values):
            far = [float(abs(value - other)) for other in left]
            nearest = min(range(len(far)), key=far.__getitem__)
            row[i] = far[nearest]
            left.pop(nearest)
    return out


def _solution(a: Any, value: Any, matrices: list[Any], batch: tuple[int, ...]) -> Reference:
    """Of a system with those matrices: S = condition times the largest element of each column."""
    parts = value if isinstance(value, tuple) else (value,)
    size = np.sqrt(sum(p.hi * p.hi for p in parts))
    length = np.sqrt((size * size).sum(-2, keepdims=True))
    condition = np.broadcast_to(_condition(matrices, a.shape[:-2]), (*batch, 1, 1))
    scale = np.broadcast_to(condition * length, size.shape)
    return Reference(value, scale, a.shape[-1], free=~np.broadcast_to(condition < _MOST, size.shape))


def _solved(a: Any, b: Any) -> Reference:
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    matrices = _each(np.broadcast_to(a, (*batch, *a.shape[-2:])))
    right = _each(np.broadcast_to(b, (*batch, *b.shape[-2:])))
    found = [(m**-1) * r if m.rows and r.cols else r for m, r in zip(matrices, right, strict=True)]
    value = _packed(found, (*batch, *b.shape[-2:]), plane=a.dtype.kind == "c")
    return _solution(a, value, _each(a), batch)


@oracle("solve")
def _solve(a: Any, b: Any) -> Any:
    return _solved(a, b)


@oracle("inverse")
def _inverse(x: Any) -> Any:
    matrices = _each(x)
    found = [m**-1 if m.rows else m for m in matrices]
    value = _packed(found, x.shape, plane=x.dtype.kind == "c")
    return _solution(x, value, matrices, x.shape[:-2])


@oracle("solve_triangular")
def _solve_triangular(a: Any, b: Any, *, upper: bool, left: bool, unitriangular: bool) -> Any:
    held = a.copy()
    for i in range(a.shape[-1]):
        for j in range(a.shape[-1]):
            if (i > j) if upper else (i < j):
                held[..., i, j] = 0
        if unitriangular:
            held[..., i, i] = 1
    if left:
        return _solved(held, b)
    out = _solved(np.swapaxes(held, -1, -2), np.swapaxes(b, -1, -2))
    parts = out.value if isinstance(out.value, tuple) else (out.value,)
    turned = tuple(p.apply(np.swapaxes, -1, -2) for p in parts)
    return Reference(
        turned if len(turned) == 2 else turned[0],
        np.swapaxes(out.scale, -1, -2),
        out.terms,
        free=np.swapaxes(out.free, -1, -2),
    )


@oracle("slogdet")
def _slogdet(x: Any) -> Any:
    """Of a matrix that is singular to working accuracy anything may come out."""
    matrices, batch = _each(x), x.shape[:-2]
    context = mp()
    dets = [context.det(m) if m.rows else context.mpf(1) for m in matrices]
    moduli = [abs(d) for d in dets]
    sign = [d / s if s else s for d, s in zip(dets, moduli, strict=True)]
    log = _packed([context.log(s) if s else -context.inf for s in moduli], batch, plane=False)
    condition = _condition(matrices, batch)[..., 0, 0]
    roundoff = 2.0**-52 if x.dtype.itemsize // (2 if x.dtype.kind == "c" else 1) == 8 else 2.0**-23
    free = ~(condition * roundoff * (x.shape[-1] + 32) < 1)
    plane = x.dtype.kind == "c"
    phase = Reference(
        _packed(sign, batch, plane=plane), condition if plane else None, x.shape[-1] if plane else 0, free
    )
    return phase, Reference(log, np.where(free, 0.0, condition + np.abs(log.hi)), x.shape[-1], free)
