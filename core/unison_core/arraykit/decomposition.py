"""Decomposition kernels: the library's `linalg`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from unison_core.errors import LinAlgError

if TYPE_CHECKING:
    from unison_core.arraykit.kit import ArrayKit

__all__ = ["Decomposition"]


class Decomposition:
    """Kernels on `xp`."""

    def __init__(self, kit: ArrayKit) -> None:
        self.kit = kit
        self.xp = kit.xp

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

    def _run(self, name: str, text: str, *arrays: Any, **options: Any) -> Any:
        """Call the library; its failure becomes ours, with the text given. Wrong shapes are the rules' affair."""
        linalg = self.xp.linalg
        square = name in ("cholesky", "solve", "inv", "eig", "eigh", "slogdet")
        if arrays[0].ndim < 2 or (square and arrays[0].shape[-1] != arrays[0].shape[-2]):
            raise ValueError("not a matrix")
        try:
            return getattr(linalg, name)(*arrays, **options)
        except linalg.LinAlgError as error:
            raise LinAlgError(f"linalg.{name}: {text} ({error})") from None

    def cholesky(self, x: Any) -> Any:
        text = "The factorization could not be completed because the input is not positive-definite"
        return self._run("cholesky", text, x)

    def qr(self, x: Any, *, complete: bool) -> tuple[Any, Any]:
        q, r = self._run("qr", "did not converge", x, mode="complete" if complete else "reduced")
        return q, r

    def svd(self, x: Any, *, full_matrices: bool) -> tuple[Any, Any, Any]:
        u, s, vh = self._run("svd", "did not converge", x, full_matrices=full_matrices)
        return u, s, vh

    def eigh(self, x: Any, *, upper: bool) -> tuple[Any, Any]:
        w, v = self._run("eigh", "did not converge", x, UPLO="U" if upper else "L")
        return w, v

    def eig(self, x: Any) -> tuple[Any, Any]:
        w, v = self._run("eig", "did not converge", x)
        kind = (
            self.xp.complex128
            if x.dtype.itemsize == (16 if x.dtype.kind == "c" else 8)
            else self.xp.complex64
        )
        return w.astype(kind, copy=False), v.astype(kind, copy=False)

    def inverse(self, x: Any) -> Any:
        return self._run(
            "inv", "The diagonal element of the factor is zero, the input matrix is singular.", x
        )

    def slogdet(self, x: Any) -> tuple[Any, Any]:
        sign, log = self._run("slogdet", "failed", x)
        asarray = self.xp.asarray
        return asarray(sign), asarray(log)

    def solve(self, a: Any, b: Any) -> Any:
        if b.ndim < 2:
            raise ValueError("not a matrix")
        return self._run("solve", "The solver failed because the input matrix is singular.", a, b)

    def solve_triangular(self, a: Any, b: Any, *, upper: bool, left: bool, unitriangular: bool) -> Any:
        """Substitution row by row, over all batches at once."""
        xp = self.xp
        if a.ndim < 2 or b.ndim < 2 or a.shape[-1] != a.shape[-2]:
            raise ValueError("not a matrix")
        if not left:
            turned = self.solve_triangular(
                a.swapaxes(-1, -2),
                b.swapaxes(-1, -2),
                upper=not upper,
                left=True,
                unitriangular=unitriangular,
            )
            return xp.ascontiguousarray(turned.swapaxes(-1, -2))
        n = a.shape[-1]
        batch = xp.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        x = xp.array(xp.broadcast_to(b, (*batch, *b.shape[-2:])))
        for i in reversed(range(n)) if upper else range(n):
            known = slice(i + 1, n) if upper else slice(0, i)
            row = x[..., i, :] - (a[..., i, None, known] @ x[..., known, :])[..., 0, :]
            x[..., i, :] = row if unitriangular else row / a[..., i, i, None]
        return x
