"""The networks and their data: the images of `unison.datasets.digits`, for sequences read pixel by pixel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import unison
import unison.nn.functional as F
from unison import Tensor, nn
from unison.datasets import digits

__all__ = ["MODELS", "Model", "batch"]

BATCH = 32
# Grey values are 0 to 16.
TONES = 17
LENGTH = 24


@dataclass(frozen=True, slots=True)
class Model:
    """A network: how it is built, and which of the two kinds of batch it reads.

    `depth` counts the operators that its longest path goes through, `terms` the longest sum in any of them.
    """

    build: Callable[[], nn.Module]
    sequence: bool
    depth: int
    terms: int
    rate: float


class _Recurrent(nn.Module):
    """An LSTM over grey values."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(TONES, 16)
        self.cell = nn.LSTM(16, 32, batch_first=True)
        self.head = nn.Linear(32, TONES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.cell(self.embed(x))[0])


class _Block(nn.Module):
    """Causal attention and a small network, each added to its input."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        n, length, width = x.shape
        parts = self.qkv(self.norm1(x)).view(n, length, 3, self.heads, width // self.heads)
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).reshape(n, length, width))
        return x + self.mlp(self.norm2(x))


class _Transformer(nn.Module):
    """Two blocks over grey values and their places."""

    def __init__(self) -> None:
        super().__init__()
        self.tones, self.places = nn.Embedding(TONES, 32), nn.Embedding(LENGTH, 32)
        self.blocks = nn.Sequential(_Block(32, 4), _Block(32, 4))
        self.norm, self.head = nn.LayerNorm(32), nn.Linear(32, TONES)

    def forward(self, x: Tensor) -> Tensor:
        places = unison.arange(x.shape[1], device=x.device)
        return self.head(self.norm(self.blocks(self.tones(x) + self.places(places))))


def _perceptron() -> nn.Module:
    return nn.Sequential(
        nn.Flatten(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 10)
    )


def _convolutional() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1),
        nn.ReLU(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(64, 10),
    )


MODELS: dict[str, Model] = {
    "mlp": Model(_perceptron, sequence=False, depth=12, terms=64, rate=3e-3),
    "cnn": Model(_convolutional, sequence=False, depth=18, terms=BATCH * 64, rate=3e-3),
    "lstm": Model(_Recurrent, sequence=True, depth=6 * LENGTH, terms=BATCH * LENGTH, rate=1e-2),
    "gpt": Model(_Transformer, sequence=True, depth=48, terms=BATCH * LENGTH, rate=3e-3),
}


@cache
def _data() -> tuple[Any, Any]:
    data = digits("train")
    return data.images, data.labels


def batch(model: Model, step: int) -> tuple[Tensor, Tensor]:
    """Inputs and targets of a step, on the host."""
    images, labels = _data()
    start = step * BATCH % (len(labels) - BATCH)
    if not model.sequence:
        return images[start : start + BATCH], labels[start : start + BATCH]
    rows = (images[start : start + BATCH] * 16).round().to(unison.int64).reshape(BATCH, -1)
    return rows[:, :LENGTH], rows[:, 1 : LENGTH + 1]
