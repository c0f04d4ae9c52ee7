"""Maximum pooling over windows of random place: Graham, Fractional Max-Pooling, 2014."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from unison._tensor import Tensor
from unison.nn import functional as F
from unison.nn.modules.module import Module
from unison.nn.modules.utils import ntuple

__all__ = ["FractionalMaxPool2d", "FractionalMaxPool3d"]

_Size = int | tuple[int, ...]
_Ratio = float | tuple[float, ...]


class _FractionalMaxPoolNd(Module):
    __constants__ = ["kernel_size", "output_ratio", "output_size", "return_indices"]
    _dims: ClassVar[int]
    _pool: ClassVar[Callable[..., Any]]

    def __init__(
        self,
        kernel_size: _Size,
        output_size: _Size | None = None,
        output_ratio: _Ratio | None = None,
        return_indices: bool = False,
        _random_samples: Tensor | None = None,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        self.kernel_size = ntuple(kernel_size, self._dims)
        if any(size <= 0 for size in self.kernel_size):
            raise ValueError(f"{name}: kernel_size must be greater than 0, but got {kernel_size}")
        if output_size is None and output_ratio is None:
            raise ValueError(f"{name} requires specifying either an output size, or a pooling ratio")
        if output_size is not None and output_ratio is not None:
            raise ValueError(f"{name}: only one of output_size and output_ratio may be specified")
        self.output_size = None if output_size is None else ntuple(output_size, self._dims)
        self.output_ratio = None if output_ratio is None else ntuple(output_ratio, self._dims)
        if self.output_ratio is not None and not all(0 < ratio < 1 for ratio in self.output_ratio):
            raise ValueError(f"{name}: output_ratio must be between 0 and 1 (got {output_ratio})")
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)

    def forward(self, input: Tensor) -> Any:
        return self._pool(
            input,
            self.kernel_size,
            self.output_size,
            self.output_ratio,
            self.return_indices,
            _random_samples=self._random_samples,
        )


class FractionalMaxPool2d(_FractionalMaxPoolNd):
    """Maximum over kernel_size windows at pseudo-random places, from (N, C, H, W) or (C, H, W).

    Give output_size, or output_ratio between 0 and 1. ValueError for both, none, or a kernel that is not positive.
    """

    _dims = 2
    _pool = staticmethod(F.fractional_max_pool2d)


class FractionalMaxPool3d(_FractionalMaxPoolNd):
    """Maximum over kernel_size windows at pseudo-random places, from (N, C, D, H, W) or (C, D, H, W).

    Give output_size, or output_ratio between 0 and 1. ValueError for both, none, or a kernel that is not positive.
    """

    _dims = 3
    _pool = staticmethod(F.fractional_max_pool3d)
