"""Decompositions and solutions of linear systems, of batches of matrices."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from unison_core import dtypes
from unison_core.ckit.array import CArray
from unison_core.ckit.creation import bits_of
from unison_core.ckit.kit import GROUP, RAW
from unison_core.ckit.program import Program
from unison_core.dtypes import DType
from unison_core.errors import LinAlgError
from unison_core.spec import Shape, broadcast, numel
from unison_core.strided import broadcast_strides, collapse

if TYPE_CHECKING:
    from unison_core.ckit.kit import CKit

__all__ = ["Decomposition"]


def _program(entry: str, source: str) -> Program:
    return Program(entry, "numbers.c", source)


_CHOLESKY, _LU, _SLOGDET, _SUBSTITUTE = (
    _program(entry, "triangular.c") for entry in ("cholesky", "lu", "slogdet", "substitute")
)
_QR = _program("householder", "householder.c")
_EIGH, _SVD = _program("eigh", "jacobi.c"), _program("svd", "jacobi.c")
_EIG = _program("eig", "hessenberg.c")
_MOST_BATCH = 8
"""Dimensions that a batch of `substitute` may have after those that step evenly are joined."""
_SINGULAR = "The solver failed because the input matrix is singular."
_NO_INVERSE = "The diagonal element of the factor is zero, the input matrix is singular."


class Decomposition:
    """A work-group for each matrix, in which a processor has one work-item and other devices GROUP."""

    def __init__(self, kit: CKit) -> None:
        self.kit = kit

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {
            "cholesky": self.cholesky,
            "eig": self.eig,
            "eigh": self.eigh,
            "inverse": self.inverse,
            "qr": self.qr,
            "slogdet": self.slogdet,
            "solve": self.solve,
            "solve_triangular": self.solve_triangular,
            "svd": self.svd,
        }

    def _start(
        self,
        program: Program,
        like: CArray,
        buffers: Sequence[CArray],
        params: Sequence[int],
        items: int,
        *extra: tuple[str, Any],
        shared: bool = True,
    ) -> None:
        """Launch a group for each of `items`, or a work-item where they share nothing."""
        lanes = GROUP if not shared or not like.runtime.facts.cpu else 1
        wide = like.dtype in (dtypes.float64, dtypes.complex128)
        defines = (
            ("W", "f64" if wide else "f32"),
            ("EPS", "0x1p-52" if wide else "0x1p-23f"),
            ("COMPLEX", like.dtype.is_complex),
            ("LANES", lanes),
            *extra,
        )
        self.kit.launch(
            program,
            defines,
            items if shared else -(-items // lanes),
            lanes,
            [x.buffer for x in buffers],
            struct.pack(f"{len(params)}q", *params),
            like.runtime,
            program.entry,
        )

    def _empty(self, like: CArray, shape: Sequence[int], dtype: DType | None = None) -> CArray:
        return self.kit.empty(shape, dtype or like.dtype, like.runtime)

    def _status(self, x: CArray) -> CArray:
        return self._empty(x, x.shape[:-2], dtypes.int32)

    def _check(self, status: CArray, name: str, text: str, detail: str) -> None:
        """Raise what the first matrix that failed calls for."""
        if not self.kit.any("a != 0", [status], label=name):
            return
        data = bytearray(4 * status.size)
        status.runtime.copy_out(status.buffer, 0, data)
        codes = struct.unpack(f"{status.size}i", data)
        at = next(i for i, code in enumerate(codes) if code)
        raise LinAlgError(f"linalg.{name}: {text} (matrix {at}: {detail.format(codes[at])})")

    def cholesky(self, x: CArray) -> CArray:
        out, status = self.kit.copy(_square(x)), self._status(x)
        if out.size:
            self._start(_CHOLESKY, x, [out, status], (x.shape[-1], status.size), status.size)
            text = "The factorization could not be completed because the input is not positive-definite"
            self._check(status, "cholesky", text, "its leading minor of order {} is not positive")
        return out

    def _lu(self, x: CArray) -> tuple[CArray, CArray, CArray]:
        """The factors, the rows changed at each step and whether a pivot is zero."""
        a, status = self.kit.copy(_square(x)), self._status(x)
        pivots = self._empty(x, x.shape[:-1], dtypes.int64)
        if a.size:
            self._start(_LU, x, [a, pivots, status], (x.shape[-1], status.size), status.size)
        return a, pivots, status

    def slogdet(self, x: CArray) -> tuple[CArray, CArray]:
        a, pivots, _ = self._lu(x)
        sign = self._empty(x, x.shape[:-2])
        log = self._empty(x, x.shape[:-2], x.dtype.to_real())
        if sign.size:
            params = (x.shape[-1], sign.size)
            self._start(_SLOGDET, x, [a, pivots, sign, log], params, sign.size, shared=False)
        return sign, log

    def inverse(self, x: CArray) -> CArray:
        n = _square(x).shape[-1]
        one = self._empty(x, (n, n))
        if one.size:
            self.kit.fill(one, bits_of(0, x.dtype))
            self.kit.fill(one.like((n,), x.dtype, (n + 1,), one.offset), bits_of(1, x.dtype))
        return self._solved(x, one, "inv", _NO_INVERSE)

    def solve(self, a: CArray, b: CArray) -> CArray:
        return self._solved(a, b, "solve", _SINGULAR)

    def _solved(self, a: CArray, b: CArray, name: str, text: str) -> CArray:
        factors, pivots, status = self._lu(a)
        if factors.size:
            self._check(status, name, text, "pivot {} is zero")
        x = self._right_side(a, b)
        self._substitute(factors, x, upper=False, unit=True, pivots=pivots)
        self._substitute(factors, x, upper=True, unit=False)
        return x

    def _right_side(self, a: CArray, b: CArray) -> CArray:
        """b, broadcast, in memory that becomes the solution."""
        if b.ndim < 2 or a.shape[-1] != b.shape[-2] or a.dtype is not b.dtype:
            raise ValueError("no system of equations")
        out = self._empty(b, (*broadcast(a.shape[:-2], b.shape[:-2]), *b.shape[-2:]))
        if out.size:
            self.kit.write(out, b)
        return out

    def solve_triangular(
        self, a: CArray, b: CArray, *, upper: bool, left: bool, unitriangular: bool
    ) -> CArray:
        """x a = b is the transposed system; no element moves for it."""
        _square(a)
        if b.ndim < 2:
            raise ValueError("not a matrix")
        if left:
            x = self._right_side(a, b)
            self._substitute(a, x, upper=upper, unit=unitriangular)
            return x
        x = self._right_side(_turned(a), _turned(b))
        self._substitute(_turned(a), x, upper=not upper, unit=unitriangular)
        return self.kit.copy(_turned(x))

    def _substitute(
        self, a: CArray, x: CArray, *, upper: bool, unit: bool, pivots: CArray | None = None
    ) -> None:
        """Make x the solution of a x = x, of triangular a."""
        if not x.size:
            return
        batch = x.shape[:-2]
        steps = broadcast_strides(a.shape[:-2], a.strides[:-2], batch)
        lengths, (along_a, along_x) = collapse(batch, steps, x.strides[:-2])
        if len(lengths) > _MOST_BATCH:
            a = self.kit.copy(a.like((*batch, *a.shape[-2:]), a.dtype, (*steps, *a.strides[-2:]), a.offset))
            lengths, (along_a, along_x) = collapse(batch, a.strides[:-2], x.strides[:-2])
        rest = [0] * (_MOST_BATCH - len(lengths))
        params = (
            *(x.shape[-2], numel(batch), x.shape[-1], a.offset, x.offset, *a.strides[-2:], *x.strides[-2:]),
            *(upper, unit, pivots is not None, len(lengths)),
            *(*lengths, *rest, *along_a, *rest, *along_x, *rest),
        )
        items = numel(batch) * x.shape[-1]
        self._start(_SUBSTITUTE, x, [a, pivots or a, x], params, items, ("COLUMNS", 1), shared=False)

    def qr(self, x: CArray, *, complete: bool) -> tuple[CArray, CArray]:
        if x.ndim < 2:
            raise ValueError("not a matrix")
        *batch, n, m = x.shape
        k = min(n, m)
        left = n if complete else k
        q, r = self._empty(x, (*batch, n, left)), self._empty(x, (*batch, left, m))
        if q.size:
            work, tau = self.kit.copy(x), self._empty(x, (*batch, k))
            self._start(_QR, x, [work, tau, q, r], (n, m, k, left), numel(batch))
        return q, r

    def eigh(self, x: CArray, *, upper: bool) -> tuple[CArray, CArray]:
        n, work = _square(x).shape[-1], self.kit.copy(x)
        pairs, real = (n + 1) // 2, x.dtype.to_real()
        values, vectors = self._empty(x, x.shape[:-1], real), self._empty(x, x.shape)
        status = self._status(x)
        if vectors.size:
            batch = status.size
            buffers = [
                work,
                self._empty(x, x.shape),
                self._empty(x, (batch, pairs)),
                self._empty(x, (batch, pairs, 4), real),
                values,
                vectors,
                status,
            ]
            self._start(_EIGH, x, buffers, (n, n, upper, 0, 0, 0, 0), batch, ("EIGH", 1))
            self._check(status, "eigh", "did not converge", "Eigenvalues did not converge")
        return values, vectors

    def svd(self, x: CArray, *, full_matrices: bool) -> tuple[CArray, CArray, CArray]:
        """Of a wide matrix through its adjoint, whose left vectors are the right ones."""
        if x.ndim < 2:
            raise ValueError("not a matrix")
        *batch, rows, columns = x.shape
        wide = rows < columns
        n, m = (rows, columns) if wide else (columns, rows)
        u, vh = self._empty(x, (*batch, rows, n)), self._empty(x, (*batch, n, columns))
        values = self._empty(x, (*batch, n), x.dtype.to_real())
        status = self._empty(x, batch, dtypes.int32)
        if values.size:
            work = self.kit.copy(x if wide else _turned(x))
            left, right = (_turned(vh), u) if wide else (u, _turned(vh))
            scratch = self._empty(x, (*batch, n, n)), self._empty(x, (*batch, n), values.dtype)
            buffers = [work, *scratch, left, values, right, status]
            params = (n, m, wide, *left.strides[-2:], *right.strides[-2:])
            tiny = ("TINY", "1e-150" if values.dtype is dtypes.float64 else "1e-15f")
            self._start(_SVD, x, buffers, params, status.size, tiny)
        if (values.size and self._deficient(status)) or full_matrices:
            if wide:
                vh = self.kit.copy(_turned(self._completed(_turned(vh), values, full_matrices)))
            else:
                u = self._completed(u, values, full_matrices)
        return u, values, vh

    def _deficient(self, status: CArray) -> bool:
        """Whether columns are missing; what is not finite has no decomposition."""
        if not self.kit.any("a != 0", [status], label="svd"):
            return False
        if self.kit.any("a == 1", [status], label="svd"):
            raise LinAlgError("linalg.svd: did not converge (SVD did not converge)")
        return True

    def _completed(self, u: CArray, values: CArray, full: bool) -> CArray:
        """u with columns of Q, which are at right angles to it, in place of zeros, and after its last if full."""
        k = u.shape[-1]
        if not u.size:
            return self.qr(u, complete=full)[0]
        q, _ = self.qr(u, complete=full)
        own = q.like((*q.shape[:-1], k), q.dtype, q.strides, q.offset)
        zero = values.like(
            (*values.shape[:-1], 1, k),
            values.dtype,
            (*values.strides[:-1], 0, values.strides[-1]),
            values.offset,
        )
        raw = RAW[u.dtype.itemsize]
        types = (values.dtype, raw, raw, raw)
        self.kit.map("a == 0 ? b : c", [zero, own, u], out=own, types=types, label="svd")
        return q

    def eig(self, x: CArray) -> tuple[CArray, CArray]:
        n, work = _square(x).shape[-1], self.kit.contiguous(x)
        kind = x.dtype.to_complex()
        values, vectors = self._empty(x, x.shape[:-1], kind), self._empty(x, x.shape, kind)
        status = self._status(x)
        if vectors.size:
            buffers = [
                work,
                self._empty(x, x.shape, kind),
                self._empty(x, x.shape, kind),
                self._empty(x, x.shape[:-1], kind),
                self._empty(x, x.shape[:-1], x.dtype.to_real()),
                values,
                vectors,
                status,
            ]
            extra = ("COMPLEX_INPUT", x.dtype.is_complex)
            params = (n, status.size, work.offset)
            self._start(_EIG, vectors, buffers, params, status.size, extra, shared=False)
            self._check(status, "eig", "did not converge", "Eigenvalues did not converge")
        return values, vectors


def _square(x: CArray) -> CArray:
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise ValueError("not a square matrix")
    return x


def _turned(x: CArray) -> CArray:
    """The transposed matrices, on the same memory."""
    shape: Shape = (*x.shape[:-2], x.shape[-1], x.shape[-2])
    return x.like(shape, x.dtype, (*x.strides[:-2], x.strides[-1], x.strides[-2]), x.offset)
