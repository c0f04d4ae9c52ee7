"""What there is to compute with: `unison.backends()` lists the installed backends, and here are torch's switches.

`cuda.matmul` and `cudnn` say how exactly products of float32 numbers are computed (core's Note [Float32 products]:
float32 throughout, unless a program allows less). The other switches choose between implementations that PyTorch
has and Unison has not: they are remembered, and change nothing. `mps` answers that question. The module itself can
be called, so that `backends` is both. May import core.
"""

from __future__ import annotations

import sys
from types import ModuleType

from unison.backends import cuda, cudnn, mps
from unison.backends._switches import Float32Switch
from unison_core import plugins
from unison_core.plugins import BackendRecord

__all__ = ["cuda", "cudnn", "mps"]


class _Backends(ModuleType):
    """The module's class: modules themselves can neither be called nor have properties."""

    fp32_precision = Float32Switch("matmul", "convolution")
    """"ieee" or "tf32" for everything; "none" where matmul and convolution differ."""

    def __call__(self) -> list[BackendRecord]:
        """Every backend found, probed, with its status, its devices, the reason if it cannot be used, and the fix."""
        return plugins.backends()


sys.modules[__name__].__class__ = _Backends
