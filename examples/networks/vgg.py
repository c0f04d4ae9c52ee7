"""VGG (Simonyan, Zisserman 2014): nothing but 3 x 3 convolutions, twice the channels after each pooling."""

from __future__ import annotations

from collections.abc import Sequence

from unison import nn

__all__ = ["vgg"]


def vgg(
    width: int = 64, classes: int = 10, depths: Sequence[int] = (1, 1, 2, 2), dropout: float = 0.5
) -> nn.Module:
    """With batch normalisation; `depths` counts the convolutions of each stage."""
    layers: list[nn.Module] = []
    channels = 3
    for stage, depth in enumerate(depths):
        for _ in range(depth):
            out = width * 2**stage
            layers += [nn.Conv2d(channels, out, 3, padding=1), nn.BatchNorm2d(out), nn.ReLU(inplace=True)]
            channels = out
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(
        *layers,
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(channels, 4 * width),
        nn.ReLU(inplace=True),
        nn.Dropout(dropout),
        nn.Linear(4 * width, classes),
    )
