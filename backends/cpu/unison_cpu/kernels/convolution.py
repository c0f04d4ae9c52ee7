"""Convolution and its two gradients on channels-last memory (Note [Channels last]).

Four routes: 1x1 kernels are a matrix product on the data as they lie; depthwise ones add up kernel taps over strided
slices; everything else multiplies blocks of columns; groups are slices of channels.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Any

import numpy as np

from unison_core.arraykit.taps import overlap
from unison_cpu.kernels._columns import (
    Shape,
    blocks,
    channels_first,
    channels_last,
    counts_of,
    empty_channels_last,
)
from unison_cpu.kernels._scratch import scratch

__all__ = ["KERNELS"]

Steps = dict[str, Shape]


def conv(
    x: Any, weight: Any, bias: Any, *, stride: Shape, padding: Shape, dilation: Shape, groups: int
) -> Any:
    _check(x, weight, stride, padding, dilation, groups)
    if bias is not None and (bias.shape != (weight.shape[0],) or bias.dtype != x.dtype):
        raise ValueError("bias")
    counts = counts_of(x.shape[2:], weight.shape[2:], stride, padding, dilation)
    if min(counts) < 1:
        raise ValueError("kernel")
    if x.dtype.itemsize == 2 and x.dtype.kind not in "iu":
        wide = np.float32
        out = conv(
            x.astype(wide), weight.astype(wide), None if bias is None else bias.astype(wide),
            stride=stride, padding=padding, dilation=dilation, groups=groups,
        )  # fmt: skip
        return out.astype(x.dtype)
    steps: Steps = {"stride": stride, "padding": padding, "dilation": dilation}
    out, last = empty_channels_last(x.shape[0], weight.shape[0], counts, x.dtype)
    if 0 in x.shape or 0 in weight.shape:
        last.fill(0)
    elif _is_depthwise(weight, groups):
        _depthwise(last, x, weight, steps)
    else:
        for members, outputs in _groups(groups, weight.shape):
            _conv_group(last[..., outputs], x[:, members], weight[outputs], steps)
    if bias is not None:
        last += bias
    return out


def _check(x: Any, weight: Any, stride: Shape, padding: Shape, dilation: Shape, groups: int) -> None:
    """What NumPy would accept against the rules; which of them it was is for the rules to say."""
    if (
        x.ndim < 3
        or weight.ndim != x.ndim
        or weight.dtype != x.dtype
        or groups < 1
        or weight.shape[0] % groups
        or x.shape[1] != weight.shape[1] * groups
        or not len(stride) == len(padding) == len(dilation) == x.ndim - 2
        or min(stride) < 1
        or min(dilation) < 1
        or min(padding) < 0
    ):
        raise ValueError("conv")


def _groups(groups: int, weight: Shape) -> Iterator[tuple[slice, slice]]:
    """The input and the output channels of each group."""
    inputs, outputs = weight[1], weight[0] // groups
    for i in range(groups):
        yield slice(i * inputs, (i + 1) * inputs), slice(i * outputs, (i + 1) * outputs)


def _is_depthwise(weight: Any, groups: int) -> bool:
    return groups > 1 and weight.shape[1] == 1


def _is_pointwise(kernel: Shape, padding: Shape) -> bool:
    return all(k == 1 for k in kernel) and not any(padding)


def _conv_group(last: Any, x: Any, weight: Any, steps: Steps) -> None:
    """Write the convolution into `last` (n, *counts, k)."""
    kernel, channels = weight.shape[2:], weight.shape[0]
    if _is_pointwise(kernel, steps["padding"]):
        _multiply(last, _strided(x, steps["stride"]), weight.reshape(channels, -1).T)
        return
    matrix = _matrix(weight)
    whole = last.flags.c_contiguous
    flat = last.reshape(-1, channels) if whole else np.empty((prod(last.shape[:-1]), channels), last.dtype)
    for rows, columns in blocks(channels_last(x), last.shape[1:-1], kernel, **steps):
        np.matmul(columns, matrix, out=flat[rows])
    if not whole:
        last[...] = flat.reshape(last.shape)


def _multiply(last: Any, data: Any, matrix: Any) -> None:
    """last = data @ matrix over the last dimension, as one product."""
    rows = np.ascontiguousarray(data).reshape(-1, data.shape[-1])
    if last.flags.c_contiguous:
        np.matmul(rows, matrix, out=last.reshape(-1, last.shape[-1]))
    else:
        last[...] = np.matmul(rows, matrix).reshape(last.shape)


def _strided(x: Any, stride: Shape) -> Any:
    """Every stride-th position of x (n, c, *spatial) as (n, *spatial, c)."""
    return channels_last(x)[(slice(None), *(slice(None, None, s) for s in stride))]


def _matrix(weight: Any) -> Any:
    """The weight (k, c, *kernel) as (prod(kernel) * c, k), the order of columns."""
    return np.ascontiguousarray(weight.transpose(*range(2, weight.ndim), 1, 0)).reshape(-1, weight.shape[0])


def conv_input_grad(
    g: Any, weight: Any, *, size: Shape, stride: Shape, padding: Shape, dilation: Shape, groups: int
) -> Any:
    channels = weight.shape[1] * groups
    shape = (g.shape[0], channels, *size)
    counts = counts_of(size, weight.shape[2:], stride, padding, dilation)
    _check(np.broadcast_to(g.dtype.type(0), shape), weight, stride, padding, dilation, groups)
    if g.shape != (shape[0], weight.shape[0], *counts):
        raise ValueError("g")
    steps: Steps = {"stride": stride, "padding": padding, "dilation": dilation}
    if g.dtype.itemsize == 2 and g.dtype.kind not in "iu":
        wide = conv_input_grad(
            g.astype(np.float32), weight.astype(np.float32), size=size, groups=groups, **steps
        )
        return wide.astype(g.dtype)
    out, last = empty_channels_last(shape[0], channels, size, g.dtype)
    if 0 in g.shape or 0 in weight.shape:
        last.fill(0)
    elif _is_depthwise(weight, groups):
        last.fill(0)
        _depthwise_input_grad(last, g, weight, steps)
    else:
        for members, outputs in _groups(groups, weight.shape):
            _input_grad_group(last[..., members], g[:, outputs], weight[outputs], steps)
    return out


def _input_grad_group(last: Any, g: Any, weight: Any, steps: Steps) -> None:
    kernel = weight.shape[2:]
    reach = tuple(
        d * (k - 1) - p for k, d, p in zip(kernel, steps["dilation"], steps["padding"], strict=True)
    )
    unit = all(s == 1 for s in steps["stride"])
    if unit and _is_pointwise(kernel, steps["padding"]):
        _multiply(last, channels_last(g), weight.reshape(weight.shape[0], -1))
    elif unit and min(reach) >= 0:
        turned = weight[(slice(None), slice(None), *(slice(None, None, -1) for _ in kernel))]
        back: Steps = {"stride": steps["stride"], "padding": reach, "dilation": steps["dilation"]}
        _conv_group(last, g, turned.swapaxes(0, 1), back)
    else:
        _scatter_taps(last, g, weight, steps)


# Elements of the products of all taps made at a time.
_TAP_ELEMENTS = 1 << 18


def _scatter_taps(last: Any, g: Any, weight: Any, steps: Steps) -> None:
    """Multiply g by all taps at once, and add each where its window had it; a few images at a time."""
    kernel = weight.shape[2:]
    taps = list(product(*map(range, kernel)))
    matrix = _matrix(weight).T.reshape(weight.shape[0], -1)
    rows = channels_last(g)
    counts = rows.shape[1:-1]
    images = max(1, _TAP_ELEMENTS // max(1, prod(counts) * matrix.shape[1]))
    last[...] = 0
    for start in range(0, last.shape[0], images):
        part = np.ascontiguousarray(rows[start : start + images])
        block = np.matmul(part.reshape(-1, part.shape[-1]), matrix)
        block = block.reshape(*part.shape[:-1], len(taps), -1)
        target = last[start : start + images]
        for i, tap in enumerate(taps):
            to, source = overlap(tap, last.shape[1:-1], counts, **steps)
            target[(slice(None), *to)] += block[(slice(None), *source, i)]


def conv_weight_grad(
    x: Any, g: Any, *, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape, groups: int
) -> Any:
    if groups < 1 or x.shape[1] % groups:
        raise ValueError("groups")
    shape = (g.shape[1], x.shape[1] // groups, *kernel)
    _check(x, np.broadcast_to(g.dtype.type(0), shape), stride, padding, dilation, groups)
    if g.shape != (x.shape[0], shape[0], *counts_of(x.shape[2:], kernel, stride, padding, dilation)):
        raise ValueError("g")
    steps: Steps = {"stride": stride, "padding": padding, "dilation": dilation}
    if x.dtype.itemsize == 2 and x.dtype.kind not in "iu":
        wide = conv_weight_grad(
            x.astype(np.float32), g.astype(np.float32), kernel=kernel, groups=groups, **steps
        )
        return wide.astype(x.dtype)
    out = np.empty(shape, x.dtype)
    if 0 in x.shape or 0 in g.shape:
        out.fill(0)
    elif groups > 1 and shape[1] == 1:
        _depthwise_weight_grad(out, x, g, steps)
    else:
        for members, outputs in _groups(groups, shape):
            _weight_grad_group(out[outputs], x[:, members], g[:, outputs], steps)
    return out


def _weight_grad_group(out: Any, x: Any, g: Any, steps: Steps) -> None:
    kernel, channels = out.shape[2:], g.shape[1]
    rows_of_g = np.ascontiguousarray(channels_last(g)).reshape(-1, channels)
    if _is_pointwise(kernel, steps["padding"]):
        columns = np.ascontiguousarray(_strided(x, steps["stride"])).reshape(-1, x.shape[1])
        out[...] = np.matmul(rows_of_g.T, columns).reshape(out.shape)
        return
    total = np.zeros((channels, prod(out.shape[1:])), x.dtype)
    for rows, columns in blocks(channels_last(x), g.shape[2:], kernel, **steps):
        total += np.matmul(rows_of_g[rows].T, columns)
    out[...] = channels_first(total.reshape(channels, *kernel, -1))


def _depthwise(last: Any, x: Any, weight: Any, steps: Steps) -> None:
    """One input channel per output channel: last[..., c, m] is the sum over taps of x[..., c] * weight[c, m, tap]."""
    channels = x.shape[1]
    taps = _depthwise_taps(weight, channels)
    out, data = last.reshape(*last.shape[:-1], channels, -1), channels_last(x)
    keys = _tap_keys(weight.shape[2:], data.shape[1:-1], last.shape[1:-1], steps)
    for part, to in _few_images(data, out):
        to[...] = 0
        product_of = scratch("products", to.shape, to.dtype)
        for tap, places, windows in keys:
            into = product_of[windows]
            np.multiply(part[places][..., None], taps[tap], out=into)
            to[windows] += into


def _depthwise_taps(weight: Any, channels: int) -> Any:
    """The weight (c * m, 1, *kernel) as (*kernel, c, m)."""
    taps = weight.reshape(channels, -1, *weight.shape[2:])
    return np.ascontiguousarray(taps.transpose(*range(2, weight.ndim), 0, 1))


def _tap_keys(
    kernel: Shape, size: Shape, counts: Shape, steps: Steps
) -> list[tuple[Shape, tuple[slice, ...], tuple[slice, ...]]]:
    """For each tap: itself, and the keys of (n, *size, ...) and (n, *counts, ...) that it joins."""
    keys = []
    for tap in product(*map(range, kernel)):
        places, windows = overlap(tap, size, counts, **steps)
        keys.append((tap, (slice(None), *places), (slice(None), *windows)))
    return keys


def _few_images(*arrays: Any) -> Iterator[tuple[Any, ...]]:
    """Runs of images of the arrays, short enough to stay in the cache over all taps."""
    per_image = max(a[:1].size for a in arrays)
    images = max(1, _TAP_ELEMENTS // 4 // max(1, per_image))
    for start in range(0, arrays[0].shape[0], images):
        yield tuple(a[start : start + images] for a in arrays)


def _depthwise_input_grad(last: Any, g: Any, weight: Any, steps: Steps) -> None:
    channels = last.shape[-1]
    taps = _depthwise_taps(weight, channels)
    rows = np.ascontiguousarray(channels_last(g)).reshape(g.shape[0], *g.shape[2:], channels, -1)
    keys = _tap_keys(weight.shape[2:], last.shape[1:-1], g.shape[2:], steps)
    for to, part in _few_images(last, rows):
        products = scratch("products", part.shape, part.dtype)
        for tap, places, windows in keys:
            into = products[windows]
            np.multiply(part[windows], taps[tap], out=into)
            to[places] += into[..., 0] if taps.shape[-1] == 1 else into.sum(-1)


def _depthwise_weight_grad(out: Any, x: Any, g: Any, steps: Steps) -> None:
    channels = x.shape[1]
    rows = np.ascontiguousarray(channels_last(g)).reshape(g.shape[0], *g.shape[2:], channels, -1)
    keys = _tap_keys(out.shape[2:], x.shape[2:], g.shape[2:], steps)
    out[...] = 0
    for data, part in _few_images(channels_last(x), rows):
        products = scratch("products", part.shape, part.dtype)
        for tap, places, windows in keys:
            into = products[windows]
            np.multiply(data[places][..., None], part[windows], out=into)
            out[(slice(None), 0, *tap)] += into.sum(axis=tuple(range(into.ndim - 2))).reshape(-1)


KERNELS = {"conv": conv, "conv_input_grad": conv_input_grad, "conv_weight_grad": conv_weight_grad}
