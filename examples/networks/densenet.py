"""DenseNet (Huang and others 2016): every layer sees what all layers before it in its block have found."""

from __future__ import annotations

from collections.abc import Sequence

import unison
from unison import Tensor, nn

__all__ = ["densenet"]


class Dense(nn.Module):
    """x with `growth` new channels behind it."""

    def __init__(self, inputs: int, growth: int) -> None:
        super().__init__()
        self.found = nn.Sequential(
            nn.BatchNorm2d(inputs),
            nn.ReLU(),
            nn.Conv2d(inputs, 4 * growth, 1, bias=False),
            nn.BatchNorm2d(4 * growth),
            nn.ReLU(),
            nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        return unison.cat([x, self.found(x)], 1)


def densenet(growth: int = 32, classes: int = 10, depths: Sequence[int] = (3, 3, 3)) -> nn.Module:
    """Blocks of dense layers; between blocks half the channels and half the size."""
    channels = 2 * growth
    layers: list[nn.Module] = [nn.Conv2d(3, channels, 3, padding=1, bias=False)]
    for block, depth in enumerate(depths):
        if block:
            half = channels // 2
            layers += [nn.BatchNorm2d(channels), nn.ReLU(), nn.Conv2d(channels, half, 1, bias=False)]
            layers.append(nn.AvgPool2d(2))
            channels = half
        for _ in range(depth):
            layers.append(Dense(channels, growth))
            channels += growth
    layers += [nn.BatchNorm2d(channels), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(channels, classes))
