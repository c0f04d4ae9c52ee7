"""Kernels of batch normalisation, for channels that come second in memory and for channels that come last.

Half types are computed in float32 and rounded once. Images are taken one at a time, so that they stay in the cache.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from unison_core.arraykit.rows import Rows
from unison_core.spec import numel

if TYPE_CHECKING:
    from unison_core.arraykit.kit import ArrayKit

__all__ = ["BatchNorm"]


class BatchNorm:
    """Kernels on `xp`."""

    def __init__(self, kit: ArrayKit) -> None:
        self.kit = kit
        self.xp = kit.xp
        self.rows = Rows(kit.xp)

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {"batch_norm": self.batch_norm, "batch_norm_backward": self.batch_norm_backward}

    def _settle(self, x: Any, *given: Any) -> list[Any]:
        self.kit.require_floating(x)
        for a in given:
            mixed = x.dtype in self.kit.half and a is not None and a.dtype == self.xp.float32
            if a is not None and (a.shape != x.shape[1:2] or (a.dtype is not x.dtype and not mixed)):
                raise TypeError("weight or bias of another shape or dtype")
        return [None if a is None else self.kit.wide(a) for a in given]

    def _channels_last(self, x: Any) -> bool:
        """Whether memory runs through the channels first; also true of (N, C)."""
        return x.ndim == 2 or (not x.flags.c_contiguous and self.xp.moveaxis(x, 1, -1).flags.c_contiguous)

    def _images(self, x: Any, last: bool) -> list[Any]:
        """x as 2-d pieces: (places, C) with the channels last, else (C, places)."""
        if last:
            flat = self.xp.moveaxis(x, 1, -1).reshape(-1, x.shape[1])
            return [flat[block] for block in self.rows.blocks(*flat.shape)]
        return list(x.reshape(x.shape[0], x.shape[1], numel(x.shape[2:])))

    def _empty(self, x: Any, last: bool) -> Any:
        """Fresh memory laid out like x."""
        if not last:
            return self.xp.empty(x.shape, dtype=x.dtype)
        shape = (x.shape[0], *x.shape[2:], x.shape[1])
        return self.xp.moveaxis(self.xp.empty(shape, dtype=x.dtype), -1, 1)

    def _per(self, a: Any, last: bool) -> Any:
        return a if last else a[:, None]

    def _sum(self, piece: Any, last: bool) -> Any:
        return self.rows.columns(piece) if last else self.rows.sum(piece)

    def _dot(self, a: Any, b: Any, last: bool) -> Any:
        return self.xp.einsum("ij,ij->j" if last else "ij,ij->i", a, b)

    def batch_norm(self, x: Any, weight: Any, bias: Any, *, eps: float) -> tuple[Any, Any, Any]:
        xp, (weight, bias) = self.xp, self._settle(x, weight, bias)
        wide = self.kit.wide(x)
        last, count = self._channels_last(wide), wide.size // wide.shape[1]
        out = self._empty(wide, last)
        mean, var = xp.zeros(x.shape[1], dtype=wide.dtype), xp.zeros(x.shape[1], dtype=wide.dtype)
        pieces, results = self._images(wide, last), self._images(out, last)
        for piece in pieces:
            mean += self._sum(piece, last)
        mean /= count
        column = self._per(mean, last)
        for piece, result in zip(pieces, results, strict=True):
            xp.subtract(piece, column, out=result)
            var += self._dot(result, result, last)
        var /= count
        scale = 1 / xp.sqrt(var + var.dtype.type(eps))
        scale = self._per(scale if weight is None else scale * weight, last)
        shift = None if bias is None else self._per(bias, last)
        for result in results:
            xp.multiply(result, scale, out=result)
            if shift is not None:
                xp.add(result, shift, out=result)
        return out.astype(x.dtype, copy=False), mean, var

    def batch_norm_backward(
        self, g: Any, x: Any, weight: Any, mean: Any, var: Any, *, eps: float
    ) -> tuple[Any, Any, Any]:
        xp, (weight,) = self.xp, self._settle(x, weight)
        wide, gwide = self.kit.wide(x), self.kit.wide(g)
        mean, var = self.kit.wide(mean), self.kit.wide(var)
        last, count = self._channels_last(wide), wide.size // wide.shape[1]
        out = self._empty(wide, last)
        pieces, ups, results = (self._images(a, last) for a in (wide, gwide, out))
        gw, gb = xp.zeros(x.shape[1], dtype=wide.dtype), xp.zeros(x.shape[1], dtype=wide.dtype)
        column = self._per(mean, last)
        for piece, up, result in zip(pieces, ups, results, strict=True):
            xp.subtract(piece, column, out=result)
            gw += self._dot(up, result, last)
            gb += self._sum(up, last)
        rstd = 1 / xp.sqrt(var + var.dtype.type(eps))
        gw *= rstd
        slope, level = self._per(gw * rstd / count, last), self._per(gb / count, last)
        scale = self._per(rstd if weight is None else rstd * weight, last)
        for up, result in zip(ups, results, strict=True):
            xp.multiply(result, slope, out=result)
            xp.subtract(up, result, out=result)
            xp.subtract(result, level, out=result)
            xp.multiply(result, scale, out=result)
        return out.astype(x.dtype, copy=False), gw, gb
