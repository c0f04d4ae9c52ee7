"""Apple's GPUs: whether a backend named `mps` is installed, and can be used."""

from __future__ import annotations

from unison_core import plugins
from unison_core.errors import UnisonError

__all__ = ["is_available", "is_built"]


def is_built() -> bool:
    """Whether a backend for such devices is installed."""
    try:
        return bool(plugins.require("mps"))
    except UnisonError:
        return False


def is_available() -> bool:
    """Whether it has a device."""
    try:
        return plugins.load("mps").device_count() > 0
    except UnisonError:
        return False
