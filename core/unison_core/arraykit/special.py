"""erf, gamma and their relatives, which NumPy-like libraries lack."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unison_core.arraykit.kit import ArrayKit

__all__ = ["Special"]


class Special:
    """Kernels on `xp` through the C library's functions, element by element, in float64."""

    def __init__(self, kit: ArrayKit) -> None:
        self.kit = kit
        self.xp = kit.xp

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {"erf": self.erf, "erfc": self.erfc, "lgamma": self.lgamma}

    def _each(self, function: Callable[[float], float], x: Any) -> Any:
        flat = [function(v) for v in x.ravel().tolist()]
        return self.xp.asarray(flat, dtype=self.xp.float64).reshape(x.shape).astype(x.dtype)

    def erf(self, x: Any) -> Any:
        return self._each(math.erf, x)

    def erfc(self, x: Any) -> Any:
        return self._each(math.erfc, x)

    def lgamma(self, x: Any) -> Any:
        return self._each(_lgamma, x)


def _lgamma(v: float) -> float:
    try:
        return math.lgamma(v)
    except ValueError:
        return math.inf
