"""What a backend says of a device: its dtypes, its badges, its subnormals."""

from __future__ import annotations

from typing import Any

from unison_conformance.cases.demands import BADGE_OF
from unison_conformance.running.run import Claims
from unison_core import dtypes
from unison_core.dtypes import DType

__all__ = ["badges_of", "claims_of", "lists", "subnormals_of"]


def badges_of(device: Any) -> frozenset[str]:
    """The badges that the backend claims for the device."""
    claims = getattr(device.backend, "claims", None)
    if claims is not None:
        return frozenset(claims(device))
    held = {badge for d in dtypes.ALL if device.backend.supports(d) for badge in BADGE_OF.get(d, ())}
    return frozenset(held | ({"strided"} if device.backend.aliasing else set()))


def subnormals_of(device: Any) -> str:
    """`preserve` or `flush`."""
    subnormals = getattr(device.backend, "subnormals", "preserve")
    return str(subnormals(device) if callable(subnormals) else subnormals)


def lists(device: Any, dtype: DType) -> bool:
    """Whether the device is said to have the dtype."""
    return device.backend.supports(dtype) and BADGE_OF.get(dtype, frozenset()) <= badges_of(device)


def claims_of(device: Any) -> Claims:
    """Everything it says, as data."""
    return Claims(
        tuple(d.name for d in dtypes.ALL if lists(device, d)),
        tuple(sorted(badges_of(device))),
        subnormals_of(device),
        bool(device.backend.aliasing),
    )
