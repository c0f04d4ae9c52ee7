"""ShuffleNet v2 (Ma and others 2018): half the channels go past each block, then all are shuffled."""

from __future__ import annotations

from collections.abc import Sequence

import unison
from examples.networks.blocks import conv_norm, conv_norm_act
from unison import Tensor, nn

__all__ = ["shufflenet"]


class Unit(nn.Module):
    """Two halves, one of which is worked on; with a stride both are, and the channels double."""

    def __init__(self, channels: int, stride: int) -> None:
        super().__init__()
        half = channels // 2 if stride == 1 else channels
        self.stride = stride
        self.worked = nn.Sequential(
            conv_norm_act(half, half), conv_norm(half, half, 3, stride, half), conv_norm_act(half, half)
        )
        self.past = (
            nn.Identity()
            if stride == 1
            else nn.Sequential(conv_norm(half, half, 3, stride, half), conv_norm_act(half, half))
        )
        self.shuffle = nn.ChannelShuffle(2)

    def forward(self, x: Tensor) -> Tensor:
        left, right = x.chunk(2, 1) if self.stride == 1 else (x, x)
        return self.shuffle(unison.cat([self.past(left), self.worked(right)], 1))


def shufflenet(width: int = 24, classes: int = 10, depths: Sequence[int] = (2, 2)) -> nn.Module:
    """Each stage halves the size and doubles the channels."""
    layers: list[nn.Module] = [conv_norm_act(3, width, 3)]
    channels = width
    for depth in depths:
        layers.append(Unit(channels, 2))
        channels *= 2
        layers += [Unit(channels, 1) for _ in range(depth - 1)]
    return nn.Sequential(
        *layers,
        conv_norm_act(channels, 2 * channels),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(2 * channels, classes),
    )
