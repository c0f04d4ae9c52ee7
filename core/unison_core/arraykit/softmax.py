"""Softmax kernels: few passes, in place. Half types are computed in float32."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from unison_core.arraykit.rows import Rows

if TYPE_CHECKING:
    from unison_core.arraykit.kit import ArrayKit

__all__ = ["Softmax"]


class Softmax:
    """Kernels on `xp`."""

    def __init__(self, kit: ArrayKit) -> None:
        self.kit = kit
        self.xp = kit.xp
        self.rows = Rows(kit.xp)

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {
            "log_softmax": self.log_softmax,
            "log_softmax_backward": self.log_softmax_backward,
            "softmax": self.softmax,
            "softmax_backward": self.softmax_backward,
        }

    def _lowered(self, x: Any, dim: int) -> Any:
        """x minus its largest element along dim, in fresh memory."""
        self.kit.require_floating(x)
        wide = self.kit.wide(x)
        axis = dim if x.ndim else None
        return self.xp.subtract(wide, self.xp.maximum.reduce(wide, axis=axis, keepdims=True))

    def _total(self, a: Any, dim: int) -> Any:
        """The sums along dim, which keeps length 1."""
        if a.ndim and dim % a.ndim == a.ndim - 1 and a.flags.c_contiguous:
            return self.rows.sum(a.reshape(-1, a.shape[-1])).reshape(*a.shape[:-1], 1)
        return self.xp.add.reduce(a, axis=dim if a.ndim else None, keepdims=True)

    def _as_rows(self, a: Any, dim: int) -> Any:
        """a as a matrix with dim along its rows if it is so in memory; else None."""
        if a.ndim and dim % a.ndim == a.ndim - 1 and a.flags.c_contiguous:
            return a.reshape(-1, a.shape[-1])
        return None

    def softmax(self, x: Any, *, dim: int) -> Any:
        if not x.size:
            return x.copy()
        self.kit.require_floating(x)
        wide = self.kit.wide(x)
        flat = self._as_rows(wide, dim)
        if flat is None:
            out = self._lowered(x, dim)
            out = self.xp.exp(out, out=out) if out.ndim else self.xp.exp(out)
            out /= self._total(out, dim)
            return out.astype(x.dtype, copy=False)
        xp, out = self.xp, self.xp.empty(flat.shape, dtype=flat.dtype)
        for block in self.rows.blocks(*flat.shape):
            part = out[block]
            xp.subtract(flat[block], xp.maximum.reduce(flat[block], axis=1, keepdims=True), out=part)
            xp.exp(part, out=part)
            part *= 1 / self.rows.sum(part)[:, None]
        return out.reshape(x.shape).astype(x.dtype, copy=False)

    def softmax_backward(self, g: Any, out: Any, *, dim: int) -> Any:
        if not out.size:
            return out.copy()
        wide, p = self.kit.wide(g), self.kit.wide(out)
        rows, factors = self._as_rows(wide, dim), self._as_rows(p, dim)
        if rows is None or factors is None:
            total = self.xp.add.reduce(wide * p, axis=dim if p.ndim else None, keepdims=True)
            return ((wide - total) * p).astype(out.dtype, copy=False)
        result = self.xp.empty(rows.shape, dtype=rows.dtype)
        for block in self.rows.blocks(*rows.shape):
            part = result[block]
            total = self.rows.dot(rows[block], factors[block])
            self.xp.subtract(rows[block], total[:, None], out=part)
            part *= factors[block]
        return result.reshape(out.shape).astype(out.dtype, copy=False)

    def log_softmax(self, x: Any, *, dim: int) -> Any:
        if not x.size:
            return x.copy()
        out = self._lowered(x, dim)
        out -= self.xp.log(self._total(self.xp.exp(out), dim))
        return out.astype(x.dtype, copy=False)

    def log_softmax_backward(self, g: Any, out: Any, *, dim: int) -> Any:
        if not out.size:
            return out.copy()
        wide = self.kit.wide(g)
        total = self._total(wide, dim)
        result = self.xp.exp(self.kit.wide(out))
        result *= total
        result = self.xp.subtract(wide, result, out=result) if result.ndim else wide - result
        return result.astype(out.dtype, copy=False)
