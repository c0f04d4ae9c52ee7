"""ConvNeXt (Liu and others 2022): a convolutional network with a transformer's proportions."""

from __future__ import annotations

from collections.abc import Sequence

import unison
from unison import Tensor, nn
from unison.nn import functional as F

__all__ = ["convnext"]


class ChannelNorm(nn.LayerNorm):
    """Layer normalisation over the channels of (N, C, H, W)."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Block(nn.Module):
    """A 7 x 7 window for each channel by itself, then two dense layers on the channels of each pixel."""

    def __init__(self, channels: int, scale: float = 1e-2) -> None:
        super().__init__()
        self.window = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.up = nn.Linear(channels, 4 * channels)
        self.down = nn.Linear(4 * channels, channels)
        self.scale = nn.Parameter(unison.full((channels,), scale))

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.window(x).permute(0, 2, 3, 1))
        y = self.scale * self.down(F.gelu(self.up(y)))
        return x + y.permute(0, 3, 1, 2)


def convnext(width: int = 48, classes: int = 10, depths: Sequence[int] = (1, 1, 2)) -> nn.Module:
    """Patches of 2 x 2, then stages between which normalisation and a strided convolution halve the size."""
    layers: list[nn.Module] = [nn.Conv2d(3, width, 2, stride=2), ChannelNorm(width, eps=1e-6)]
    channels = width
    for stage, depth in enumerate(depths):
        if stage:
            layers += [ChannelNorm(channels, eps=1e-6), nn.Conv2d(channels, 2 * channels, 2, stride=2)]
            channels *= 2
        layers += [Block(channels) for _ in range(depth)]
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.LayerNorm(channels, eps=1e-6)]
    return nn.Sequential(*layers, *head, nn.Linear(channels, classes))
