"""Switches of convolutions: `allow_tf32` acts, off unless a program allows it; the others are remembered.

Which algorithm serves is not chosen by these switches: Unison's own kernels have one each, which gives the same bits
every time; the overlay for cuDNN says itself what it takes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from unison.backends._switches import Float32Switch, Remembered, TensorFloatSwitch
from unison_core import plugins
from unison_core.errors import UnisonError

__all__ = ["conv", "flags", "is_available", "set_flags", "version"]

_Flags = tuple[bool, bool, int, bool, bool]


def is_available() -> bool:
    """Whether cuDNN computes convolutions here: the extra `cudnn` is installed, and there is a GPU."""
    try:
        plugins.load("cuda")
    except UnisonError:
        return False
    return any(r.name == "cudnn" and r.status == "loaded" for r in plugins.overlays())


def version() -> int | None:
    """The version of cuDNN in use as it counts itself, such as 91002; None without."""
    return int(sys.modules["cudnn"].backend_version()) if is_available() else None


class _Convolution:
    """Convolutions alone."""

    __slots__ = ()

    fp32_precision = Float32Switch("convolution")


conv = _Convolution()


def set_flags(
    enabled: bool | None = None,
    benchmark: bool | None = None,
    benchmark_limit: int | None = None,
    deterministic: bool | None = None,
    allow_tf32: bool | None = None,
) -> _Flags:
    """Set what is given; returns what was before, in the order of the arguments.

    Raises:
        RuntimeError: a switch is given something else than a bool.
    """
    module = sys.modules[__name__]
    given = dict(zip(_NAMES, (enabled, benchmark, benchmark_limit, deterministic, allow_tf32), strict=True))
    before = tuple(getattr(module, name) for name in _NAMES)
    for name, value in given.items():
        if value is not None:
            setattr(module, name, value)
    return before


@contextmanager
def flags(
    enabled: bool = False,
    benchmark: bool = False,
    benchmark_limit: int = 10,
    deterministic: bool = False,
    allow_tf32: bool | None = None,
) -> Iterator[None]:
    """Within the block these switches; TF32 stays as it is unless it is named (PyTorch allows it here)."""
    before = set_flags(enabled, benchmark, benchmark_limit, deterministic, allow_tf32)
    try:
        yield
    finally:
        set_flags(*before)


_NAMES = ("enabled", "benchmark", "benchmark_limit", "deterministic", "allow_tf32")


class _Cudnn(ModuleType):
    """The module's class, for the attributes that check what they are given."""

    enabled = Remembered(default=True)
    benchmark = Remembered(default=False)
    deterministic = Remembered(default=False)
    allow_tf32 = TensorFloatSwitch("convolution")
    """Whether factors of convolutions in float32 may be cut to TF32: False here, True in PyTorch."""
    fp32_precision = Float32Switch("convolution")
    benchmark_limit: int = 10


sys.modules[__name__].__class__ = _Cudnn
