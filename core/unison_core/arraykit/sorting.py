"""Kernels that order elements."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unison_core.arraykit.kit import ArrayKit

__all__ = ["Sorting"]


class Sorting:
    """Kernels on `xp`."""

    def __init__(self, kit: ArrayKit) -> None:
        self.kit = kit
        self.xp = kit.xp

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {"searchsorted": self.searchsorted, "sort": self.sort}

    def sort(self, x: Any, *, dim: int, descending: bool) -> tuple[Any, Any]:
        """Descending: the ascending order of the reversed array, read backwards, keeps equals in their order."""
        xp = self.xp
        if not x.ndim:
            return x.copy(), xp.zeros((), dtype=xp.int64)
        # bfloat16's own comparison leaves NaN anywhere.
        keys = x.astype(xp.float32) if x.dtype.kind == "V" else x
        if not descending:
            order = xp.argsort(keys, axis=dim, kind="stable")
        else:
            order = xp.flip(x.shape[dim] - 1 - xp.argsort(xp.flip(keys, dim), axis=dim, kind="stable"), dim)
        return xp.take_along_axis(x, order, axis=dim), xp.ascontiguousarray(order).astype(
            xp.int64, copy=False
        )

    def searchsorted(self, ordered: Any, values: Any, *, right: bool) -> Any:
        xp = self.xp
        side = "right" if right else "left"
        if ordered.ndim == 1:
            return (
                xp.searchsorted(ordered, values.reshape(-1), side=side)
                .reshape(values.shape)
                .astype(xp.int64, copy=False)
            )
        if ordered.shape[:-1] != values.shape[:-1]:
            raise ValueError("searchsorted")
        out = xp.empty(values.shape, dtype=xp.int64)
        for place in xp.ndindex(values.shape[:-1]):
            out[place] = xp.searchsorted(ordered[place], values[place], side=side)
        return out
