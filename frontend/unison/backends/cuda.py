"""Switches for NVIDIA's GPUs: `matmul.allow_tf32`, and those of attention, which are remembered.

There is one implementation of attention on each device, so nothing is chosen by `enable_flash_sdp` and its like.
"""

from __future__ import annotations

from unison.backends._switches import Float32Switch, Remembered, TensorFloatSwitch, checked
from unison_core import plugins
from unison_core.errors import BackendError

__all__ = [
    "cudnn_sdp_enabled",
    "enable_cudnn_sdp",
    "enable_flash_sdp",
    "enable_math_sdp",
    "enable_mem_efficient_sdp",
    "flash_sdp_enabled",
    "is_built",
    "math_sdp_enabled",
    "matmul",
    "mem_efficient_sdp_enabled",
]


def is_built() -> bool:
    """Whether a backend for such devices is installed; `unison.cuda.is_available()` says whether it has any."""
    try:
        return bool(plugins.require("cuda"))
    except BackendError:
        return False


class _Matmul:
    """Products of matrices."""

    __slots__ = ()

    allow_tf32 = TensorFloatSwitch("matmul")
    """Whether factors in float32 may be cut to TF32 (False): `unison.set_float32_matmul_precision("high")`.

    What allows it is the same for all devices and threads; a GPU before compute capability 8.0 has no TF32.
    """
    fp32_precision = Float32Switch("matmul")
    allow_fp16_reduced_precision_reduction = Remembered(default=False)
    """Sums of half types are float32, allowed or not."""
    allow_bf16_reduced_precision_reduction = Remembered(default=False)
    allow_fp16_accumulation = Remembered(default=False)


matmul = _Matmul()
_enabled = dict.fromkeys(("flash", "mem_efficient", "math", "cudnn"), True)


def flash_sdp_enabled() -> bool:
    """What `enable_flash_sdp` was given."""
    return _enabled["flash"]


def enable_flash_sdp(enabled: bool) -> None:
    """Remember it."""
    _enabled["flash"] = checked("enable_flash_sdp", enabled)


def mem_efficient_sdp_enabled() -> bool:
    """What `enable_mem_efficient_sdp` was given."""
    return _enabled["mem_efficient"]


def enable_mem_efficient_sdp(enabled: bool) -> None:
    """Remember it."""
    _enabled["mem_efficient"] = checked("enable_mem_efficient_sdp", enabled)


def math_sdp_enabled() -> bool:
    """What `enable_math_sdp` was given."""
    return _enabled["math"]


def enable_math_sdp(enabled: bool) -> None:
    """Remember it."""
    _enabled["math"] = checked("enable_math_sdp", enabled)


def cudnn_sdp_enabled() -> bool:
    """What `enable_cudnn_sdp` was given."""
    return _enabled["cudnn"]


def enable_cudnn_sdp(enabled: bool) -> None:
    """Remember it."""
    _enabled["cudnn"] = checked("enable_cudnn_sdp", enabled)
