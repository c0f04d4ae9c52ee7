"""Arguments that are one number or one number for each dimension."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = ["ntuple", "reversed_padding"]


def ntuple(value: Any, length: int) -> tuple[Any, ...]:
    """``length`` times value, unless value is already a sequence, which becomes a tuple as it is."""
    if isinstance(value, Iterable):
        return tuple(value)
    return (value,) * length


# The names by which layers written for PyTorch ask for this.
def _single(value: Any) -> tuple[Any, ...]:
    return ntuple(value, 1)


def _pair(value: Any) -> tuple[Any, ...]:
    return ntuple(value, 2)


def _triple(value: Any) -> tuple[Any, ...]:
    return ntuple(value, 3)


def _quadruple(value: Any) -> tuple[Any, ...]:
    return ntuple(value, 4)


def reversed_padding(padding: Iterable[int]) -> list[int]:
    """Padding for each dimension as F.pad wants it: the last dimension first, every number for both sides."""
    return [size for size in reversed(tuple(padding)) for _ in range(2)]
