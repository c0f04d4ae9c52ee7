"""Resizing images."""

from __future__ import annotations

from typing import Any

from unison._tensor import Tensor
from unison.nn import functional as F
from unison.nn.modules.module import Module

__all__ = ["Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d"]

_Size = int | tuple[int, ...]
_Scale = float | tuple[float, ...]


class Upsample(Module):
    """Resizes the dimensions after the first two to size, or by scale_factor.

    ``mode`` is "nearest", "linear" (3-D input), "bilinear" or "bicubic" (4-D) or "trilinear" (5-D). With
    align_corners the centres of the corner elements stay in place.
    """

    __constants__ = ["align_corners", "mode", "name", "recompute_scale_factor", "scale_factor", "size"]

    def __init__(
        self,
        size: _Size | None = None,
        scale_factor: _Scale | None = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        super().__init__()
        self.name = type(self).__name__
        self.size = size
        self.scale_factor: Any = None
        if isinstance(scale_factor, tuple):
            self.scale_factor = tuple(float(factor) for factor in scale_factor)
        elif scale_factor:
            self.scale_factor = float(scale_factor)
        self.mode = mode
        self.align_corners = align_corners
        self.recompute_scale_factor = recompute_scale_factor

    def forward(self, input: Tensor) -> Tensor:
        return F.interpolate(
            input,
            self.size,
            self.scale_factor,
            self.mode,
            self.align_corners,
            recompute_scale_factor=self.recompute_scale_factor,
        )

    def extra_repr(self) -> str:
        amount = f"size={self.size!r}" if self.scale_factor is None else f"scale_factor={self.scale_factor!r}"
        return f"{amount}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """Resizes (N, C, H, W) by repeating the nearest element."""

    def __init__(self, size: _Size | None = None, scale_factor: _Scale | None = None) -> None:
        super().__init__(size, scale_factor, mode="nearest")


class UpsamplingBilinear2d(Upsample):
    """Resizes (N, C, H, W) by bilinear interpolation, with the corners kept in place."""

    def __init__(self, size: _Size | None = None, scale_factor: _Scale | None = None) -> None:
        super().__init__(size, scale_factor, mode="bilinear", align_corners=True)
