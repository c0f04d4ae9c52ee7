"""Inception v3 (Szegedy and others 2015): large windows factored into small ones, and into rows and columns."""

from __future__ import annotations

import unison
from examples.networks.blocks import conv_norm_act
from unison import Tensor, nn

__all__ = ["inception"]


def _line(inputs: int, outputs: int, length: int, *, row: bool) -> nn.Sequential:
    """A window of one row or one column."""
    kernel, padding = ((1, length), (0, length // 2)) if row else ((length, 1), (length // 2, 0))
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, padding=padding, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


class Side(nn.Module):
    """Ways side by side, joined along the channels."""

    def __init__(self, *ways: nn.Module) -> None:
        super().__init__()
        self.ways = nn.ModuleList(ways)

    def forward(self, x: Tensor) -> Tensor:
        return unison.cat([way(x) for way in self.ways], 1)


def _small(inputs: int, w: int) -> nn.Module:
    """5 x 5 as two 3 x 3."""
    return Side(
        conv_norm_act(inputs, 2 * w),
        nn.Sequential(
            conv_norm_act(inputs, 2 * w), conv_norm_act(2 * w, 3 * w, 3), conv_norm_act(3 * w, 3 * w, 3)
        ),
        nn.Sequential(conv_norm_act(inputs, w), conv_norm_act(w, 2 * w, 3)),
        nn.Sequential(nn.AvgPool2d(3, stride=1, padding=1), conv_norm_act(inputs, w)),
    )


def _long(inputs: int, w: int) -> nn.Module:
    """7 x 7 as a row and a column."""
    return Side(
        conv_norm_act(inputs, 2 * w),
        nn.Sequential(conv_norm_act(inputs, w), _line(w, w, 7, row=True), _line(w, 2 * w, 7, row=False)),
        nn.Sequential(nn.AvgPool2d(3, stride=1, padding=1), conv_norm_act(inputs, 2 * w)),
    )


def _wide(inputs: int, w: int) -> nn.Module:
    """3 x 3 as a row beside a column."""
    return Side(
        conv_norm_act(inputs, 2 * w),
        nn.Sequential(conv_norm_act(inputs, w), Side(_line(w, w, 3, row=True), _line(w, w, 3, row=False))),
        nn.Sequential(nn.AvgPool2d(3, stride=1, padding=1), conv_norm_act(inputs, 2 * w)),
    )


def inception(width: int = 32, classes: int = 10, dropout: float = 0.5) -> nn.Module:
    """One module of each kind."""
    w = width
    return nn.Sequential(
        conv_norm_act(3, w, 3, stride=2),
        conv_norm_act(w, 2 * w, 3),
        _small(2 * w, w),
        nn.MaxPool2d(3, stride=2),
        _long(8 * w, w),
        _wide(6 * w, w),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(dropout),
        nn.Linear(6 * w, classes),
    )
