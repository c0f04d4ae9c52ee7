"""How tensors print."""

from __future__ import annotations

from typing import Any

__all__ = ["set_printoptions", "tensor_text"]


def tensor_text(t: Any) -> str:
    """`tensor([1., 2.])` with dtype, device and graph where they are not the default."""
    return f"tensor({t.tolist()})"


def set_printoptions(**options: Any) -> None:
    """Set how tensors print."""
