"""ViT (Dosovitskiy and others 2020): patches of the image as words of a transformer."""

from __future__ import annotations

import unison
from unison import Tensor, nn

__all__ = ["vit"]


class ViT(nn.Module):
    """A learnt word for the class goes before the patches; what becomes of it is the answer."""

    def __init__(self, width: int, classes: int, size: int, patch: int, depth: int, heads: int) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, width, patch, stride=patch)
        self.word = nn.Parameter(unison.zeros(1, 1, width))
        self.places = nn.Parameter(0.02 * unison.randn(1, (size // patch) ** 2 + 1, width))
        layer = nn.TransformerEncoderLayer(
            width, heads, 4 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = unison.cat([self.word.expand(x.shape[0], -1, -1), x], 1) + self.places
        return self.head(self.norm(self.encoder(x))[:, 0])


def vit(
    width: int = 64, classes: int = 10, size: int = 32, patch: int = 8, depth: int = 2, heads: int = 2
) -> nn.Module:
    """For images of size x size."""
    return ViT(width, classes, size, patch, depth, heads)
