"""Mixing the groups of a grouped convolution: Zhang et al., ShuffleNet, 2017."""

from __future__ import annotations

from unison._tensor import Tensor
from unison.nn import functional as F
from unison.nn.modules.module import Module

__all__ = ["ChannelShuffle"]


class ChannelShuffle(Module):
    """Reorders the channels of (N, C, *): those of equal place in each of the groups come together."""

    __constants__ = ["groups"]

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, input: Tensor) -> Tensor:
        return F.channel_shuffle(input, self.groups)

    def extra_repr(self) -> str:
        return f"groups={self.groups}"
