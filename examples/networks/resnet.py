"""ResNet (He and others 2015) and its kin ResNeXt (Xie and others 2016) and wide ResNet (Zagoruyko, Komodakis 2016)."""

from __future__ import annotations

from collections.abc import Sequence

from examples.networks.blocks import conv_norm, conv_norm_act
from unison import Tensor, nn
from unison.nn import functional as F

__all__ = ["resnet", "resnext", "wide_resnet"]


class Residual(nn.Module):
    """x + f(x), where the way past f changes channels and size if f does."""

    def __init__(self, body: nn.Module, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.body = body
        same = inputs == outputs and stride == 1
        self.past = nn.Identity() if same else conv_norm(inputs, outputs, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.body(x) + self.past(x))


def _basic(inputs: int, outputs: int, stride: int) -> nn.Module:
    body = nn.Sequential(*conv_norm_act(inputs, outputs, 3, stride), *conv_norm(outputs, outputs, 3))
    return Residual(body, inputs, outputs, stride)


def _bottleneck(inputs: int, outputs: int, stride: int, inner: int, groups: int) -> nn.Module:
    body = nn.Sequential(
        *conv_norm_act(inputs, inner),
        *conv_norm_act(inner, inner, 3, stride, groups),
        *conv_norm(inner, outputs),
    )
    return Residual(body, inputs, outputs, stride)


def resnet(width: int = 64, classes: int = 10, depths: Sequence[int] = (2, 2, 2, 2)) -> nn.Module:
    """ResNet-18's blocks of two 3 x 3 convolutions, with a stem for small images."""
    layers: list[nn.Module] = [conv_norm_act(3, width, 3)]
    inputs = width
    for stage, depth in enumerate(depths):
        outputs = width * 2**stage
        for block in range(depth):
            layers.append(_basic(inputs, outputs, 2 if stage and not block else 1))
            inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, classes))


def _of_bottlenecks(width: int, classes: int, depths: Sequence[int], spread: int, groups: int) -> nn.Module:
    layers: list[nn.Module] = [conv_norm_act(3, width, 3)]
    inputs = width
    for stage, depth in enumerate(depths):
        inner = width * spread * 2**stage
        outputs = 4 * width * 2**stage
        for block in range(depth):
            layers.append(_bottleneck(inputs, outputs, 2 if stage and not block else 1, inner, groups))
            inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, classes))


def resnext(
    width: int = 64, classes: int = 10, depths: Sequence[int] = (1, 1, 1), groups: int = 4
) -> nn.Module:
    """Bottlenecks whose 3 x 3 convolution is cut into groups."""
    return _of_bottlenecks(width, classes, depths, 2, groups)


def wide_resnet(width: int = 64, classes: int = 10, depths: Sequence[int] = (1, 1, 1)) -> nn.Module:
    """Bottlenecks with twice the inner channels."""
    return _of_bottlenecks(width, classes, depths, 2, 1)
