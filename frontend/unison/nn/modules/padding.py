"""Padding with a constant, or with the input itself: mirrored, continued or wrapped around."""

from __future__ import annotations

from typing import ClassVar

from unison._tensor import Tensor
from unison.nn import functional as F
from unison.nn.modules.module import Module
from unison.nn.modules.utils import ntuple

__all__ = [
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
]

_Padding = int | tuple[int, ...]


class _PadNd(Module):
    """Padding given as one number, or as (left, right, top, bottom, front, back) as far as dimensions go."""

    __constants__ = ["padding"]
    _dims: ClassVar[int]
    _mode: ClassVar[str]

    def __init__(self, padding: _Padding) -> None:
        super().__init__()
        self.padding = ntuple(padding, 2 * self._dims)

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, self._mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _CircularPadNd(_PadNd):
    _mode = "circular"

    def forward(self, input: Tensor) -> Tensor:
        if input.dim() not in (self._dims + 1, self._dims + 2):
            raise ValueError(
                f"expected {self._dims + 1}D or {self._dims + 2}D input (got {input.dim()}D input)"
            )
        return F.pad(input, self.padding, self._mode)


class CircularPad1d(_CircularPadNd):
    """Continues the last dimension of (N, C, W) or (C, W) from its other end; ValueError for other inputs."""

    _dims = 1


class CircularPad2d(_CircularPadNd):
    """Continues the last two dimensions of (N, C, H, W) or (C, H, W) from their other ends."""

    _dims = 2


class CircularPad3d(_CircularPadNd):
    """Continues the last three dimensions of (N, C, D, H, W) or (C, D, H, W) from their other ends."""

    _dims = 3


class _ConstantPadNd(_PadNd):
    __constants__ = ["padding", "value"]
    _mode = "constant"

    def __init__(self, padding: _Padding, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPadNd):
    """Adds elements of one value at the ends of the last dimension; negative padding removes elements."""

    _dims = 1


class ConstantPad2d(_ConstantPadNd):
    """Adds elements of one value around the last two dimensions; negative padding removes elements."""

    _dims = 2


class ConstantPad3d(_ConstantPadNd):
    """Adds elements of one value around the last three dimensions; negative padding removes elements."""

    _dims = 3


class ZeroPad1d(ConstantPad1d):
    """Adds zeros at the ends of the last dimension."""

    def __init__(self, padding: _Padding) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ZeroPad2d(ConstantPad2d):
    """Adds zeros around the last two dimensions."""

    def __init__(self, padding: _Padding) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ZeroPad3d(ConstantPad3d):
    """Adds zeros around the last three dimensions."""

    def __init__(self, padding: _Padding) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ReflectionPad1d(_PadNd):
    """Continues the last dimension by its mirror image, without repeating the edge."""

    _dims = 1
    _mode = "reflect"


class ReflectionPad2d(_PadNd):
    """Continues the last two dimensions by their mirror image, without repeating the edge."""

    _dims = 2
    _mode = "reflect"


class ReflectionPad3d(_PadNd):
    """Continues the last three dimensions by their mirror image, without repeating the edge."""

    _dims = 3
    _mode = "reflect"


class ReplicationPad1d(_PadNd):
    """Repeats the edges of the last dimension."""

    _dims = 1
    _mode = "replicate"


class ReplicationPad2d(_PadNd):
    """Repeats the edges of the last two dimensions."""

    _dims = 2
    _mode = "replicate"


class ReplicationPad3d(_PadNd):
    """Repeats the edges of the last three dimensions."""

    _dims = 3
    _mode = "replicate"
