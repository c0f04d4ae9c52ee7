"""Convolution in any number of spatial dimensions, its two gradients, and the windows that all of them rest on.

A convolution is bilinear, so three operators close under differentiation: the gradients of each are the other two.
Data are laid out (batch, channels, *spatial); weights (out channels, in channels / groups, *kernel).
"""

from __future__ import annotations

from math import prod
from typing import Any

from unison_core import ops
from unison_core.dtypes import NUMERIC
from unison_core.errors import OperatorError
from unison_core.operator import Array, composite
from unison_core.ops._shared import adjoint, narrowed, widened
from unison_core.ops.folding import by, col2im, im2col, window_counts
from unison_core.samples import arg, bad, good
from unison_core.spec import Shape, Spec

__all__ = ["conv", "conv_input_grad", "conv_weight_grad"]


def _check_steps(name: str, spatial: int, stride: Shape, padding: Shape, dilation: Shape) -> None:
    for what, given in (("stride", stride), ("padding", padding), ("dilation", dilation)):
        if len(given) != spatial:
            raise OperatorError(
                f"{name}: expected {what} to be a single integer value or a list of {spatial} values to "
                f"match the convolution dimensions, but got {what}={list(given)}"
            )
    if any(s <= 0 for s in stride):
        raise OperatorError(f"{name}: non-positive stride is not supported, got stride={list(stride)}")
    if any(p < 0 for p in padding):
        raise OperatorError(f"{name}: negative padding is not supported, got padding={list(padding)}")
    if any(d <= 0 for d in dilation):
        raise OperatorError(f"{name}: dilation should be greater than zero, got dilation={list(dilation)}")


def _check_weight(name: str, weight: Shape, groups: int, ndim: int) -> None:
    if groups <= 0:
        raise OperatorError(f"{name}: non-positive groups is not supported, got groups={groups}")
    if len(weight) != ndim or ndim < 3:
        raise OperatorError(
            f"{name}: expected {max(ndim, 3)}-dimensional weight for a {ndim}-dimensional input, but got "
            f"weight of size {list(weight)} instead"
        )
    if weight[0] % groups or weight[0] < groups:
        raise OperatorError(
            f"Given groups={groups}, expected weight to be at least {groups} at dimension 0 and divisible by "
            f"it, but got weight of size {list(weight)} instead"
        )


def conv_shape(
    x: Shape, weight: Shape, bias: Shape | None, stride: Shape, padding: Shape, dilation: Shape, groups: int
) -> Shape:
    """The shape of a convolution's result.

    Raises:
        RuntimeError: the shapes or attributes do not fit.
    """
    _check_weight("conv", weight, groups, len(x))
    _check_steps("conv", len(x) - 2, stride, padding, dilation)
    if x[1] != weight[1] * groups:
        raise OperatorError(
            f"Given groups={groups}, weight of size {list(weight)}, expected input{list(x)} to have "
            f"{weight[1] * groups} channels, but got {x[1]} channels instead"
        )
    if bias is not None and bias != (weight[0],):
        raise OperatorError(
            f"Given weight of size {list(weight)}, expected bias to be 1-dimensional with {weight[0]} "
            f"elements, but got bias of size {list(bias)} instead"
        )
    counts = window_counts(x[2:], weight[2:], stride, padding, dilation)
    if any(n < 1 for n in counts):
        padded = [n + 2 * p for n, p in zip(x[2:], padding, strict=True)]
        reach = [d * (k - 1) + 1 for k, d in zip(weight[2:], dilation, strict=True)]
        raise OperatorError(
            f"Calculated padded input size per channel: ({by(padded)}). Kernel size: ({by(reach)}). Kernel "
            "size can't be greater than actual input size"
        )
    return (x[0], weight[0], *counts)


def _same_dtypes(x: Any, weight: Any, bias: Any = None) -> None:
    if weight.dtype is not x.dtype:
        raise OperatorError(
            f"Input type ({x.dtype.name}) and weight type ({weight.dtype.name}) should be the same; cast one "
            "of them"
        )
    if bias is not None and bias.dtype is not x.dtype:
        raise OperatorError(
            f"Input type ({x.dtype.name}) and bias type ({bias.dtype.name}) should be the same; cast one of "
            "them"
        )


@composite(dtypes=NUMERIC)
def conv(
    x: Array, weight: Array, bias: Array, *, stride: Shape, padding: Shape, dilation: Shape, groups: int
) -> Array:
    """Cross-correlation of x (n, c, *spatial) with weight (k, c / groups, *kernel), plus bias (k) or None.

    Half types accumulate in float32.
    """
    given = None if bias is None else tuple(bias.shape)
    shape = conv_shape(tuple(x.shape), tuple(weight.shape), given, stride, padding, dilation, groups)
    _same_dtypes(x, weight, bias)
    columns = im2col(x, kernel=tuple(weight.shape[2:]), stride=stride, padding=padding, dilation=dilation)
    columns = ops.reshape(columns, shape=(shape[0], groups, columns.shape[1] // groups, columns.shape[2]))
    out = ops.reshape(ops.matmul(_rows(widened(weight), groups), widened(columns)), shape=shape)
    if bias is not None:
        out = ops.add(out, ops.reshape(widened(bias), shape=(shape[1], *[1] * (len(shape) - 2))))
    return narrowed(out, x)


def _rows(weight: Any, groups: int) -> Any:
    """The weight as one matrix per group."""
    return ops.reshape(weight, shape=(groups, weight.shape[0] // groups, prod(weight.shape[1:])))


@conv.infer
def conv_infer(
    x: Spec, weight: Spec, bias: Any, *, stride: Shape, padding: Shape, dilation: Shape, groups: int
) -> Spec:
    _same_dtypes(x, weight, bias)
    given = None if bias is None else bias.shape
    return x.like(conv_shape(x.shape, weight.shape, given, stride, padding, dilation, groups))


@conv.vjp(values={"x": "weight", "weight": "x"}, specs="x weight bias")
def conv_vjp(
    g: Any,
    out: Any,
    x: Any,
    weight: Any,
    bias: Any,
    *,
    stride: Shape,
    padding: Shape,
    dilation: Shape,
    groups: int,
) -> Any:
    steps: dict[str, Any] = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    gx = gw = gb = None
    if x.tracked:
        gx = conv_input_grad(g, adjoint(weight), size=tuple(x.shape[2:]), **steps)
    if weight.tracked:
        gw = conv_weight_grad(adjoint(x), g, kernel=tuple(weight.shape[2:]), **steps)
    if bias is not None and bias.tracked:
        gb = ops.sum(g, dim=(0, *range(2, len(g.shape))), keepdim=False)
    return gx, gw, gb


_PLAIN: dict[str, Any] = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "groups": 1}


@conv.samples
def conv_samples() -> Any:
    line: dict[str, Any] = {"stride": (2,), "padding": (1,), "dilation": (1,), "groups": 1}
    yield good(arg(2, 3, 5, 6), arg(4, 3, 3, 2), arg(4), **_PLAIN)
    yield good(arg(2, 3, 9), arg(4, 3, 3), None, **line)
    yield good(arg(1, 4, 6, 5), arg(6, 2, 3, 3), arg(6), **{**_PLAIN, "padding": (1, 2), "groups": 2})
    yield good(arg(1, 4, 7, 7), arg(4, 1, 3, 3), None, **{**_PLAIN, "dilation": (2, 1), "groups": 4})
    yield good(arg(2, 3, 4, 4), arg(5, 3, 1, 1), arg(5), **{**_PLAIN, "stride": (2, 2)})
    cube: dict[str, Any] = {"stride": (1, 2, 1), "padding": (1, 0, 1), "dilation": (1, 1, 1), "groups": 1}
    yield good(arg(1, 2, 3, 4, 3), arg(2, 2, 2, 3, 2), arg(2), **cube)
    yield good(arg(0, 3, 5, 5), arg(4, 3, 3, 3), arg(4), **_PLAIN)
    yield bad(RuntimeError, "to have 3 channels, but got 2", arg(1, 2, 5, 5), arg(4, 3, 3, 3), None, **_PLAIN)
    yield bad(RuntimeError, "can't be greater", arg(1, 3, 2, 2), arg(4, 3, 3, 3), None, **_PLAIN)
    yield bad(RuntimeError, "bias to be 1-dim", arg(1, 3, 5, 5), arg(4, 3, 3, 3), arg(3), **_PLAIN)
    yield bad(RuntimeError, "divisible", arg(1, 4, 5, 5), arg(3, 2, 3, 3), None, **{**_PLAIN, "groups": 2})
    yield bad(RuntimeError, "stride", arg(1, 3, 5, 5), arg(4, 3, 3, 3), None, **{**_PLAIN, "stride": (0, 1)})
    yield bad(
        RuntimeError, "padding", arg(1, 3, 5, 5), arg(4, 3, 3, 3), None, **{**_PLAIN, "padding": (-1, 0)}
    )
    yield bad(
        RuntimeError, "dilation", arg(1, 3, 5, 5), arg(4, 3, 3, 3), None, **{**_PLAIN, "dilation": (0, 1)}
    )


@composite(dtypes=NUMERIC)
def conv_input_grad(
    g: Array,
    weight: Array,
    *,
    size: Shape,
    stride: Shape,
    padding: Shape,
    dilation: Shape,
    groups: int,
) -> Array:
    """The adjoint of conv in its input, whose spatial lengths are `size`: also the transposed convolution.

    Half types accumulate in float32.
    """
    _same_dtypes(g, weight)
    shape = _input_shape(tuple(g.shape), tuple(weight.shape), size, stride, padding, dilation, groups)
    rows = ops.transpose_last(_rows(widened(weight), groups))
    grads = ops.reshape(widened(g), shape=(shape[0], groups, g.shape[1] // groups, prod(g.shape[2:])))
    columns = ops.matmul(rows, grads)
    columns = ops.reshape(columns, shape=(shape[0], groups * columns.shape[2], columns.shape[3]))
    kernel = tuple(weight.shape[2:])
    out = col2im(columns, size=size, kernel=kernel, stride=stride, padding=padding, dilation=dilation)
    return narrowed(out, g)


def _input_shape(
    g: Shape, weight: Shape, size: Shape, stride: Shape, padding: Shape, dilation: Shape, groups: int
) -> Shape:
    _check_weight("conv_input_grad", weight, groups, len(g))
    _check_steps("conv_input_grad", len(g) - 2, stride, padding, dilation)
    if g[1] != weight[0]:
        raise OperatorError(
            f"Given transposed=1, weight of size {list(weight)}, expected input{list(g)} to have {weight[0]} "
            f"channels, but got {g[1]} channels instead"
        )
    shape = (g[0], weight[1] * groups, *size)
    if len(size) != len(g) - 2 or conv_shape(shape, weight, None, stride, padding, dilation, groups) != g:
        raise OperatorError(
            f"conv_input_grad: a convolution of {list(shape)} with weight {list(weight)} does not give "
            f"{list(g)}"
        )
    return shape


@conv_input_grad.infer
def conv_input_grad_infer(
    g: Spec, weight: Spec, *, size: Shape, stride: Shape, padding: Shape, dilation: Shape, groups: int
) -> Spec:
    _same_dtypes(g, weight)
    return g.like(_input_shape(g.shape, weight.shape, size, stride, padding, dilation, groups))


@conv_input_grad.vjp(values={"g": "weight", "weight": "g"}, specs="g weight")
def conv_input_grad_vjp(
    gg: Any,
    out: Any,
    g: Any,
    weight: Any,
    *,
    size: Shape,
    stride: Shape,
    padding: Shape,
    dilation: Shape,
    groups: int,
) -> Any:
    steps: dict[str, Any] = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    to_g = conv(gg, adjoint(weight), None, **steps) if g.tracked else None
    to_weight = None
    if weight.tracked:
        to_weight = conv_weight_grad(gg, adjoint(g), kernel=tuple(weight.shape[2:]), **steps)
    return to_g, to_weight


@conv_input_grad.samples
def conv_input_grad_samples() -> Any:
    yield good(arg(2, 4, 3, 5), arg(4, 3, 3, 2), size=(5, 6), **_PLAIN)
    yield good(arg(2, 4, 2), arg(4, 2, 3), size=(6,), stride=(2,), padding=(0,), dilation=(1,), groups=2)
    yield good(arg(1, 4, 3, 3), arg(4, 1, 3, 3), size=(5, 5), **{**_PLAIN, "groups": 4})
    yield bad(RuntimeError, "does not give", arg(2, 4, 3, 5), arg(4, 3, 3, 2), size=(7, 6), **_PLAIN)
    yield bad(
        RuntimeError, "expected input.*4 channels", arg(2, 5, 3, 5), arg(4, 3, 3, 2), size=(5, 6), **_PLAIN
    )


@composite(dtypes=NUMERIC)
def conv_weight_grad(
    x: Array,
    g: Array,
    *,
    kernel: Shape,
    stride: Shape,
    padding: Shape,
    dilation: Shape,
    groups: int,
) -> Array:
    """The adjoint of conv in its weight, whose spatial lengths are `kernel`; half types accumulate in float32."""
    _same_dtypes(x, g)
    shape = _weight_shape(tuple(x.shape), tuple(g.shape), kernel, stride, padding, dilation, groups)
    columns = im2col(x, kernel=kernel, stride=stride, padding=padding, dilation=dilation)
    columns = ops.reshape(columns, shape=(x.shape[0], groups, columns.shape[1] // groups, columns.shape[2]))
    grads = ops.reshape(widened(g), shape=(g.shape[0], groups, g.shape[1] // groups, prod(g.shape[2:])))
    per_image = ops.matmul(grads, ops.transpose_last(widened(columns)))
    # Sums of small integers come out as int64.
    return ops.reshape(narrowed(ops.sum(per_image, dim=(0,), keepdim=False), x), shape=shape)


def _weight_shape(
    x: Shape, g: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape, groups: int
) -> Shape:
    if groups <= 0 or x[1] % groups:
        raise OperatorError(f"conv_weight_grad: {groups} groups do not divide the channels of {list(x)}")
    weight = (g[1], x[1] // groups, *kernel)
    if conv_shape(x, weight, None, stride, padding, dilation, groups) != g:
        raise OperatorError(
            f"conv_weight_grad: a convolution of {list(x)} with weight {list(weight)} does not give {list(g)}"
        )
    return weight


@conv_weight_grad.infer
def conv_weight_grad_infer(
    x: Spec, g: Spec, *, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape, groups: int
) -> Spec:
    _same_dtypes(x, g)
    return x.like(_weight_shape(x.shape, g.shape, kernel, stride, padding, dilation, groups))


@conv_weight_grad.vjp(values={"x": "g", "g": "x"}, specs="x g")
def conv_weight_grad_vjp(
    gg: Any,
    out: Any,
    x: Any,
    g: Any,
    *,
    kernel: Shape,
    stride: Shape,
    padding: Shape,
    dilation: Shape,
    groups: int,
) -> Any:
    steps: dict[str, Any] = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    to_x = conv_input_grad(adjoint(g), gg, size=tuple(x.shape[2:]), **steps) if x.tracked else None
    to_g = conv(adjoint(x), gg, None, **steps) if g.tracked else None
    return to_x, to_g


@conv_weight_grad.samples
def conv_weight_grad_samples() -> Any:
    yield good(arg(2, 3, 5, 6), arg(2, 4, 3, 5), kernel=(3, 2), **_PLAIN)
    yield good(arg(2, 4, 6), arg(2, 4, 2), kernel=(3,), stride=(2,), padding=(0,), dilation=(1,), groups=2)
    yield good(arg(1, 4, 5, 5), arg(1, 4, 3, 3), kernel=(3, 3), **{**_PLAIN, "groups": 4})
    yield bad(RuntimeError, "does not give", arg(2, 3, 5, 6), arg(2, 4, 3, 4), kernel=(3, 2), **_PLAIN)
