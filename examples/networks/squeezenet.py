"""SqueezeNet (Iandola and others 2016): few channels squeezed by 1 x 1, expanded by 1 x 1 and 3 x 3 side by side."""

from __future__ import annotations

import unison
from unison import Tensor, nn
from unison.nn import functional as F

__all__ = ["squeezenet"]


class Fire(nn.Module):
    """Squeeze, then expand in two ways."""

    def __init__(self, inputs: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(inputs, squeezed, 1)
        self.one = nn.Conv2d(squeezed, expanded, 1)
        self.three = nn.Conv2d(squeezed, expanded, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.squeeze(x))
        return F.relu(unison.cat([self.one(x), self.three(x)], 1))


def squeezenet(width: int = 16, classes: int = 10, dropout: float = 0.5) -> nn.Module:
    """Four fire modules; the classes are the channels of the last convolution."""
    w = width
    return nn.Sequential(
        nn.Conv2d(3, 4 * w, 3, stride=2),
        nn.ReLU(inplace=True),
        Fire(4 * w, w, 4 * w),
        Fire(8 * w, w, 4 * w),
        nn.MaxPool2d(3, stride=2, ceil_mode=True),
        Fire(8 * w, 2 * w, 8 * w),
        Fire(16 * w, 2 * w, 8 * w),
        nn.Dropout(dropout),
        nn.Conv2d(16 * w, classes, 1),
        nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )
