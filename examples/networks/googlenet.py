"""GoogLeNet (Szegedy and others 2014): four ways side by side in each module, of 1, 3 and 5 pixels and a pooling."""

from __future__ import annotations

import unison
from examples.networks.blocks import conv_norm_act
from unison import Tensor, nn

__all__ = ["googlenet"]


class Module(nn.Module):
    """Four ways, joined along the channels: 2, 4, 1 and 1 times `width` of them."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        w = width
        self.ways = nn.ModuleList(
            [
                conv_norm_act(inputs, 2 * w),
                nn.Sequential(conv_norm_act(inputs, 3 * w), conv_norm_act(3 * w, 4 * w, 3)),
                nn.Sequential(conv_norm_act(inputs, w), conv_norm_act(w, w, 5)),
                nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), conv_norm_act(inputs, w)),
            ]
        )

    def forward(self, x: Tensor) -> Tensor:
        return unison.cat([way(x) for way in self.ways], 1)


def googlenet(width: int = 32, classes: int = 10, dropout: float = 0.2) -> nn.Module:
    """Three modules between poolings."""
    w = width
    return nn.Sequential(
        conv_norm_act(3, 2 * w, 3),
        nn.MaxPool2d(3, stride=2, ceil_mode=True),
        Module(2 * w, w),
        Module(8 * w, w),
        nn.MaxPool2d(3, stride=2, ceil_mode=True),
        Module(8 * w, 2 * w),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(dropout),
        nn.Linear(16 * w, classes),
    )
