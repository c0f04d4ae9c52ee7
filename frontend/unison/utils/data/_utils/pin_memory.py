"""Handing a batch to the accelerator's page-locked host memory, where there is one."""

from collections.abc import Mapping, Sequence
from typing import Any

import unison
from unison.utils.data._utils.collate import _like_mapping, _like_sequence

__all__ = ["can_pin", "pin_memory"]


def can_pin() -> bool:
    """Whether some accelerator is present, so that pinned host memory means anything."""
    accelerator = getattr(unison, "accelerator", None)
    return accelerator is not None and bool(accelerator.is_available())


def pin_memory(data: Any) -> Any:
    """The same batch with each tensor (or object with a `pin_memory` method) replaced by its pinned copy."""
    if isinstance(data, unison.Tensor) or hasattr(data, "pin_memory"):
        return data.pin_memory()
    if isinstance(data, Mapping):
        return _like_mapping(data, {key: pin_memory(value) for key, value in data.items()})
    if isinstance(data, tuple) and not hasattr(data, "_fields"):
        return type(data)(pin_memory(value) for value in data)
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return _like_sequence(data, [pin_memory(value) for value in data])
    return data
