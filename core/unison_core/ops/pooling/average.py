"""The mean of each window, and its adjoint."""

from __future__ import annotations

import builtins
from itertools import product
from typing import Any

from unison_core import ops
from unison_core.dtypes import FLOATING, INTEGER
from unison_core.errors import OperatorError
from unison_core.operator import Array, composite
from unison_core.ops._shared import narrowed, scalar_like, widened
from unison_core.ops.pooling.windows import padded_ends, pool_counts, spatial_of, windows_of
from unison_core.samples import arg, bad, good
from unison_core.spec import Shape, Spec

__all__ = ["avg_pool", "avg_pool_backward"]


@composite(dtypes=INTEGER | FLOATING)
def avg_pool(
    x: Array,
    *,
    kernel: Shape,
    stride: Shape,
    padding: Shape,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: int | None,
) -> Array:
    """The sum of each window over `divisor`, else over its size, in which padding counts if count_include_pad.

    What reaches beyond the padding never counts. Half types accumulate in float32; integers truncate.
    """
    ones = (1,) * len(kernel)
    size = spatial_of("avg_pool", x)
    counts = pool_counts("avg_pool", size, kernel, stride, padding, ones, ceil_mode)
    ends = padded_ends(size, counts, kernel, stride, padding, ones)
    wide = widened(x)
    total = _sums(ops.pad(wide, widths=((0, 0), (0, 0), *ends), value=0), kernel, stride, counts)
    share = _shares(wide, size, counts, kernel, stride, padding, count_include_pad, divisor)
    if x.dtype.is_floating_point:
        return narrowed(ops.div(total, share), x)
    share = ops.cast(share, dtype=total.dtype)
    whole = ops.floor_divide(ops.abs(total), ops.abs(share))
    return ops.cast(ops.mul(ops.mul(ops.sign(total), ops.sign(share)), whole), dtype=x.dtype)


def _sums(x: Any, kernel: Shape, stride: Shape, counts: Shape) -> Any:
    ones = (1,) * len(kernel)
    windows = windows_of(x, kernel, stride, ones, counts)
    return ops.sum(windows, dim=tuple(range(2 + len(kernel), 2 + 2 * len(kernel))), keepdim=False)


def _check_divisor(divisor: int | None) -> None:
    if divisor == 0:
        raise OperatorError("avg_pool: divisor must be not zero")


def _shares(
    x: Any,
    size: Shape,
    counts: Shape,
    kernel: Shape,
    stride: Shape,
    padding: Shape,
    count_include_pad: bool,
    divisor: int | None,
) -> Any:
    """What each window's sum is divided by, (1, 1, *counts) or a number."""
    _check_divisor(divisor)
    if divisor is not None:
        return scalar_like(divisor, x)
    ends = padded_ends(size, counts, kernel, stride, padding, (1,) * len(kernel))
    inner = tuple(n + 2 * p for n, p in zip(size, padding, strict=True)) if count_include_pad else size
    field = ops.full(shape=(1, 1, *inner), value=1, dtype=x.dtype, device=x.device)
    widths = tuple((0, b - a) for a, b in ends) if count_include_pad else ends
    return _sums(ops.pad(field, widths=((0, 0), (0, 0), *widths), value=0), kernel, stride, counts)


@avg_pool.infer
def avg_pool_infer(
    x: Spec,
    *,
    kernel: Shape,
    stride: Shape,
    padding: Shape,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: int | None,
) -> Spec:
    _check_divisor(divisor)
    size = spatial_of("avg_pool", x)
    ones = (1,) * len(kernel)
    return x.like((*x.shape[:2], *pool_counts("avg_pool", size, kernel, stride, padding, ones, ceil_mode)))


@avg_pool.vjp(specs="x")
def avg_pool_vjp(
    g: Any,
    out: Any,
    x: Any,
    *,
    kernel: Shape,
    stride: Shape,
    padding: Shape,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: int | None,
) -> Any:
    return avg_pool_backward(
        g,
        size=tuple(x.shape[2:]),
        kernel=kernel,
        stride=stride,
        padding=padding,
        ceil_mode=ceil_mode,
        count_include_pad=count_include_pad,
        divisor=divisor,
    )


_MEAN: dict[str, Any] = {"kernel": (2, 2), "stride": (2, 2), "padding": (0, 0), "divisor": None}


@avg_pool.samples
def avg_pool_samples() -> Any:
    yield good(arg(2, 3, 4, 6), **_MEAN, ceil_mode=False, count_include_pad=True)
    yield good(arg(2, 1, 5, 5), **{**_MEAN, "padding": (1, 1)}, ceil_mode=True, count_include_pad=True)
    yield good(arg(2, 1, 5, 5), **{**_MEAN, "padding": (1, 0)}, ceil_mode=True, count_include_pad=False)
    yield good(
        arg(1, 2, 5, 4), **{**_MEAN, "stride": (1, 1), "divisor": 3}, ceil_mode=False, count_include_pad=True
    )
    line: dict[str, Any] = {"kernel": (3,), "stride": (2,), "padding": (1,), "divisor": None}
    yield good(arg(2, 2, 7), **line, ceil_mode=False, count_include_pad=True)
    yield bad(RuntimeError, "too small", arg(1, 1, 1, 1), **_MEAN, ceil_mode=False, count_include_pad=True)
    zero = {**_MEAN, "divisor": 0}
    yield bad(RuntimeError, "not zero", arg(1, 1, 4, 4), **zero, ceil_mode=False, count_include_pad=True)


@composite(dtypes=FLOATING)
def avg_pool_backward(
    g: Array,
    *,
    size: Shape,
    kernel: Shape,
    stride: Shape,
    padding: Shape,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: int | None,
) -> Array:
    """The adjoint of avg_pool on data of spatial lengths `size`: each element gets its share of its windows' g."""
    ones = (1,) * len(kernel)
    counts = pool_counts("avg_pool_backward", size, kernel, stride, padding, ones, ceil_mode)
    wide = widened(g)
    share = _shares(wide, size, counts, kernel, stride, padding, count_include_pad, divisor)
    parts = ops.div(wide, share)
    ends = padded_ends(size, counts, kernel, stride, padding, ones)
    padded = (*g.shape[:2], *(n + a + b for n, (a, b) in zip(size, ends, strict=True)))
    whole = (builtins.slice(None),) * 2
    out = None
    for tap in product(*map(range, kernel)):
        places = (
            builtins.slice(t, t + s * (m - 1) + 1, s) for t, s, m in zip(tap, stride, counts, strict=True)
        )
        part = ops.unslice(parts, shape=padded, key=(*whole, *places))
        out = part if out is None else ops.add(out, part)
    inner = (builtins.slice(p, p + n) for p, n in zip(padding, size, strict=True))
    return narrowed(ops.slice(out, key=(*whole, *inner)), g)


@avg_pool_backward.infer
def avg_pool_backward_infer(
    g: Spec,
    *,
    size: Shape,
    kernel: Shape,
    stride: Shape,
    padding: Shape,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: int | None,
) -> Spec:
    ones = (1,) * len(kernel)
    counts = pool_counts("avg_pool_backward", size, kernel, stride, padding, ones, ceil_mode)
    if g.shape[2:] != counts:
        raise OperatorError(
            f"avg_pool_backward: expected g to end in {list(counts)}, but got {list(g.shape)}"
        )
    return g.like((*g.shape[:2], *size))


@avg_pool_backward.vjp()
def avg_pool_backward_vjp(
    gg: Any,
    out: Any,
    g: Any,
    *,
    size: Shape,
    kernel: Shape,
    stride: Shape,
    padding: Shape,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: int | None,
) -> Any:
    return avg_pool(
        gg,
        kernel=kernel,
        stride=stride,
        padding=padding,
        ceil_mode=ceil_mode,
        count_include_pad=count_include_pad,
        divisor=divisor,
    )


@avg_pool_backward.samples
def avg_pool_backward_samples() -> Any:
    yield good(arg(2, 3, 2, 3), size=(4, 6), **_MEAN, ceil_mode=False, count_include_pad=True)
    odd = {**_MEAN, "padding": (1, 1)}
    yield good(arg(2, 1, 3, 3), size=(5, 5), **odd, ceil_mode=False, count_include_pad=False)
    yield bad(
        RuntimeError,
        "expected g",
        arg(2, 3, 3, 3),
        size=(4, 6),
        **_MEAN,
        ceil_mode=False,
        count_include_pad=True,
    )
