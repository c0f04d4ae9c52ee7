"""Sliding blocks of images as columns, and columns added back into images."""

from __future__ import annotations

from typing import Any

from unison.nn.functional._sizes import batched, per_dimension
from unison_core import ops
from unison_core.errors import OperatorError

__all__ = ["fold", "unfold"]


def unfold(input: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """The blocks of input (n, c, h, w) as columns (n, c * prod(kernel_size), blocks).

    Raises:
        RuntimeError: no block fits, or an attribute is out of range.
    """
    input, single = batched("unfold", input, 2)
    out = ops.im2col(
        input,
        kernel=per_dimension("unfold", "kernel_size", kernel_size, 2),
        dilation=per_dimension("unfold", "dilation", dilation, 2),
        padding=per_dimension("unfold", "padding", padding, 2),
        stride=per_dimension("unfold", "stride", stride, 2),
    )
    return ops.slice(out, key=(0,)) if single else out


def fold(
    input: Any, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Any:
    """The images (n, c, *output_size) in which the columns of input are added up where their blocks lie.

    Raises:
        RuntimeError: input's shape is not that of the blocks, or an attribute is out of range.
    """
    if input.array.ndim not in (2, 3):
        raise OperatorError(
            "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero "
            f"dimensions for input, but got: {list(input.shape)}"
        )
    single = input.array.ndim == 2
    out = ops.col2im(
        ops.slice(input, key=(None,)) if single else input,
        size=per_dimension("fold", "output_size", output_size, 2),
        kernel=per_dimension("fold", "kernel_size", kernel_size, 2),
        dilation=per_dimension("fold", "dilation", dilation, 2),
        padding=per_dimension("fold", "padding", padding, 2),
        stride=per_dimension("fold", "stride", stride, 2),
    )
    return ops.slice(out, key=(0,)) if single else out
