"""Loss kernels: softmax, logarithm and choice of the class in one go. Half types are computed in float32."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from unison_core.arraykit.rows import BLOCK, Rows
from unison_core.errors import OperatorIndexError

if TYPE_CHECKING:
    from unison_core.arraykit.kit import ArrayKit

__all__ = ["Loss"]


class Loss:
    """Kernels on `xp`."""

    def __init__(self, kit: ArrayKit) -> None:
        self.kit = kit
        self.xp = kit.xp
        self.rows = Rows(kit.xp)

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {
            "cross_entropy": self.cross_entropy,
            "cross_entropy_backward": self.cross_entropy_backward,
            "mse_loss": self.mse_loss,
        }

    def _flat(self, x: Any, target: Any, weight: Any) -> tuple[Any, Any]:
        """The scores as (places, classes) and the targets as a vector."""
        self.kit.require_floating(x)
        dim = min(1, x.ndim - 1)
        if target.shape != x.shape[:dim] + x.shape[dim + 1 :] or target.dtype != self.xp.int64:
            raise TypeError("target of another shape or dtype")
        if weight is not None and (weight.shape != x.shape[dim : dim + 1] or weight.dtype is not x.dtype):
            raise TypeError("weight of another shape or dtype")
        wide = self.kit.wide(x)
        if x.ndim != 2:
            wide = self.xp.moveaxis(wide, dim, -1).reshape(target.size, x.shape[dim])
        return wide, target.reshape(-1)

    def _weights(self, t: Any, classes: int, weight: Any, ignore_index: int, like: Any) -> tuple[Any, Any]:
        """The targets with ignored ones as 0, and the weights of the places; None where all are 1."""
        xp = self.xp
        if not t.size:
            return t, None
        low, high = int(t.min()), int(t.max())
        if low >= 0 and high < classes and not low <= ignore_index <= high:
            return t, None if weight is None else self.kit.wide(weight)[t]
        valid = t != ignore_index
        wrong = valid & ((t < 0) | (t >= classes))
        if wrong.any():
            raise OperatorIndexError(
                f"Target {int(t[wrong][0])} is out of bounds: there are {classes} classes"
            )
        safe = xp.where(valid, t, 0)
        share = valid.astype(like.dtype)
        return safe, share if weight is None else share * self.kit.wide(weight)[safe]

    def cross_entropy(
        self, x: Any, target: Any, weight: Any, *, ignore_index: int, reduction: str
    ) -> tuple[Any, Any, Any]:
        xp = self.xp
        scores, t = self._flat(x, target, weight)
        safe, weights = self._weights(t, scores.shape[1], weight, ignore_index, scores)
        top = xp.maximum.reduce(scores, axis=1)
        low = scores - top[:, None]
        picked = low[xp.arange(t.size), safe]
        lse = xp.log(self.rows.sum(xp.exp(low, out=low)))
        losses = lse - picked
        lse += top
        total = xp.asarray(t.size, dtype=scores.dtype)
        if weights is not None:
            losses = xp.where(weights == 0, losses.dtype.type(0), losses * weights)
            total = weights.sum()
        if reduction == "none":
            losses = losses.reshape(target.shape)
        else:
            losses = losses.sum() if reduction == "sum" else losses.sum() / total
        return losses.astype(x.dtype, copy=False), lse.reshape(target.shape), total

    def cross_entropy_backward(
        self,
        g: Any,
        x: Any,
        target: Any,
        weight: Any,
        lse: Any,
        total: Any,
        *,
        ignore_index: int,
        reduction: str,
    ) -> Any:
        xp = self.xp
        scores, t = self._flat(x, target, weight)
        safe, weights = self._weights(t, scores.shape[1], weight, ignore_index, scores)
        out = scores - lse.reshape(-1, 1)
        xp.exp(out, out=out)
        share = self.kit.wide(g).reshape(-1)
        if reduction == "mean":
            share = share / total
        if weights is not None:
            share = xp.where(weights == 0, weights.dtype.type(0), share * weights)
        out *= share[:, None]
        out[xp.arange(t.size), safe] -= share
        if x.ndim != 2:
            dim = min(1, x.ndim - 1)
            out = xp.moveaxis(out.reshape(*target.shape, x.shape[dim]), -1, dim)
        return out.astype(x.dtype, copy=False)

    def mse_loss(self, x: Any, y: Any, *, reduction: str) -> Any:
        self.kit.require_floating(x)
        gap = self.kit.wide(x) - self.kit.wide(y)
        if reduction == "none":
            return (gap * gap).astype(x.dtype, copy=False)
        flat = gap.reshape(-1)
        total = flat @ flat if flat.size <= BLOCK else (flat * flat).sum()
        if reduction == "mean":
            total = total / total.dtype.type(flat.size)
        return total.astype(x.dtype, copy=False)
