"""Batch normalisation with the statistics of the batch; with running ones it is two products in the frontend."""

from __future__ import annotations

from typing import Any

from unison_core import ops
from unison_core.dtypes import FLOATING, float32
from unison_core.operator import Array, composite
from unison_core.ops._shared import narrowed, scalar_like, widened
from unison_core.ops.normalization.features import check_affine
from unison_core.samples import arg, bad, good
from unison_core.spec import Spec, numel

__all__ = ["batch_norm", "batch_norm_backward"]


def _rest(x: Any) -> tuple[int, ...]:
    return (0, *range(2, len(x.shape)))


def _spread(a: Any, x: Any) -> Any:
    """A vector over channels, shaped to broadcast against x (N, C, ...)."""
    return ops.view(widened(a), shape=(a.shape[0],) + (1,) * (len(x.shape) - 2))


def _rstd(var: Any, eps: float) -> Any:
    return ops.rsqrt(ops.add(var, scalar_like(eps, var)))


def _count(x: Any) -> int:
    return int(numel(x.shape) // x.shape[1])


@composite(dtypes=FLOATING)
def batch_norm(x: Array, weight: Array, bias: Array, *, eps: float) -> tuple[Array, Array, Array]:
    """(x normalised over all dimensions but C, times weight plus bias; mean; biased variance), x being (N, C, ...).

    weight and bias are (C) or None. Mean and variance of half types are float32.
    Ioffe and Szegedy, Batch Normalization, 2015.
    """
    wide, rest = widened(x), _rest(x)
    mean = ops.mean(wide, dim=rest, keepdim=False)
    centered = ops.sub(wide, _spread(mean, x))
    var = ops.mean(ops.mul(centered, centered), dim=rest, keepdim=False)
    scale = _rstd(var, eps)
    out = ops.mul(centered, _spread(scale if weight is None else ops.mul(scale, widened(weight)), x))
    return narrowed(out if bias is None else ops.add(out, _spread(bias, x)), x), mean, var


@batch_norm.infer
def batch_norm_infer(x: Spec, weight: Any, bias: Any, *, eps: float) -> tuple[Spec, Spec, Spec]:
    check_affine("batch_norm", x, (x.shape[1],), weight=weight, bias=bias)
    statistic = x.like((x.shape[1],), float32 if x.dtype.bits == 16 else x.dtype)
    return x.like(), statistic, statistic


@batch_norm.vjp(values={"x": "x weight out.1 out.2", "weight": "x weight out.1 out.2"}, specs="x bias")
def batch_norm_vjp(g: Any, out: Any, x: Any, weight: Any, bias: Any, *, eps: float) -> Any:
    g_out, g_mean, g_var = g
    gx = gw = gb = None
    if out is None:
        return None, None, ops.sum(g_out, dim=_rest(x), keepdim=False) if g_out is not None else None
    _, mean, var = out
    if g_out is not None:
        gx, gw, gb = batch_norm_backward(g_out, x, weight, mean, var, eps=eps)
        gw = None if weight is None else narrowed(gw, weight)
        gb = None if bias is None else narrowed(gb, bias)
    if g_mean is not None or g_var is not None:
        through = _through_statistics(g_mean, g_var, x, mean)
        gx = through if gx is None else ops.add(gx, through)
    return gx, gw, gb


def _through_statistics(g_mean: Any, g_var: Any, x: Any, mean: Any) -> Any:
    total = scalar_like(0, x)
    count = scalar_like(_count(x), mean)
    if g_mean is not None:
        total = ops.add(total, _spread(ops.div(g_mean, count), x))
    if g_var is not None:
        centered = ops.sub(widened(x), _spread(mean, x))
        share = ops.div(ops.mul(g_var, scalar_like(2, g_var)), count)
        total = ops.add(total, ops.mul(centered, _spread(share, x)))
    return narrowed(ops.expand(total, shape=tuple(x.shape)), x)


@batch_norm.samples
def batch_norm_samples() -> Any:
    yield good(arg(4, 3), arg(3), arg(3), eps=1e-5)
    yield good(arg(2, 3, 5), arg(3), None, eps=1e-5)
    yield good(arg(2, 3, 4, 5), None, None, eps=1e-3)
    yield bad(RuntimeError, "weight to be of shape", arg(2, 3), arg(4), None, eps=1e-5)


@composite(dtypes=FLOATING)
def batch_norm_backward(
    g: Array, x: Array, weight: Array, mean: Array, var: Array, *, eps: float
) -> tuple[Array, Array, Array]:
    """The gradients of batch_norm's first result with respect to (x, weight, bias), the last two in mean's dtype."""
    wide, rest = widened(g), _rest(x)
    rstd = _rstd(widened(var), eps)
    scores = ops.mul(ops.sub(widened(x), _spread(mean, x)), _spread(rstd, x))
    gw = ops.sum(ops.mul(wide, scores), dim=rest, keepdim=False)
    gb = ops.sum(wide, dim=rest, keepdim=False)
    count = scalar_like(_count(x), gw)
    inner = ops.sub(wide, _spread(ops.div(gb, count), x))
    inner = ops.sub(inner, ops.mul(scores, _spread(ops.div(gw, count), x)))
    scale = rstd if weight is None else ops.mul(rstd, widened(weight))
    return narrowed(ops.mul(inner, _spread(scale, x)), x), gw, gb


@batch_norm_backward.infer
def batch_norm_backward_infer(
    g: Spec, x: Spec, weight: Any, mean: Spec, var: Spec, *, eps: float
) -> tuple[Spec, Spec, Spec]:
    vector = mean.like(None, float32 if mean.dtype.bits == 16 else mean.dtype)
    return x.like(), vector, vector


@batch_norm_backward.samples
def batch_norm_backward_samples() -> Any:
    channels = arg(3, low=0.5, high=2)
    yield good(arg(4, 3), arg(4, 3), arg(3), channels, channels, eps=1e-5)
    yield good(arg(2, 3, 4, 5), arg(2, 3, 4, 5), None, channels, channels, eps=1e-5)
