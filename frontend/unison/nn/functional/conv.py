"""Convolutions and transposed convolutions in one, two and three dimensions."""

from __future__ import annotations

from typing import Any

from unison.nn.functional._sizes import batched, per_dimension
from unison_core import ops
from unison_core.errors import OperatorError, OperatorValueError

__all__ = [
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_tbc",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
]


def conv1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """Cross-correlation of input (n, c, l) with weight (k, c / groups, kernel), plus bias (k).

    `padding` is a number, "valid" or "same". Raises RuntimeError where shapes or dtypes do not fit.
    """
    return _conv("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """Cross-correlation of input (n, c, h, w) with weight (k, c / groups, *kernel), plus bias (k).

    `padding` is a number, a pair, "valid" or "same". Raises RuntimeError where shapes or dtypes do not fit.
    """
    return _conv("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """Cross-correlation of input (n, c, d, h, w) with weight (k, c / groups, *kernel), plus bias (k).

    `padding` is a number, a triple, "valid" or "same". Raises RuntimeError where shapes or dtypes do not fit.
    """
    return _conv("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)


def _conv(
    name: str,
    spatial: int,
    input: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
) -> Any:
    input, single = batched(name, input, spatial)
    _check_weight(name, input, weight)
    stride = per_dimension(name, "stride", stride, spatial)
    dilation = per_dimension(name, "dilation", dilation, spatial)
    if isinstance(padding, str):
        input, padding = _named_padding(input, weight, padding, stride, dilation)
    else:
        padding = per_dimension(name, "padding", padding, spatial)
    out = ops.conv(input, weight, bias, stride=stride, padding=padding, dilation=dilation, groups=groups)
    return ops.slice(out, key=(0,)) if single else out


def _check_weight(name: str, input: Any, weight: Any) -> None:
    if weight.array.ndim != input.array.ndim:
        raise OperatorError(
            f"{name}: expected {input.array.ndim}-dimensional weight, but got weight of size "
            f"{list(weight.shape)}"
        )


def _named_padding(
    input: Any, weight: Any, padding: str, stride: tuple[int, ...], dilation: tuple[int, ...]
) -> tuple[Any, tuple[int, ...]]:
    """The padding that a name means, and the input with the odd element of "same" added at its end.

    Raises:
        RuntimeError: an unknown name, or "same" with strides.
    """
    if padding == "valid":
        return input, (0,) * len(stride)
    if padding != "same":
        raise OperatorError(f"Invalid padding string: {padding!r}; it is 'valid' or 'same'")
    if any(s != 1 for s in stride):
        raise OperatorError("padding='same' is not supported for strided convolutions")
    total = [d * (k - 1) for d, k in zip(dilation, weight.shape[2:], strict=True)]
    if any(t % 2 for t in total):
        input = ops.pad(input, widths=((0, 0), (0, 0), *((0, t % 2) for t in total)), value=0)
    return input, tuple(t // 2 for t in total)


def conv_transpose1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """The adjoint of conv1d in its input: input (n, k, l), weight (k, c / groups, kernel), bias (c)."""
    return _conv_transpose(
        "conv_transpose1d",
        1,
        input,
        weight,
        bias,
        stride,
        padding,
        output_padding,
        groups,
        dilation,
    )


def conv_transpose2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """The adjoint of conv2d in its input: input (n, k, h, w), weight (k, c / groups, *kernel), bias (c)."""
    return _conv_transpose(
        "conv_transpose2d", 2, input, weight, bias, stride, padding, output_padding, groups, dilation
    )


def conv_transpose3d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """The adjoint of conv3d in its input: input (n, k, d, h, w), weight (k, c / groups, *kernel), bias (c)."""
    return _conv_transpose(
        "conv_transpose3d", 3, input, weight, bias, stride, padding, output_padding, groups, dilation
    )


def _conv_transpose(
    name: str,
    spatial: int,
    input: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    output_padding: Any,
    groups: int,
    dilation: Any,
) -> Any:
    input, single = batched(name, input, spatial)
    _check_weight(name, input, weight)
    stride = per_dimension(name, "stride", stride, spatial)
    padding = per_dimension(name, "padding", padding, spatial)
    extra = per_dimension(name, "output_padding", output_padding, spatial)
    dilation = per_dimension(name, "dilation", dilation, spatial)
    _check_transpose(name, input, weight, bias, stride, padding, extra, dilation, groups)
    size = tuple(
        (n - 1) * s - 2 * p + d * (k - 1) + 1 + e
        for n, s, p, d, k, e in zip(
            input.shape[2:], stride, padding, dilation, weight.shape[2:], extra, strict=True
        )
    )
    if any(n < 1 for n in size):
        raise OperatorError(
            f"Given input size per channel: {tuple(input.shape[2:])}. Calculated output size per channel: "
            f"{size}. Output size is too small"
        )
    input = _with_extra_windows(input, tuple(weight.shape[2:]), size, stride, padding, dilation)
    out = ops.conv_input_grad(
        input, weight, size=size, stride=stride, padding=padding, dilation=dilation, groups=groups
    )
    if bias is not None:
        out = ops.add(out, ops.view(bias, shape=(bias.shape[0], *[1] * spatial)))
    return ops.slice(out, key=(0,)) if single else out


def _with_extra_windows(
    input: Any,
    kernel: tuple[int, ...],
    size: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
) -> Any:
    """input with zeros for the windows that output padding of a stride or more makes room for."""
    counts = [
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True)
    ]
    more = [(0, m - n) for m, n in zip(counts, input.shape[2:], strict=True)]
    return ops.pad(input, widths=((0, 0), (0, 0), *more), value=0) if any(n for _, n in more) else input


def _check_transpose(
    name: str,
    input: Any,
    weight: Any,
    bias: Any,
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    extra: tuple[int, ...],
    dilation: tuple[int, ...],
    groups: int,
) -> None:
    """What conv_input_grad cannot say in the words of a transposed convolution.

    Raises:
        RuntimeError: an attribute is out of range, or channels do not fit.
    """
    for what, given, least in (("stride", stride, 1), ("padding", padding, 0), ("dilation", dilation, 1)):
        if min(given) < least:
            raise OperatorError(f"{name}: {what} must be at least {least}, but got {what}={list(given)}")
    if any(e < 0 or e >= max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)):
        raise OperatorError(
            "output padding must be smaller than either stride or dilation, but got output_padding "
            f"{list(extra)}, stride {list(stride)}, dilation {list(dilation)}"
        )
    if groups < 1 or weight.shape[0] % groups:
        raise OperatorError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but got "
            f"weight of size {list(weight.shape)} instead"
        )
    if input.shape[1] != weight.shape[0]:
        raise OperatorError(
            f"Given transposed=1, weight of size {list(weight.shape)}, expected input{list(input.shape)} to "
            f"have {weight.shape[0]} channels, but got {input.shape[1]} channels instead"
        )
    channels = weight.shape[1] * groups
    if bias is not None and tuple(bias.shape) != (channels,):
        raise OperatorError(
            f"Given transposed=1, weight of size {list(weight.shape)}, expected bias to be 1-dimensional "
            f"with {channels} elements, but got bias of size {list(bias.shape)} instead"
        )


def conv_tbc(input: Any, weight: Any, bias: Any, pad: int = 0) -> Any:
    """Convolution of input (time, batch, channels) with weight (kernel, channels, out channels), plus bias.

    Raises:
        ValueError: an input has another number of dimensions.
    """
    if input.array.ndim != 3 or weight.array.ndim != 3 or bias.array.ndim != 1:
        raise OperatorValueError(
            "conv_tbc: expected a 3-D input, a 3-D weight and a 1-D bias, but got sizes "
            f"{list(input.shape)}, {list(weight.shape)} and {list(bias.shape)}"
        )
    out = conv1d(ops.permute(input, dims=(1, 2, 0)), ops.permute(weight, dims=(2, 1, 0)), bias, padding=pad)
    return ops.permute(out, dims=(2, 0, 1))
