"""Taking windows out of an image, and adding windows up to one."""

from __future__ import annotations

from unison._tensor import Tensor
from unison.nn import functional as F
from unison.nn.modules.module import Module

__all__ = ["Fold", "Unfold"]

_Size = int | tuple[int, ...]


class Fold(Module):
    """Adds up windows (N, C prod(kernel_size), L) to images (N, C, *output_size): the gradient of Unfold."""

    __constants__ = ["dilation", "kernel_size", "output_size", "padding", "stride"]

    def __init__(
        self,
        output_size: _Size,
        kernel_size: _Size,
        dilation: _Size = 1,
        padding: _Size = 0,
        stride: _Size = 1,
    ) -> None:
        super().__init__()
        self.output_size = output_size
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def forward(self, input: Tensor) -> Tensor:
        return F.fold(input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        return (
            f"output_size={self.output_size}, kernel_size={self.kernel_size}, dilation={self.dilation}, "
            f"padding={self.padding}, stride={self.stride}"
        )


class Unfold(Module):
    """Lays the windows of (N, C, H, W) side by side as columns: (N, C prod(kernel_size), L)."""

    __constants__ = ["dilation", "kernel_size", "padding", "stride"]

    def __init__(
        self, kernel_size: _Size, dilation: _Size = 1, padding: _Size = 0, stride: _Size = 1
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def forward(self, input: Tensor) -> Tensor:
        return F.unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, stride={self.stride}"
