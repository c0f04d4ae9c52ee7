"""RegNet (Radosavovic and others 2020): grouped bottlenecks without a neck, widths on a line, here with excitation."""

from __future__ import annotations

from collections.abc import Sequence

from examples.networks.blocks import SqueezeExcite, conv_norm, conv_norm_act
from examples.networks.resnet import Residual
from unison import nn

__all__ = ["regnet"]


def _block(inputs: int, outputs: int, stride: int, group: int) -> nn.Module:
    body = nn.Sequential(
        conv_norm_act(inputs, outputs),
        conv_norm_act(outputs, outputs, 3, stride, outputs // group),
        SqueezeExcite(outputs, max(1, inputs // 4)),
        conv_norm(outputs, outputs),
    )
    return Residual(body, inputs, outputs, stride)


def regnet(
    width: int = 24, classes: int = 10, depths: Sequence[int] = (1, 1, 2), group: int = 4
) -> nn.Module:
    """`group` channels in each group of the 3 x 3 convolutions."""
    layers: list[nn.Module] = [conv_norm_act(3, width, 3)]
    inputs = width
    for stage, depth in enumerate(depths):
        outputs = width * (stage + 1)
        for block in range(depth):
            layers.append(_block(inputs, outputs, 1 if block else 2, group))
            inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, classes))
