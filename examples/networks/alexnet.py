"""AlexNet (Krizhevsky, Sutskever, Hinton 2012): five convolutions, three dense layers, dropout between them."""

from __future__ import annotations

from unison import nn

__all__ = ["alexnet"]


def alexnet(width: int = 64, classes: int = 10, dropout: float = 0.5) -> nn.Module:
    """The proportions of the original's channels, with strides for small images."""
    w = width
    features = nn.Sequential(
        nn.Conv2d(3, w, 5, stride=2, padding=2),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, stride=2),
        nn.Conv2d(w, 3 * w, 5, padding=2),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, stride=2),
        nn.Conv2d(3 * w, 6 * w, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(6 * w, 4 * w, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(4 * w, 4 * w, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
    )
    head = nn.Sequential(
        nn.Dropout(dropout),
        nn.Linear(16 * w, 16 * w),
        nn.ReLU(inplace=True),
        nn.Dropout(dropout),
        nn.Linear(16 * w, 16 * w),
        nn.ReLU(inplace=True),
        nn.Linear(16 * w, classes),
    )
    return nn.Sequential(features, head)
