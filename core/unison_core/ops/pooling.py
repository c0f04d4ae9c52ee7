"""Pooling in any number of spatial dimensions: data (batch, channels, *spatial), attributes one number per dimension.

A window that reaches over the end counts only in ceil_mode, and only if it starts inside the data or the padding
before it.
"""

from __future__ import annotations

import builtins
from itertools import product
from math import inf, prod
from typing import Any

from unison_core import ops
from unison_core.dtypes import FLOATING, INTEGER, DType, int64
from unison_core.errors import OperatorError
from unison_core.operator import Array, composite
from unison_core.ops._shared import scalar_like
from unison_core.samples import arg, bad, good
from unison_core.spec import Shape, Spec

__all__ = ["avg_pool", "avg_pool_backward", "max_pool", "max_pool_backward", "max_pool_with_indices"]


def pool_counts(
    name: str, size: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape, ceil_mode: bool
) -> Shape:
    """How many windows there are along each dimension.

    Raises:
        RuntimeError: an attribute is out of range, or no window fits.
    """
    given = {"kernel_size": kernel, "stride": stride, "padding": padding, "dilation": dilation}
    for what, values in given.items():
        if len(values) != len(size):
            raise OperatorError(
                f"{name}: {what} must be one int for each of {len(size)} dimensions, but is {values}"
            )
        least = 0 if what == "padding" else 1
        if values and min(values) < least:
            raise OperatorError(f"{name}: {what} must be at least {least}, but got {what}={values}")
    for k, p, d in zip(kernel, padding, dilation, strict=True):
        if p > (d * (k - 1) + 1) // 2:
            raise OperatorError(
                f"{name}: pad should be at most half of effective kernel size, but got pad={p}, "
                f"kernel_size={k} and "
                f"dilation={d}"
            )
    counts = tuple(
        _count(n, k, s, p, d, ceil_mode)
        for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True)
    )
    if any(n < 1 for n in counts):
        raise OperatorError(
            f"{name}: Given input size: {size}. Calculated output size: {counts}. Output size is too "
            "small; the window "
            f"is {kernel} with dilation {dilation}"
        )
    return counts


def _count(n: int, k: int, s: int, p: int, d: int, ceil_mode: bool) -> int:
    room = n + 2 * p - d * (k - 1) - 1
    count = (-(-room // s) if ceil_mode else room // s) + 1
    return count - 1 if ceil_mode and (count - 1) * s >= n + p else count


def spatial_of(name: str, x: Any) -> Shape:
    """The spatial lengths of (batch, channels, *spatial).

    Raises:
        RuntimeError: fewer than three dimensions.
    """
    if len(x.shape) < 3 or 0 in x.shape[1:]:
        raise OperatorError(
            f"{name}: expected (batch, channels, *spatial) with positive lengths but for the batch, got {list(x.shape)}"
        )
    return tuple(x.shape[2:])


def _padded_ends(
    size: Shape, counts: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape
) -> tuple[tuple[int, int], ...]:
    """What to add before and after each dimension so that every window lies inside."""
    return tuple(
        (p, max(p, (m - 1) * s + d * (k - 1) + 1 - n - p))
        for n, m, k, s, p, d in zip(size, counts, kernel, stride, padding, dilation, strict=True)
    )


def _windows(x: Any, kernel: Shape, stride: Shape, dilation: Shape, counts: Shape) -> Any:
    """x (n, c, *spatial), already padded, as (n, c, *counts, *kernel)."""
    for i, (k, s, d) in enumerate(zip(kernel, stride, dilation, strict=True)):
        x = ops.unfold(x, dim=2 + i, size=d * (k - 1) + 1, step=s)
    steps = (builtins.slice(None, None, d) for d in dilation)
    return ops.slice(x, key=(..., *(builtins.slice(0, n) for n in counts), *steps))


def _lowest(dtype: DType) -> float:
    if dtype.is_floating_point:
        return -inf
    return -(2 ** (dtype.bits - 1)) if dtype.is_signed else 0


@composite(dtypes=INTEGER | FLOATING)
def max_pool_with_indices(
    x: Array, *, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape, ceil_mode: bool
) -> tuple[Array, Array]:
    """The largest element of each window, and its int64 place among the flattened spatial elements.

    NaN counts as largest; of equals the first.
    """
    size = spatial_of("max_pool", x)
    counts = pool_counts("max_pool", size, kernel, stride, padding, dilation, ceil_mode)
    ends = _padded_ends(size, counts, kernel, stride, padding, dilation)
    data = ops.pad(x, widths=((0, 0), (0, 0), *ends), value=_lowest(x.dtype))
    taps = ops.reshape(
        _windows(data, kernel, stride, dilation, counts), shape=(*x.shape[:2], *counts, prod(kernel))
    )
    best = ops.argmax(taps, dim=len(counts) + 2, keepdim=True)
    values = ops.view(ops.gather(taps, best, dim=len(counts) + 2), shape=(*x.shape[:2], *counts))
    best = ops.view(best, shape=(*x.shape[:2], *counts))
    return values, _places(best, size, kernel, stride, padding, dilation)


def _places(best: Any, size: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape) -> Any:
    """The flat place in the data of tap number `best` of each window."""
    flat = None
    for i, (n, k, s, p, d) in enumerate(zip(size, kernel, stride, padding, dilation, strict=True)):
        tap = ops.remainder(
            ops.floor_divide(best, scalar_like(prod(kernel[i + 1 :]), best)), scalar_like(k, best)
        )
        start = ops.arange(end=best.shape[2 + i], dtype=int64, device=best.device)
        start = ops.view(start, shape=(best.shape[2 + i], *[1] * (len(size) - 1 - i)))
        start = ops.sub(ops.mul(start, scalar_like(s, best)), scalar_like(p, best))
        place = ops.add(ops.mul(tap, scalar_like(d, best)), start)
        # Only where everything is -inf can padding have won.
        place = ops.minimum(ops.maximum(place, scalar_like(0, best)), scalar_like(n - 1, best))
        flat = place if flat is None else ops.add(ops.mul(flat, scalar_like(n, best)), place)
    return flat


@max_pool_with_indices.infer
def max_pool_with_indices_infer(
    x: Spec, *, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape, ceil_mode: bool
) -> tuple[Spec, Spec]:
    out = max_pool_infer(
        x, kernel=kernel, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode
    )
    return out, out.like(dtype=int64)


@max_pool_with_indices.vjp(values="out", specs="x")
def max_pool_with_indices_vjp(
    g: Any,
    out: Any,
    x: Any,
    *,
    kernel: Shape,
    stride: Shape,
    padding: Shape,
    dilation: Shape,
    ceil_mode: bool,
) -> Any:
    return _scatter(g[0], out[1], tuple(x.shape))


def _scatter(g: Any, indices: Any, shape: Shape) -> Any:
    """Zeros of `shape` with g added at its places."""
    flat = (shape[0], shape[1], prod(shape[2:]))
    windows = (shape[0], shape[1], prod(g.shape[2:]))
    zeros = ops.full(shape=flat, value=0, dtype=g.dtype, device=g.device)
    added = ops.scatter_add(zeros, ops.reshape(indices, shape=windows), ops.reshape(g, shape=windows), dim=2)
    return ops.view(added, shape=shape)


_TWO: dict[str, Any] = {"kernel": (2, 2), "stride": (2, 2), "padding": (0, 0), "dilation": (1, 1)}


def _max_samples() -> Any:
    yield good(arg(2, 3, 4, 6, distinct=True), **_TWO, ceil_mode=False)
    yield good(arg(2, 1, 5, 5, distinct=True), **_TWO, ceil_mode=True)
    yield good(
        arg(1, 2, 7, distinct=True), kernel=(3,), stride=(1,), padding=(1,), dilation=(2,), ceil_mode=False
    )
    three: dict[str, Any] = {"kernel": (3, 3), "stride": (2, 1), "padding": (1, 1), "dilation": (1, 1)}
    yield good(arg(2, 2, 5, 4, distinct=True), **three, ceil_mode=False)
    yield good(arg(0, 2, 4, 4), **_TWO, ceil_mode=False)
    yield bad(RuntimeError, "too small", arg(1, 1, 1, 1), **_TWO, ceil_mode=False)
    yield bad(
        RuntimeError, "half of effective", arg(1, 1, 4, 4), **{**_TWO, "padding": (2, 0)}, ceil_mode=False
    )
    yield bad(RuntimeError, "stride must be", arg(1, 1, 4, 4), **{**_TWO, "stride": (0, 1)}, ceil_mode=False)
    yield bad(RuntimeError, "expected \\(batch", arg(4, 4), **_TWO, ceil_mode=False)


max_pool_with_indices.samples(_max_samples)


@composite(dtypes=INTEGER | FLOATING)
def max_pool(
    x: Array, *, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape, ceil_mode: bool
) -> Array:
    """The largest element of each window; NaN counts as largest. Its gradient goes to the first of equals."""
    values, _ = max_pool_with_indices(
        x, kernel=kernel, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode
    )
    return values


@max_pool.infer
def max_pool_infer(
    x: Spec, *, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape, ceil_mode: bool
) -> Spec:
    size = spatial_of("max_pool", x)
    return x.like(
        (*x.shape[:2], *pool_counts("max_pool", size, kernel, stride, padding, dilation, ceil_mode))
    )


@max_pool.vjp(values="x out")
def max_pool_vjp(
    g: Any,
    out: Any,
    x: Any,
    *,
    kernel: Shape,
    stride: Shape,
    padding: Shape,
    dilation: Shape,
    ceil_mode: bool,
) -> Any:
    return max_pool_backward(
        g, x, out, kernel=kernel, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode
    )


max_pool.samples(_max_samples)


@composite(dtypes=FLOATING)
def max_pool_backward(
    g: Array,
    x: Array,
    out: Array,
    *,
    kernel: Shape,
    stride: Shape,
    padding: Shape,
    dilation: Shape,
    ceil_mode: bool,
) -> Array:
    """The gradient of max_pool in x, where `out` is its result: g at the place of each window's largest element."""
    _, indices = max_pool_with_indices(
        x, kernel=kernel, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode
    )
    return _scatter(g, indices, tuple(x.shape))


@max_pool_backward.infer
def max_pool_backward_infer(
    g: Spec,
    x: Spec,
    out: Spec,
    *,
    kernel: Shape,
    stride: Shape,
    padding: Shape,
    dilation: Shape,
    ceil_mode: bool,
) -> Spec:
    want = max_pool_infer(
        x, kernel=kernel, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode
    )
    if g.shape != want.shape or out.shape != want.shape:
        raise OperatorError(
            f"max_pool_backward: the result has shape {list(want.shape)}, but g is {list(g.shape)} and out "
            f"{list(out.shape)}"
        )
    return x


@max_pool_backward.vjp(values={"g": "x"})
def max_pool_backward_vjp(
    gg: Any,
    result: Any,
    g: Any,
    x: Any,
    out: Any,
    *,
    kernel: Shape,
    stride: Shape,
    padding: Shape,
    dilation: Shape,
    ceil_mode: bool,
) -> Any:
    if x is None:
        return None, None, None
    _, indices = max_pool_with_indices(
        x, kernel=kernel, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode
    )
    flat = ops.reshape(gg, shape=(*gg.shape[:2], prod(gg.shape[2:])))
    picked = ops.gather(flat, ops.reshape(indices, shape=(*gg.shape[:2], prod(indices.shape[2:]))), dim=2)
    return ops.view(picked, shape=tuple(indices.shape)), None, None


@max_pool_backward.samples
def max_pool_backward_samples() -> Any:
    x = arg(2, 3, 4, 4, distinct=True)
    yield good(
        arg(1, 2, 2, 2),
        arg(1, 2, 4, 4, low=1, high=1),
        arg(1, 2, 2, 2, low=1, high=1),
        **_TWO,
        ceil_mode=False,
        gradient=False,
    )
    yield bad(RuntimeError, "has shape", arg(2, 3, 3, 2), x, arg(2, 3, 2, 2), **_TWO, ceil_mode=False)


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
    ends = _padded_ends(size, counts, kernel, stride, padding, ones)
    total = _sums(ops.pad(x, widths=((0, 0), (0, 0), *ends), value=0), kernel, stride, counts)
    share = _shares(x, size, counts, kernel, stride, padding, count_include_pad, divisor)
    if x.dtype.is_floating_point:
        return ops.div(total, share)
    share = ops.cast(share, dtype=total.dtype)
    whole = ops.floor_divide(ops.abs(total), ops.abs(share))
    return ops.cast(ops.mul(ops.mul(ops.sign(total), ops.sign(share)), whole), dtype=x.dtype)


def _sums(x: Any, kernel: Shape, stride: Shape, counts: Shape) -> Any:
    ones = (1,) * len(kernel)
    windows = _windows(x, kernel, stride, ones, counts)
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
    ends = _padded_ends(size, counts, kernel, stride, padding, (1,) * len(kernel))
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
    share = _shares(g, size, counts, kernel, stride, padding, count_include_pad, divisor)
    parts = ops.div(g, share)
    ends = _padded_ends(size, counts, kernel, stride, padding, ones)
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
    return ops.slice(out, key=(*whole, *inner))


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
