"""Activation functions that are methods too; `unison.nn` loads with the first call."""

from __future__ import annotations

from typing import Any

__all__ = ["Activation"]


def _functional() -> Any:
    from unison.nn import functional

    return functional


class Activation:
    """`x.softmax(dim)` and its relatives."""

    __slots__ = ()

    def hardshrink(self, lambd: float = 0.5) -> Any:
        """0 within [-lambd, lambd], else x."""
        return _functional().hardshrink(self, lambd)

    def log_softmax(self, dim: int, dtype: Any = None) -> Any:
        """x - log(sum(exp(x))) along dim, computed in dtype if one is given."""
        return _functional().log_softmax(self, dim, dtype=dtype)

    def prelu(self, weight: Any) -> Any:
        """x where x > 0, else weight x."""
        return _functional().prelu(self, weight)

    def softmax(self, dim: int, dtype: Any = None) -> Any:
        """exp(x) / sum(exp(x)) along dim, computed in dtype if one is given."""
        return _functional().softmax(self, dim, dtype=dtype)
