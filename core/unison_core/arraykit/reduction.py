"""Reductions and cumulative kernels. Half types accumulate in float32 and are rounded once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unison_core.arraykit.kit import ArrayKit

__all__ = ["Reduction"]

Dims = tuple[int, ...] | None


class Reduction:
    """Kernels on `xp`."""

    def __init__(self, kit: ArrayKit) -> None:
        self.kit = kit
        self.xp = kit.xp

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {
            "all": self.all,
            "amax": self.amax,
            "amin": self.amin,
            "any": self.any,
            "argmax": self.argmax,
            "argmin": self.argmin,
            "cummax": self.cummax,
            "cummin": self.cummin,
            "cumprod": self.cumprod,
            "cumsum": self.cumsum,
            "mean": self.mean,
            "prod": self.prod,
            "sum": self.sum,
        }

    def _axis(self, x: Any, dim: Dims) -> Dims:
        return dim if x.ndim else None

    def sum(self, x: Any, *, dim: Dims, keepdim: bool) -> Any:
        out = self.xp.add.reduce(self.kit.wide(x), axis=self._axis(x, dim), keepdims=keepdim)
        return out if out.dtype is x.dtype else out.astype(x.dtype)

    def mean(self, x: Any, *, dim: Dims, keepdim: bool) -> Any:
        """Rounded once: half types are divided in float32."""
        if x.dtype.kind != "c":
            self.kit.require_floating(x)
        wide = self.kit.wide(x)
        out = self.xp.add.reduce(wide, axis=self._axis(x, dim), keepdims=keepdim)
        out = out / (x.size // out.size if out.size else 1)
        return out if out.dtype is x.dtype else out.astype(x.dtype)

    def prod(self, x: Any, *, dim: Dims, keepdim: bool) -> Any:
        out = self.xp.multiply.reduce(self.kit.wide(x), axis=self._axis(x, dim), keepdims=keepdim)
        return out if out.dtype is x.dtype else out.astype(x.dtype)

    def amax(self, x: Any, *, dim: Dims, keepdim: bool) -> Any:
        return self.xp.maximum.reduce(x, axis=self._axis(x, dim), keepdims=keepdim)

    def amin(self, x: Any, *, dim: Dims, keepdim: bool) -> Any:
        return self.xp.minimum.reduce(x, axis=self._axis(x, dim), keepdims=keepdim)

    def all(self, x: Any, *, dim: Dims, keepdim: bool) -> Any:
        return self.xp.all(x, axis=self._axis(x, dim), keepdims=keepdim)

    def any(self, x: Any, *, dim: Dims, keepdim: bool) -> Any:
        return self.xp.any(x, axis=self._axis(x, dim), keepdims=keepdim)

    def argmax(self, x: Any, *, dim: int | None, keepdim: bool) -> Any:
        return self.xp.argmax(x, axis=dim if x.ndim else None, keepdims=keepdim)

    def argmin(self, x: Any, *, dim: int | None, keepdim: bool) -> Any:
        return self.xp.argmin(x, axis=dim if x.ndim else None, keepdims=keepdim)

    def cumsum(self, x: Any, *, dim: int) -> Any:
        return self._running(self.xp.cumsum, x, dim)

    def cumprod(self, x: Any, *, dim: int) -> Any:
        return self._running(self.xp.cumprod, x, dim)

    def _running(self, function: Any, x: Any, dim: int) -> Any:
        if not x.ndim:
            return x.copy()
        return function(self.kit.wide(x), axis=dim).astype(x.dtype, copy=False)

    def cummax(self, x: Any, *, dim: int) -> Any:
        return self._running_extreme(x, dim, self.xp.maximum, self.xp.greater_equal)

    def cummin(self, x: Any, *, dim: int) -> Any:
        return self._running_extreme(x, dim, self.xp.minimum, self.xp.less_equal)

    def _running_extreme(self, x: Any, dim: int, extreme: Any, reaches: Any) -> Any:
        """Values by accumulating; the index is the last place so far that reached the running value."""
        xp = self.xp
        if not x.ndim:
            return x.copy(), xp.zeros((), dtype=xp.int64)
        values = extreme.accumulate(x, axis=dim)
        hit = reaches(x, values) | (x != x)  # noqa: PLR0124 - NaN
        shape = [1] * x.ndim
        shape[dim] = x.shape[dim]
        places = xp.where(hit, xp.arange(x.shape[dim]).reshape(shape), 0)
        return values, xp.maximum.accumulate(places, axis=dim).astype(xp.int64, copy=False)
