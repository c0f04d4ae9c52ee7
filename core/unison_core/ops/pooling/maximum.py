"""The largest element of each window, its place, and the gradient."""

from __future__ import annotations

from math import inf, prod
from typing import Any

from unison_core import ops
from unison_core.dtypes import FLOATING, INTEGER, DType, int64
from unison_core.errors import OperatorError
from unison_core.operator import Array, composite
from unison_core.ops._shared import scalar_like
from unison_core.ops.pooling.windows import padded_ends, pool_counts, spatial_of, windows_of
from unison_core.samples import arg, bad, good
from unison_core.spec import Shape, Spec

__all__ = ["max_pool", "max_pool_backward", "max_pool_with_indices"]


def _lowest(dtype: DType) -> float:
    if dtype.is_floating_point:
        return -inf
    return -(2 ** (dtype.bits - 1)) if dtype.is_signed else 0


@composite(dtypes=INTEGER | FLOATING)
def max_pool_with_indices(
    x: Array, *, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape, ceil_mode: bool
) -> tuple[Array, Array]:
    """The largest element of each window, and its int64 place among the flattened spatial elements.

    NaN counts as largest; of equals, several NaN too, the first (PyTorch gives the last NaN's place).
    """
    size = spatial_of("max_pool", x)
    counts = pool_counts("max_pool", size, kernel, stride, padding, dilation, ceil_mode)
    ends = padded_ends(size, counts, kernel, stride, padding, dilation)
    data = ops.pad(x, widths=((0, 0), (0, 0), *ends), value=_lowest(x.dtype))
    taps = ops.reshape(
        windows_of(data, kernel, stride, dilation, counts), shape=(*x.shape[:2], *counts, prod(kernel))
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


@max_pool_with_indices.vjp(values="out.1", specs="x")
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
