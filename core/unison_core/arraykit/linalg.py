"""Matrix product kernels."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unison_core.arraykit.kit import ArrayKit

__all__ = ["Linalg"]


class Linalg:
    """Kernels on `xp`."""

    def __init__(self, kit: ArrayKit) -> None:
        self.kit = kit
        self.xp = kit.xp

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {"matmul": self.matmul}

    def matmul(self, a: Any, b: Any) -> Any:
        if a.dtype in self.kit.half:
            return self.xp.matmul(self.kit.wide(a), self.kit.wide(b)).astype(a.dtype)
        return self.xp.matmul(a, b)
