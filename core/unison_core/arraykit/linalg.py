"""Matrix product kernels."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unison_core.arraykit.kit import ArrayKit

__all__ = ["Linalg"]


class Linalg:
    """Kernels on `xp`; `product` is a shorter way to its product of arrays that are not of half types."""

    def __init__(self, kit: ArrayKit, product: Callable[[Any, Any], Any] | None = None) -> None:
        self.kit = kit
        self.product = product or kit.xp.matmul

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {"linear": self.linear, "matmul": self.matmul}

    def matmul(self, a: Any, b: Any) -> Any:
        if a.dtype in self.kit.half:
            return self.product(self.kit.wide(a), self.kit.wide(b)).astype(a.dtype)
        return self.product(a, b)

    def linear(self, x: Any, weight: Any, bias: Any) -> Any:
        """The bias is added in place: fresh memory for a second result costs more than the addition."""
        columns, inner = weight.shape
        if x.shape[-1] != inner or (bias is not None and bias.shape not in ((columns,), (1,), ())):
            raise ValueError("linear")
        flat = x if x.ndim == 2 else x.reshape(prod(x.shape[:-1]), inner)
        half = x.dtype in self.kit.half
        if half:
            flat, weight = self.kit.wide(flat), self.kit.wide(weight)
        out = self.product(flat, weight.T)
        if bias is not None:
            out += bias
        if half:
            out = out.astype(x.dtype)
        return out if x.ndim == 2 else out.reshape(*x.shape[:-1], columns)
