"""What torch's own namespace has of convolution and sampling under another signature than `nn.functional`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from unison.nn import functional as F
from unison_core.errors import OperatorValueError

__all__ = [
    "adaptive_max_pool1d",
    "affine_grid_generator",
    "conv_tbc",
    "convolution",
    "grid_sampler",
    "grid_sampler_2d",
    "grid_sampler_3d",
    "max_pool1d_with_indices",
    "native_channel_shuffle",
]

_MODES = ("bilinear", "nearest", "bicubic")
_PADDINGS = ("zeros", "border", "reflection")
_CONVOLUTIONS = {3: F.conv1d, 4: F.conv2d, 5: F.conv3d}
_TRANSPOSED = {3: F.conv_transpose1d, 4: F.conv_transpose2d, 5: F.conv_transpose3d}

adaptive_max_pool1d = F.adaptive_max_pool1d_with_indices
affine_grid_generator = F.affine_grid
conv_tbc = F.conv_tbc
max_pool1d_with_indices = F.max_pool1d_with_indices
native_channel_shuffle = F.native_channel_shuffle


def grid_sampler(
    input: Any, grid: Any, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Any:
    """nn.functional.grid_sample with numbers for bilinear, nearest, bicubic and for zeros, border, reflection.

    Raises:
        ValueError: another number.
    """
    if interpolation_mode not in range(3) or padding_mode not in range(3):
        raise OperatorValueError(
            f"grid_sampler(): interpolation_mode and padding_mode are 0, 1 or 2, but got {interpolation_mode} and "
            f"{padding_mode}"
        )
    return F.grid_sample(input, grid, _MODES[interpolation_mode], _PADDINGS[padding_mode], align_corners)


grid_sampler_2d = grid_sampler
grid_sampler_3d = grid_sampler


def convolution(
    input: Any,
    weight: Any,
    bias: Any,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    transposed: bool,
    output_padding: Sequence[int],
    groups: int,
) -> Any:
    """The convolution, or transposed one, of as many dimensions as weight has."""
    if weight.dim() not in _CONVOLUTIONS:
        raise OperatorValueError(
            f"convolution: weight must have 3 to 5 dimensions, but has shape {list(weight.shape)}"
        )
    if transposed:
        return _TRANSPOSED[weight.dim()](
            input, weight, bias, stride, padding, output_padding, groups, dilation
        )
    return _CONVOLUTIONS[weight.dim()](input, weight, bias, stride, padding, dilation, groups)
