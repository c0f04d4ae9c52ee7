"""Kernels that make arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from unison_core.dtypes import DType
from unison_core.ops.creation import arange_length

if TYPE_CHECKING:
    from unison_core.arraykit.kit import ArrayKit

__all__ = ["Creation"]

Shape = tuple[int, ...]


class Creation:
    """Kernels on `xp`; a backend with several devices makes `device` current around them."""

    def __init__(self, kit: ArrayKit) -> None:
        self.kit = kit
        self.xp = kit.xp
        self.native, self.zeros = kit.native, kit.xp.zeros

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {
            "arange": self.arange,
            "empty": self.empty,
            "eye": self.eye,
            "full": self.full,
            "linspace": self.linspace,
        }

    def full(self, *, shape: Shape, value: Any, dtype: DType, device: Any) -> Any:
        native = self.native[dtype]
        if not value and value.__class__ in (int, bool):
            return self.zeros(shape, native)
        out = self.xp.empty(shape, native)
        out.fill(value)
        return out

    def empty(self, *, shape: Shape, dtype: DType, device: Any) -> Any:
        return self.xp.empty(shape, dtype=self.kit.native[dtype])

    def arange(self, *, start: float, end: float, step: float, dtype: DType, device: Any) -> Any:
        xp = self.xp
        count = arange_length(start, end, step)
        whole = all(isinstance(v, int) for v in (start, end, step))
        steps = xp.arange(count, dtype=xp.int64 if whole else xp.float64)
        return (steps * step + start).astype(self.kit.native[dtype])

    def linspace(self, *, start: float, end: float, steps: int, dtype: DType, device: Any) -> Any:
        """From both ends towards the middle, so that the last number is `end` exactly."""
        xp = self.xp
        native = self.kit.native[dtype]
        if steps < 0:
            raise ValueError("steps")
        if steps == 1:
            return xp.full((1,), start, dtype=native)
        wide = xp.complex128 if dtype.is_complex else xp.float64
        i = xp.arange(steps, dtype=xp.float64)
        step = (end - start) / (steps - 1) if steps else 0
        out = xp.where(i < steps // 2, start + step * i, end - step * (steps - 1 - i))
        return out.astype(wide).astype(native)

    def eye(self, *, rows: int, columns: int, dtype: DType, device: Any) -> Any:
        return self.xp.eye(rows, columns, dtype=self.kit.native[dtype])
