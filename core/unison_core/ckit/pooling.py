"""Pooling kernels; gradients are gathered, so that no sum depends on what runs first."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING, Any

from unison_core import dtypes
from unison_core.ckit.array import CArray
from unison_core.ckit.tiles import sum_type
from unison_core.ckit.windows import program, slide
from unison_core.dtypes import DType
from unison_core.ops.pooling.windows import pool_counts, spatial_of
from unison_core.spec import Shape

if TYPE_CHECKING:
    from unison_core.ckit.kit import CKit

__all__ = ["Pooling"]

_MAX, _MAX_BACKWARD = program("max_pool"), program("max_pool_backward")
_MEAN, _MEAN_BACKWARD = program("avg_pool"), program("avg_pool_backward")


class Pooling:
    """In up to three spatial dimensions, of any strides."""

    def __init__(self, kit: CKit) -> None:
        self.kit = kit

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {
            "avg_pool": self.avg_pool,
            "avg_pool_backward": self.avg_pool_backward,
            "max_pool": self.max_pool,
            "max_pool_backward": self.max_pool_backward,
            "max_pool_with_indices": self.max_pool_with_indices,
        }

    def max_pool(
        self, x: CArray, *, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape, ceil_mode: bool
    ) -> CArray:
        return self._max_pool(x, (kernel, stride, padding, dilation), ceil_mode, indices=False)[0]

    def max_pool_with_indices(
        self, x: CArray, *, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape, ceil_mode: bool
    ) -> tuple[CArray, CArray]:
        values, indices = self._max_pool(x, (kernel, stride, padding, dilation), ceil_mode, indices=True)
        return values, indices

    def _max_pool(
        self, x: CArray, steps: tuple[Shape, Shape, Shape, Shape], ceil_mode: bool, *, indices: bool
    ) -> list[CArray]:
        size = spatial_of("max_pool", x)
        counts = pool_counts("max_pool", size, *steps, ceil_mode)
        kinds = (x.dtype, dtypes.int64) if indices else (x.dtype,)
        outs = [self.kit.empty((*x.shape[:2], *counts), d, x.runtime) for d in kinds]
        slide(
            self.kit,
            _MAX,
            (("INDICES", indices),),
            [x],
            outs,
            size,
            counts,
            steps,
            lowest=_lowest(x.dtype),
        )
        return outs

    def max_pool_backward(
        self,
        g: CArray,
        x: CArray,
        out: CArray,
        *,
        kernel: Shape,
        stride: Shape,
        padding: Shape,
        dilation: Shape,
        ceil_mode: bool,
    ) -> CArray:
        size, counts = x.shape[2:], out.shape[2:]
        if g.shape != out.shape or counts != pool_counts(
            "max_pool", size, kernel, stride, padding, dilation, ceil_mode
        ):
            raise ValueError("g")
        grad = self.kit.empty(x.shape, x.dtype, x.runtime)
        steps = (kernel, stride, padding, dilation)
        slide(self.kit, _MAX_BACKWARD, (), [g, x, out], [grad], size, counts, steps)
        return grad

    def avg_pool(
        self,
        x: CArray,
        *,
        kernel: Shape,
        stride: Shape,
        padding: Shape,
        ceil_mode: bool,
        count_include_pad: bool,
        divisor: int | None,
    ) -> CArray:
        size, steps = spatial_of("avg_pool", x), (kernel, stride, padding, (1,) * len(kernel))
        counts = pool_counts("avg_pool", size, *steps, ceil_mode)
        if divisor == 0:
            raise ValueError("divisor")
        out = self.kit.empty((*x.shape[:2], *counts), x.dtype, x.runtime)
        kind = sum_type(x.dtype) if x.dtype.is_floating_point else "i64"
        slide(
            self.kit,
            _MEAN,
            (("SUM", kind),),
            [x],
            [out],
            size,
            counts,
            steps,
            divisor=divisor or 0,
            padded=count_include_pad,
        )
        return out

    def avg_pool_backward(
        self,
        g: CArray,
        *,
        size: Shape,
        kernel: Shape,
        stride: Shape,
        padding: Shape,
        ceil_mode: bool,
        count_include_pad: bool,
        divisor: int | None,
    ) -> CArray:
        steps = (kernel, stride, padding, (1,) * len(kernel))
        counts = pool_counts("avg_pool_backward", size, *steps, ceil_mode)
        if g.shape[2:] != counts or divisor == 0:
            raise ValueError("g")
        grad = self.kit.empty((*g.shape[:2], *size), g.dtype, g.runtime)
        slide(
            self.kit,
            _MEAN_BACKWARD,
            (),
            [g],
            [grad],
            size,
            counts,
            steps,
            divisor=divisor or 0,
            padded=count_include_pad,
        )
        return grad


def _lowest(dtype: DType) -> float:
    if dtype.is_floating_point:
        return -inf
    return -(2 ** (dtype.bits - 1)) if dtype.is_signed else 0
