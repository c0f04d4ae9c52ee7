"""Where and in what dtype to reckon with more digits than the result has: not every device has float64."""

from __future__ import annotations

from typing import Any

from unison_core import devices, dtypes
from unison_core.dtypes import DType

__all__ = ["has_float64", "reckoning_place", "widest"]


def has_float64(device: Any) -> bool:
    """Whether the device says that it has float64."""
    found = devices.canonical(device)
    return "fp64" in found.backend.claims(found)


def reckoning_place(device: Any) -> Any:
    """Where a few numbers that are made from nothing are reckoned in float64: on the device, else on the host."""
    where = devices.default() if device is None else devices.canonical(device)
    return where if has_float64(where) else devices.host()


def widest(dtype: DType, device: Any) -> DType:
    """The dtype of twice the digits in which a result of `dtype` is reckoned; single precision where there is none."""
    wide = has_float64(device)
    if dtype.is_complex:
        return dtypes.complex128 if wide else dtypes.complex64
    return dtypes.float64 if wide else dtypes.float32
