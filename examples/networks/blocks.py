"""What several networks share: a convolution with its normalisation and activation, and squeeze-and-excitation."""

from __future__ import annotations

from collections.abc import Callable

from unison import Tensor, nn

__all__ = ["SqueezeExcite", "conv_norm", "conv_norm_act"]


def conv_norm(inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """A convolution that keeps the size (but for its stride), and batch normalisation."""
    padding = (kernel - 1) // 2
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=padding, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    )


def conv_norm_act(
    inputs: int,
    outputs: int,
    kernel: int = 1,
    stride: int = 1,
    groups: int = 1,
    act: Callable[[], nn.Module] = nn.ReLU,
) -> nn.Sequential:
    """The same with an activation behind it."""
    return nn.Sequential(*conv_norm(inputs, outputs, kernel, stride, groups), act())


class SqueezeExcite(nn.Module):
    """Channels weighted by what all of the image says of them (Hu, Shen, Sun 2017)."""

    def __init__(self, channels: int, squeezed: int, gate: Callable[[], nn.Module] = nn.Sigmoid) -> None:
        super().__init__()
        self.weigh = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, squeezed, 1),
            nn.ReLU(),
            nn.Conv2d(squeezed, channels, 1),
            gate(),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weigh(x)
