"""Kernels of normalisation over features, by rows that stay in the cache from pass to pass.

Half types are computed in float32 and rounded once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from unison_core.arraykit.rows import Rows
from unison_core.spec import numel

if TYPE_CHECKING:
    from unison_core.arraykit.kit import ArrayKit

__all__ = ["Normalization"]


class Normalization:
    """Kernels on `xp`."""

    def __init__(self, kit: ArrayKit) -> None:
        self.kit = kit
        self.xp = kit.xp
        self.rows = Rows(kit.xp)

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {
            "group_norm": self.group_norm,
            "group_norm_backward": self.group_norm_backward,
            "layer_norm": self.layer_norm,
            "layer_norm_backward": self.layer_norm_backward,
            "rms_norm": self.rms_norm,
            "rms_norm_backward": self.rms_norm_backward,
        }

    def _settle(self, x: Any, shape: tuple[int, ...], *given: Any) -> list[Any]:
        """Weights and biases, wide and flat; refuses those that the operator's rules refuse."""
        self.kit.require_floating(x)
        for a in given:
            mixed = x.dtype in self.kit.half and a is not None and a.dtype == self.xp.float32
            if a is not None and (a.shape != shape or (a.dtype is not x.dtype and not mixed)):
                raise TypeError("weight or bias of another shape or dtype")
        return [None if a is None else self.kit.wide(a).reshape(-1) for a in given]

    def _matrix(self, x: Any, dims: int) -> Any:
        lead = x.ndim - dims
        return self.kit.wide(x).reshape(numel(x.shape[:lead]), numel(x.shape[lead:]))

    def _scores(self, x: Any, eps: float, out: Any, *, center: bool) -> Any:
        """Standard scores of the rows of x in `out`; returns the reciprocal standard deviations, a column."""
        xp, n = self.xp, x.shape[1]
        if center:
            mean = self.rows.sum(x)
            mean /= n
            xp.subtract(x, mean[:, None], out=out)
            x = out
        rstd = self.rows.dot(x, x)
        rstd /= n
        rstd += eps
        rstd = 1 / xp.sqrt(rstd)[:, None]
        xp.multiply(x, rstd, out=out)
        return rstd

    def _forward(self, x: Any, weight: Any, bias: Any, dims: int, eps: float, *, center: bool) -> Any:
        flat = self._matrix(x, dims)
        out = self.xp.empty(flat.shape, dtype=flat.dtype)
        for block in self.rows.blocks(*flat.shape):
            part = out[block]
            self._scores(flat[block], eps, part, center=center)
            if weight is not None:
                part *= weight
            if bias is not None:
                part += bias
        return out.reshape(x.shape).astype(x.dtype, copy=False)

    def _backward(
        self, g: Any, x: Any, weight: Any, dims: int, eps: float, *, center: bool
    ) -> tuple[Any, Any, Any]:
        """The gradients of x, and of weight and bias as vectors (None without weight)."""
        xp, flat, gflat = self.xp, self._matrix(x, dims), self._matrix(g, dims)
        rows, n = flat.shape
        gx = xp.empty((rows, n), dtype=flat.dtype)
        gw = gb = None
        if weight is not None:
            gw, gb = xp.zeros(n, dtype=flat.dtype), xp.zeros(n, dtype=flat.dtype)
        for block in self.rows.blocks(rows, n):
            part, up, away = gx[block], gflat[block], flat[block]
            if center:
                away = away - (self.rows.sum(away) / n)[:, None]
            rstd = 1 / xp.sqrt(self.rows.dot(away, away) / n + eps)
            if weight is None:
                slope, mean = self.rows.dot(up, away), self.rows.sum(up)
            else:
                # Sums over rows that are weighted with weight, and over columns weighted with rstd, are products.
                xp.multiply(up, away, out=part)
                gw += rstd @ part
                gb += self.rows.columns(up)
                slope, mean = part @ weight, up @ weight
                up = xp.multiply(up, weight, out=part)
            xp.multiply(up, rstd[:, None], out=part)
            part -= away * (slope * rstd**3 / n)[:, None]
            if center:
                part -= (mean * rstd / n)[:, None]
        return gx.reshape(x.shape).astype(x.dtype, copy=False), gw, gb

    def _through_scores(self, g: Any, scores: Any, rstd: Any, out: Any) -> None:
        """rstd * (g - mean(g) - scores * mean(g * scores)) of each row; scores are overwritten."""
        n = g.shape[1]
        slope = self.rows.dot(g, scores)
        slope /= n
        scores *= slope[:, None]
        mean = self.rows.sum(g) / n
        self.xp.subtract(g, scores, out=out)
        out -= mean[:, None]
        out *= rstd

    def _vector(self, a: Any, like: Any) -> Any:
        return a.reshape(like.shape).astype(like.dtype, copy=False)

    def layer_norm(self, x: Any, weight: Any, bias: Any, *, dims: int, eps: float) -> Any:
        weight, bias = self._settle(x, x.shape[x.ndim - dims :], weight, bias)
        return self._forward(x, weight, bias, dims, eps, center=True)

    def layer_norm_backward(self, g: Any, x: Any, weight: Any, *, dims: int, eps: float) -> Any:
        (flat,) = self._settle(x, x.shape[x.ndim - dims :], weight)
        gx, gw, gb = self._backward(g, x, flat, dims, eps, center=True)
        return gx if weight is None else (gx, self._vector(gw, weight), self._vector(gb, weight))

    def rms_norm(self, x: Any, weight: Any, *, dims: int, eps: float) -> Any:
        (weight,) = self._settle(x, x.shape[x.ndim - dims :], weight)
        return self._forward(x, weight, None, dims, eps, center=False)

    def rms_norm_backward(self, g: Any, x: Any, weight: Any, *, dims: int, eps: float) -> Any:
        (flat,) = self._settle(x, x.shape[x.ndim - dims :], weight)
        gx, gw, _ = self._backward(g, x, flat, dims, eps, center=False)
        return gx if weight is None else (gx, self._vector(gw, weight))

    def _grouped(self, x: Any, groups: int) -> Any:
        if x.ndim < 2 or groups <= 0 or x.shape[1] % groups:
            raise ValueError("channels are not divisible by groups")
        return self.kit.wide(x).reshape(x.shape[0] * groups, numel(x.shape[1:]) // groups)

    def group_norm(self, x: Any, weight: Any, bias: Any, *, groups: int, eps: float) -> Any:
        if not x.size:
            return x.copy()
        flat = self._grouped(x, groups)
        weight, bias = self._settle(x, x.shape[1:2], weight, bias)
        out = self.xp.empty(flat.shape, dtype=flat.dtype)
        for block in self.rows.blocks(*flat.shape):
            self._scores(flat[block], eps, out[block], center=True)
        channels = out.reshape(*x.shape[:2], -1)
        if weight is not None:
            channels *= weight[:, None]
        if bias is not None:
            channels += bias[:, None]
        return out.reshape(x.shape).astype(x.dtype, copy=False)

    def group_norm_backward(self, g: Any, x: Any, weight: Any, *, groups: int, eps: float) -> Any:
        xp = self.xp
        if not x.size:
            none = None if weight is None else xp.zeros_like(weight)
            return x.copy() if none is None else (x.copy(), none, none.copy())
        flat = self._grouped(x, groups)
        (vector,) = self._settle(x, x.shape[1:2], weight)
        scores = xp.empty(flat.shape, dtype=flat.dtype)
        rstd = self._scores(flat, eps, scores, center=True)
        up = self._grouped(g, groups)
        gx = xp.empty(flat.shape, dtype=flat.dtype)
        gw = gb = None
        if vector is not None:
            n, c = x.shape[:2]
            channels = up.reshape(n * c, -1)
            gw = self.rows.dot(channels, scores.reshape(n * c, -1)).reshape(n, c).sum(axis=0)
            gb = self.rows.sum(channels).reshape(n, c).sum(axis=0)
            up = (up.reshape(n, c, -1) * vector[:, None]).reshape(flat.shape)
        self._through_scores(up, scores, rstd, gx)
        gx = gx.reshape(x.shape).astype(x.dtype, copy=False)
        return gx if weight is None else (gx, self._vector(gw, weight), self._vector(gb, weight))
