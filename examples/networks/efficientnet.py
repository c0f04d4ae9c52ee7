"""EfficientNet (Tan, Le 2019): inverted residuals with squeeze-and-excitation and SiLU, scaled in all sizes at once."""

from __future__ import annotations

from math import ceil

from examples.networks.blocks import conv_norm_act
from examples.networks.mobilenet import InvertedResidual, Stage
from unison import nn

__all__ = ["efficientnet"]

_STAGES = (
    Stage(1, 1, 1, 1, squeeze=True, act=nn.SiLU),
    Stage(6, 2, 1, 2, squeeze=True, act=nn.SiLU),
    Stage(6, 3, 1, 2, kernel=5, squeeze=True, act=nn.SiLU),
)


def efficientnet(width: int = 16, classes: int = 10, deeper: float = 1.5, dropout: float = 0.2) -> nn.Module:
    """`deeper` multiplies the blocks of each stage, as `width` does the channels."""
    layers: list[nn.Module] = [conv_norm_act(3, width, 3, act=nn.SiLU)]
    inputs = width
    for stage in _STAGES:
        outputs = stage.channels * width
        for block in range(ceil(stage.depth * deeper)):
            layers.append(InvertedResidual(inputs, outputs, stage, 1 if block else stage.stride, nn.Sigmoid))
            inputs = outputs
    layers.append(conv_norm_act(inputs, 4 * inputs, act=nn.SiLU))
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(dropout), nn.Linear(4 * inputs, classes)]
    return nn.Sequential(*layers)
