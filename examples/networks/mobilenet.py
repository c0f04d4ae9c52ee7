"""Inverted residuals: MobileNet v2 and v3 (Sandler and others 2018, Howard and others 2019), MnasNet (Tan 2018)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from examples.networks.blocks import SqueezeExcite, conv_norm, conv_norm_act
from unison import Tensor, nn

__all__ = ["InvertedResidual", "Stage", "mnasnet", "mobilenet_v2", "mobilenet_v3"]


class Stage(NamedTuple):
    """Some inverted residuals: how far each expands, its channels in units of `width`, how many, the first's stride."""

    expand: int
    channels: int
    depth: int
    stride: int
    kernel: int = 3
    squeeze: bool = False
    act: Callable[[], nn.Module] = nn.ReLU6


class InvertedResidual(nn.Module):
    """Thin at both ends: 1 x 1 to many channels, a window for each channel by itself, 1 x 1 back."""

    def __init__(
        self, inputs: int, outputs: int, stage: Stage, stride: int, gate: Callable[[], nn.Module]
    ) -> None:
        super().__init__()
        inner = inputs * stage.expand
        layers: list[nn.Module] = []
        if stage.expand > 1:
            layers.append(conv_norm_act(inputs, inner, act=stage.act))
        layers.append(conv_norm_act(inner, inner, stage.kernel, stride, inner, stage.act))
        if stage.squeeze:
            layers.append(SqueezeExcite(inner, max(1, inner // 4), gate))
        self.body = nn.Sequential(*layers, conv_norm(inner, outputs))
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x) if self.residual else self.body(x)


def _build(
    width: int,
    classes: int,
    stages: Sequence[Stage],
    act: Callable[[], nn.Module] = nn.ReLU6,
    gate: Callable[[], nn.Module] = nn.Sigmoid,
    dropout: float = 0.2,
) -> nn.Module:
    layers: list[nn.Module] = [conv_norm_act(3, width, 3, act=act)]
    inputs = width
    for stage in stages:
        outputs = stage.channels * width
        for block in range(stage.depth):
            layers.append(InvertedResidual(inputs, outputs, stage, 1 if block else stage.stride, gate))
            inputs = outputs
    layers.append(conv_norm_act(inputs, 4 * inputs, act=act))
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(dropout), nn.Linear(4 * inputs, classes)]
    return nn.Sequential(*layers)


def mobilenet_v2(width: int = 16, classes: int = 10) -> nn.Module:
    """Six-fold expansion, ReLU6."""
    return _build(width, classes, [Stage(1, 1, 1, 1), Stage(6, 2, 2, 2), Stage(6, 3, 2, 2)])


def mnasnet(width: int = 16, classes: int = 10) -> nn.Module:
    """Windows of 3 and 5 pixels as a search found them, ReLU."""
    stages = [
        Stage(1, 1, 1, 1, act=nn.ReLU),
        Stage(3, 2, 2, 2, kernel=5, act=nn.ReLU),
        Stage(6, 3, 2, 2, act=nn.ReLU),
    ]
    return _build(width, classes, stages, nn.ReLU)


def mobilenet_v3(width: int = 16, classes: int = 10) -> nn.Module:
    """Squeeze-and-excitation, hard swish in the deeper half."""
    stages = [
        Stage(1, 1, 1, 1, act=nn.ReLU),
        Stage(4, 2, 2, 2, kernel=5, squeeze=True, act=nn.ReLU),
        Stage(6, 3, 2, 2, squeeze=True, act=nn.Hardswish),
    ]
    return _build(width, classes, stages, nn.Hardswish, nn.Hardsigmoid)
