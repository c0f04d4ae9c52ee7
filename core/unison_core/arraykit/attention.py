"""Attention kernels: the scores are scaled, masked and normalised in place. Half types are computed in float32."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from unison_core.arraykit.rows import Rows

if TYPE_CHECKING:
    from unison_core.arraykit.kit import ArrayKit

__all__ = ["Attention"]


class Attention:
    """Kernels on `xp`."""

    def __init__(self, kit: ArrayKit) -> None:
        self.kit = kit
        self.xp = kit.xp
        self.rows = Rows(kit.xp)
        self._causal: dict[Any, Any] = {}

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {
            "scaled_dot_product_attention": self.scaled_dot_product_attention,
            "scaled_dot_product_attention_backward": self.scaled_dot_product_attention_backward,
        }

    def _above_diagonal(self, rows: int, columns: int, dtype: Any) -> Any:
        """-inf above the diagonal, 0 elsewhere; the last one is kept."""
        key = (rows, columns, dtype)
        found = self._causal.get(key)
        if found is None:
            self._causal.clear()
            found = self._causal[key] = self.xp.triu(
                self.xp.full((rows, columns), -self.xp.inf, dtype=dtype), 1
            )
        return found

    def _turned(self, a: Any) -> Any:
        return self.xp.swapaxes(a, -1, -2)

    def scaled_dot_product_attention(
        self, q: Any, k: Any, v: Any, mask: Any, keep: Any, *, is_causal: bool, scale: float
    ) -> tuple[Any, Any]:
        self._refuse(q, k, v, mask)
        wide = self.kit.wide
        p = self.xp.matmul(wide(q), self._turned(wide(k)))
        p *= scale
        if mask is not None:
            p += wide(mask)
        if is_causal:
            p += self._above_diagonal(p.shape[-2], p.shape[-1], p.dtype)
        if p.size:
            self._normalize(p, masked=mask is not None)
        dropped = p if keep is None else p * wide(keep)
        out = self.xp.matmul(dropped, wide(v))
        return out.astype(q.dtype, copy=False), p.astype(q.dtype, copy=False)

    def _refuse(self, q: Any, k: Any, v: Any, mask: Any) -> None:
        self.kit.require_floating(q)
        if k.dtype is not q.dtype or v.dtype is not q.dtype or (mask is not None and mask.dtype.kind == "b"):
            raise TypeError("q, k and v have several dtypes, or the mask is boolean")

    def _normalize(self, p: Any, *, masked: bool) -> None:
        """Softmax along the last axis, in place; rows of -inf, which only a mask can make, become 0."""
        xp = self.xp
        top = xp.maximum.reduce(p, axis=-1, keepdims=True)
        if masked:
            top[xp.isneginf(top)] = 0
        p -= top
        xp.exp(p, out=p)
        total = self.rows.sum(p.reshape(-1, p.shape[-1])).reshape(top.shape)
        if masked:
            total[total == 0] = 1
        p /= total

    def scaled_dot_product_attention_backward(
        self, g: Any, g_p: Any, q: Any, k: Any, v: Any, keep: Any, out: Any, p: Any, *, scale: float
    ) -> tuple[Any, Any, Any, Any]:
        xp, wide = self.xp, self.kit.wide
        g, q, k, v, p = wide(g), wide(q), wide(k), wide(v), wide(p)
        dropped = p if keep is None else p * wide(keep)
        gs = xp.matmul(g, self._turned(v))
        if keep is not None:
            gs *= wide(keep)
        if g_p is not None or gs.shape != p.shape:
            gs, total = self._general(gs, g_p, p)
        else:
            total = xp.einsum("...i,...i->...", g, wide(out))[..., None]
        gs -= total
        gs *= p
        gv = xp.matmul(self._turned(dropped), g)
        gq, gk = xp.matmul(gs, k), xp.matmul(self._turned(gs), q)
        gq *= scale
        gk *= scale
        return tuple(a.astype(out.dtype, copy=False) for a in (gq, gk, gv, gs))

    def _general(self, gs: Any, g_p: Any, p: Any) -> tuple[Any, Any]:
        """The gradient of p, and its sum weighted with p over each row."""
        if gs.shape != p.shape:
            lead = gs.ndim - p.ndim
            gs = gs.sum(axis=tuple(range(lead))) if lead else gs
            gs = gs.sum(axis=tuple(i for i, n in enumerate(p.shape) if n == 1 != gs.shape[i]), keepdims=True)
        if g_p is not None:
            gs = gs + self.kit.wide(g_p)
        return gs, self.xp.einsum("...i,...i->...", gs, p)[..., None]
