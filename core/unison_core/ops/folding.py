"""Sliding windows of data (batch, channels, *spatial) as columns, and columns added back: adjoint to each other."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from itertools import product
from math import prod
from typing import Any

from unison_core import ops
from unison_core.dtypes import ALL, NUMERIC
from unison_core.errors import OperatorError
from unison_core.operator import Array, composite
from unison_core.ops._shared import narrowed, widened
from unison_core.samples import arg, bad, good
from unison_core.spec import Shape, Spec

__all__ = ["by", "col2im", "im2col", "window_counts"]


def window_counts(size: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape) -> Shape:
    """How many windows fit along each dimension; below 1 where none does."""
    return tuple(
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True)
    )


def by(sizes: Sequence[int]) -> str:
    return " x ".join(str(n) for n in sizes)


def _blocks(size: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape) -> Shape:
    """The counts of sliding blocks.

    Raises:
        RuntimeError: there is none, or an attribute is out of range.
    """
    for what, given, least in (
        ("kernel_size", kernel, 1), ("dilation", dilation, 1), ("padding", padding, 0), ("stride", stride, 1)
    ):  # fmt: skip
        if len(given) != len(size):
            raise OperatorError(f"It is expected {what} equals to {len(size)}, but got size {len(given)}")
        if any(n < least for n in given):
            bound = "greater than zero" if least else "non-negative"
            raise OperatorError(f"{what} should be {bound}, but got {what} {by(given)}")
    counts = window_counts(size, kernel, stride, padding, dilation)
    if any(n < 1 for n in counts):
        raise OperatorError(
            f"Given input with spatial size {size}, kernel_size={kernel}, dilation={dilation}, "
            f"padding={padding}, stride={stride}, calculated shape of the array of sliding blocks as "
            f"{counts}, but its components must be at least one."
        )
    return counts


@composite(dtypes=ALL)
def im2col(x: Array, *, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape) -> Array:
    """The windows of x (n, c, *spatial), zero-padded, as columns: (n, c * prod(kernel), windows)."""
    counts = _blocks(tuple(x.shape[2:]), kernel, stride, padding, dilation)
    n, c = x.shape[0], x.shape[1]
    spatial = len(kernel)
    if any(padding):
        x = ops.pad(x, widths=((0, 0), (0, 0), *((p, p) for p in padding)), value=0)
    for i, (k, s, d) in enumerate(zip(kernel, stride, dilation, strict=True)):
        x = ops.unfold(x, dim=2 + i, size=d * (k - 1) + 1, step=s)
    x = ops.slice(x, key=(..., *(builtins.slice(None, None, d) for d in dilation)))
    x = ops.permute(x, dims=(0, 1, *range(2 + spatial, 2 + 2 * spatial), *range(2, 2 + spatial)))
    return ops.reshape(x, shape=(n, c * prod(kernel), prod(counts)))


@im2col.infer
def im2col_infer(x: Spec, *, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape) -> Spec:
    if x.ndim < 3:
        raise OperatorError(f"im2col: expected (batch, channels, *spatial), got {list(x.shape)}")
    counts = _blocks(x.shape[2:], kernel, stride, padding, dilation)
    return x.like((x.shape[0], x.shape[1] * prod(kernel), prod(counts)))


@im2col.vjp(specs="x")
def im2col_vjp(
    g: Any, out: Any, x: Any, *, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape
) -> Any:
    size = tuple(x.shape[2:])
    return col2im(g, size=size, kernel=kernel, stride=stride, padding=padding, dilation=dilation)


@im2col.samples
def im2col_samples() -> Any:
    yield good(arg(2, 3, 5, 6), kernel=(3, 2), stride=(1, 2), padding=(1, 0), dilation=(1, 1))
    yield good(arg(1, 2, 9), kernel=(3,), stride=(2,), padding=(0,), dilation=(2,))
    yield bad(
        RuntimeError, "at least one", arg(1, 2, 2), kernel=(3,), stride=(1,), padding=(0,), dilation=(1,)
    )


@composite(dtypes=NUMERIC)
def col2im(
    columns: Array, *, size: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape
) -> Array:
    """The adjoint of im2col: columns (n, c * prod(kernel), windows) added up where they overlap, (n, c, *size)."""
    counts = _checked_columns(tuple(columns.shape), size, kernel, stride, padding, dilation)
    n, c = columns.shape[0], columns.shape[1] // prod(kernel)
    parts = ops.reshape(widened(columns), shape=(n, c, *kernel, *counts))
    padded = (n, c, *(length + 2 * p for length, p in zip(size, padding, strict=True)))
    whole = (builtins.slice(None),) * 2
    out = None
    for tap in product(*map(range, kernel)):
        key = (*whole, *(
            builtins.slice(t * d, t * d + s * (m - 1) + 1, s)
            for t, d, s, m in zip(tap, dilation, stride, counts, strict=True)
        ))  # fmt: skip
        part = ops.unslice(ops.slice(parts, key=(*whole, *tap)), shape=padded, key=key)
        out = part if out is None else ops.add(out, part)
    inner = (*whole, *(builtins.slice(p, p + length) for length, p in zip(size, padding, strict=True)))
    return narrowed(ops.slice(out, key=inner) if any(padding) else out, columns)


def _checked_columns(
    columns: Shape, size: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape
) -> Shape:
    counts = _blocks(size, kernel, stride, padding, dilation)
    if len(columns) != 3 or columns[1] % prod(kernel):
        raise OperatorError(
            "Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got "
            f"input of size {list(columns)} and kernel_size={kernel}."
        )
    if columns[2] != prod(counts):
        raise OperatorError(
            f"Given output_size={size}, kernel_size={kernel}, dilation={dilation}, padding={padding}, "
            f"stride={stride}, expected size of input's dimension 2 to match the calculated number of "
            f"sliding blocks {by(counts)} = {prod(counts)}, but got input.size(2)={columns[2]}."
        )
    return counts


@col2im.infer
def col2im_infer(
    columns: Spec, *, size: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape
) -> Spec:
    _checked_columns(columns.shape, size, kernel, stride, padding, dilation)
    return columns.like((columns.shape[0], columns.shape[1] // prod(kernel), *size))


@col2im.vjp()
def col2im_vjp(
    g: Any,
    out: Any,
    columns: Any,
    *,
    size: Shape,
    kernel: Shape,
    stride: Shape,
    padding: Shape,
    dilation: Shape,
) -> Any:
    return im2col(g, kernel=kernel, stride=stride, padding=padding, dilation=dilation)


@col2im.samples
def col2im_samples() -> Any:
    how: dict[str, Any] = {"kernel": (3, 2), "stride": (1, 2), "padding": (1, 0), "dilation": (1, 1)}
    yield good(arg(2, 18, 15), size=(5, 6), **how)
    yield good(arg(1, 6, 3), size=(9,), kernel=(3,), stride=(2,), padding=(0,), dilation=(2,))
    yield bad(RuntimeError, "divisible", arg(2, 17, 15), size=(5, 6), **how)
    yield bad(RuntimeError, "sliding blocks", arg(2, 18, 14), size=(5, 6), **how)
