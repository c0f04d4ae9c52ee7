"""Copies between devices that end on the host."""

from __future__ import annotations

from typing import Any

__all__ = ["KERNELS"]


def to_device(x: Any, *, device: Any) -> Any:
    """Hand a host array to another device."""
    return device.backend.from_host(x, device)


KERNELS = {"to_device": to_device}

