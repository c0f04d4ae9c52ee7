"""Pooling over sliding windows: maxima (with their places), averages, p-norms, and putting maxima back."""

from __future__ import annotations

from math import prod
from typing import Any

from unison.nn.functional._sizes import batched, per_dimension
from unison_core import dtypes, ops
from unison_core.errors import OperatorError, OperatorValueError

__all__ = [
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "lp_pool1d",
    "lp_pool2d",
    "lp_pool3d",
    "max_pool1d",
    "max_pool1d_with_indices",
    "max_pool2d",
    "max_pool2d_with_indices",
    "max_pool3d",
    "max_pool3d_with_indices",
    "max_unpool1d",
    "max_unpool2d",
    "max_unpool3d",
]


def max_pool1d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window of (n, c, l) or without n; with return_indices also their flat places.

    stride None is the kernel's size. Raises RuntimeError where no window fits.
    """
    return _max_pool(
        "max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices
    )


def max_pool1d_with_indices(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = True,
) -> Any:
    """max_pool1d and the int64 places of the maxima among the flattened elements of their channel."""
    return _max_pool("max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window of (n, c, h, w) or without n; with return_indices also their flat places.

    stride None is the kernel's size. Raises RuntimeError where no window fits.
    """
    return _max_pool(
        "max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices
    )


def max_pool2d_with_indices(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = True,
) -> Any:
    """max_pool2d and the int64 places of the maxima among the flattened elements of their channel."""
    return _max_pool("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool3d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window of (n, c, d, h, w) or without n; with return_indices also their flat places.

    stride None is the kernel's size. Raises RuntimeError where no window fits.
    """
    return _max_pool(
        "max_pool3d", 3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices
    )


def max_pool3d_with_indices(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = True,
) -> Any:
    """max_pool3d and the int64 places of the maxima among the flattened elements of their channel."""
    return _max_pool("max_pool3d", 3, input, kernel_size, stride, padding, dilation, ceil_mode, True)


def _max_pool(
    name: str,
    spatial: int,
    input: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
    return_indices: bool,
) -> Any:
    if input.array.ndim not in (spatial + 1, spatial + 2):
        raise OperatorError(
            f"{name}: non-empty {spatial + 1}D or {spatial + 2}D (batch mode) tensor expected for input, but "
            f"got size {list(input.shape)}"
        )
    input, single = batched(name, input, spatial)
    kernel = per_dimension(name, "kernel_size", kernel_size, spatial)
    windows = {
        "kernel": kernel,
        "stride": per_dimension(name, "stride", stride, spatial, kernel),
        "padding": per_dimension(name, "padding", padding, spatial),
        "dilation": per_dimension(name, "dilation", dilation, spatial),
        "ceil_mode": bool(ceil_mode),
    }
    if not return_indices:
        out = ops.max_pool(input, **windows)
        return ops.slice(out, key=(0,)) if single else out
    values, indices = ops.max_pool_with_indices(input, **windows)
    return (ops.slice(values, key=(0,)), ops.slice(indices, key=(0,))) if single else (values, indices)


def avg_pool1d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:
    """The mean of each window of (n, c, l) or without n; padding is zeros, which count only if count_include_pad.

    stride None is the kernel's size. Raises RuntimeError where no window fits.
    """
    return _avg_pool("avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


def avg_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    """The mean of each window of (n, c, h, w) or without n; padding is zeros, which count only if count_include_pad.

    stride None is the kernel's size. divisor_override replaces the window's size.
    Raises RuntimeError where no window fits.
    """
    return _avg_pool(
        "avg_pool2d", 2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def avg_pool3d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    """The mean of each window of (n, c, d, h, w) or without n; padding is zeros, which count only if count_include_pad.

    stride None is the kernel's size. divisor_override replaces the window's size.
    Raises RuntimeError where no window fits.
    """
    return _avg_pool(
        "avg_pool3d", 3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def _avg_pool(
    name: str,
    spatial: int,
    input: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: int | None,
) -> Any:
    input, single = batched(name, input, spatial)
    if divisor == 0:
        raise OperatorError(f"{name}: divisor must be not zero")
    kernel = per_dimension(name, "kernel_size", kernel_size, spatial)
    out = ops.avg_pool(
        input,
        kernel=kernel,
        stride=per_dimension(name, "stride", stride, spatial, kernel),
        padding=per_dimension(name, "padding", padding, spatial),
        ceil_mode=bool(ceil_mode),
        count_include_pad=bool(count_include_pad),
        divisor=divisor,
    )
    return ops.slice(out, key=(0,)) if single else out


def lp_pool1d(
    input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Any:
    """(sum of x^p)^(1/p) over each window of (n, c, l) or without n, with p = norm_type."""
    return _lp_pool("lp_pool1d", 1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(
    input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Any:
    """(sum of x^p)^(1/p) over each window of (n, c, h, w) or without n, with p = norm_type."""
    return _lp_pool("lp_pool2d", 2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(
    input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Any:
    """(sum of x^p)^(1/p) over each window of (n, c, d, h, w) or without n, with p = norm_type."""
    return _lp_pool("lp_pool3d", 3, input, norm_type, kernel_size, stride, ceil_mode)


def _lp_pool(
    name: str, spatial: int, input: Any, norm_type: float, kernel_size: Any, stride: Any, ceil_mode: bool
) -> Any:
    kernel = per_dimension(name, "kernel_size", kernel_size, spatial)
    mean = _avg_pool(name, spatial, input**norm_type, kernel, stride, 0, ceil_mode, True, None)
    total = ops.mul(ops.mul(ops.sign(mean), ops.relu(ops.abs(mean))), prod(kernel))
    return total ** (1.0 / norm_type)


def max_unpool1d(
    input: Any,
    indices: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    output_size: Any = None,
) -> Any:
    """Zeros with the values of max_pool1d back at their places; output_size settles what the windows leave open.

    Raises:
        ValueError: output_size is out of the reach of the windows.
        RuntimeError: indices do not fit input or the output.
    """
    return _max_unpool("max_unpool1d", 1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(
    input: Any,
    indices: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    output_size: Any = None,
) -> Any:
    """Zeros with the values of max_pool2d back at their places; output_size settles what the windows leave open.

    Raises:
        ValueError: output_size is out of the reach of the windows.
        RuntimeError: indices do not fit input or the output.
    """
    return _max_unpool("max_unpool2d", 2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(
    input: Any,
    indices: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    output_size: Any = None,
) -> Any:
    """Zeros with the values of max_pool3d back at their places; output_size settles what the windows leave open.

    Raises:
        ValueError: output_size is out of the reach of the windows.
        RuntimeError: indices do not fit input or the output.
    """
    return _max_unpool("max_unpool3d", 3, input, indices, kernel_size, stride, padding, output_size)


def _max_unpool(
    name: str,
    spatial: int,
    input: Any,
    indices: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    output_size: Any,
) -> Any:
    kernel = per_dimension(name, "kernel_size", kernel_size, spatial)
    stride = per_dimension(name, "stride", stride, spatial, kernel)
    padding = per_dimension(name, "padding", padding, spatial)
    _check_indices(name, input, indices)
    size = _unpooled_size(input, kernel, stride, padding, output_size)
    input, single = batched(name, input, spatial)
    lead, windows = tuple(input.shape[:2]), prod(input.shape[2:])
    zeros = ops.full(shape=(*lead, prod(size)), value=0, dtype=input.dtype, device=input.device)
    flat = ops.reshape(indices, shape=(*lead, windows))
    try:
        out = ops.scatter(zeros, flat, ops.reshape(input, shape=(*lead, windows)), dim=2)
    except OperatorError as error:
        raise OperatorError(
            f"Found an invalid max index: the output volumes are of size {size}; {error}"
        ) from None
    out = ops.view(out, shape=(*lead, *size))
    return ops.slice(out, key=(0,)) if single else out


def _check_indices(name: str, input: Any, indices: Any) -> None:
    if indices.dtype is not dtypes.int64:
        raise OperatorError(f"{name}: elements in indices should be type int64 but got: {indices.dtype.name}")
    if indices.shape != input.shape:
        raise OperatorError(
            f"Expected shape of indices to be same as that of the input tensor ({list(input.shape)}) but got "
            f"indices tensor with shape: {list(indices.shape)}"
        )


def _unpooled_size(
    input: Any, kernel: tuple[int, ...], stride: tuple[int, ...], padding: tuple[int, ...], output_size: Any
) -> tuple[int, ...]:
    spatial = len(kernel)
    lengths = tuple(input.shape)[-spatial:]
    default = tuple(
        (n - 1) * s - 2 * p + k for n, s, p, k in zip(lengths, stride, padding, kernel, strict=True)
    )
    if output_size is None:
        return default
    size = tuple(int(n) for n in output_size)
    size = size[2:] if len(size) == spatial + 2 else size
    if len(size) != spatial:
        raise OperatorValueError(
            f"output_size should be a sequence containing {spatial} or {spatial + 2} elements, but it has a "
            f"length of {len(output_size)}"
        )
    if any(not d - s < n < d + s for n, d, s in zip(size, default, stride, strict=True)):
        least = [d - s for d, s in zip(default, stride, strict=True)]
        most = [d + s for d, s in zip(default, stride, strict=True)]
        raise OperatorValueError(
            f"invalid output_size {list(size)} (each must be between {least} and {most})"
        )
    return size
