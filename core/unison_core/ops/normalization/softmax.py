"""Softmax and its logarithm."""

from __future__ import annotations

from typing import Any

from unison_core import ops
from unison_core.dtypes import FLOATING
from unison_core.operator import Array, composite
from unison_core.ops._shared import narrowed, widened
from unison_core.samples import arg, bad, good
from unison_core.spec import Spec, wrap_dim

__all__ = ["log_softmax", "log_softmax_backward", "softmax", "softmax_backward"]


def _along(x: Spec, dim: int) -> Spec:
    wrap_dim(dim, x.ndim)
    return x


@composite(dtypes=FLOATING)
def softmax(x: Array, *, dim: int) -> Array:
    """exp(x) / sum(exp(x)) along dim, without overflow."""
    if 0 in x.shape:
        return ops.copy(x)
    wide = widened(x)
    grown = ops.exp(ops.sub(wide, ops.amax(wide, dim=(dim,), keepdim=True)))
    return narrowed(ops.div(grown, ops.sum(grown, dim=(dim,), keepdim=True)), x)


@softmax.infer
def softmax_infer(x: Spec, *, dim: int) -> Spec:
    return _along(x, dim)


@softmax.vjp(values="out")
def softmax_vjp(g: Any, out: Any, x: Any, *, dim: int) -> Any:
    return softmax_backward(g, out, dim=dim)


@softmax.samples
def softmax_samples() -> Any:
    yield good(arg(5), dim=0)
    yield good(arg(2, 3, 4), dim=1)
    yield good(arg(3, 65, low=-50, high=50), dim=-1)
    yield good(arg(), dim=0)
    yield good(arg(0, 3), dim=0)
    yield bad(IndexError, "Dimension out of range", arg(2, 3), dim=2)


@composite(dtypes=FLOATING)
def softmax_backward(g: Array, out: Array, *, dim: int) -> Array:
    """out * (g - sum(g * out)) along dim: the gradient of softmax."""
    wide, p = widened(g), widened(out)
    weighted = ops.mul(wide, p)
    total = ops.sum(weighted, dim=(dim,), keepdim=True)
    return narrowed(ops.sub(weighted, ops.mul(p, total)), out)


@softmax_backward.infer
def softmax_backward_infer(g: Spec, out: Spec, *, dim: int) -> Spec:
    return _along(out, dim)


@softmax_backward.samples
def softmax_backward_samples() -> Any:
    yield good(arg(2, 3, 4), arg(2, 3, 4, low=0, high=1), dim=1)
    yield good(arg(3, 65), arg(3, 65, low=0, high=1), dim=-1)


@composite(dtypes=FLOATING)
def log_softmax(x: Array, *, dim: int) -> Array:
    """x - log(sum(exp(x))) along dim."""
    if 0 in x.shape:
        return ops.copy(x)
    wide = widened(x)
    low = ops.sub(wide, ops.amax(wide, dim=(dim,), keepdim=True))
    total = ops.sum(ops.exp(low), dim=(dim,), keepdim=True)
    return narrowed(ops.sub(low, ops.log(total)), x)


@log_softmax.infer
def log_softmax_infer(x: Spec, *, dim: int) -> Spec:
    return _along(x, dim)


@log_softmax.vjp(values="out")
def log_softmax_vjp(g: Any, out: Any, x: Any, *, dim: int) -> Any:
    return log_softmax_backward(g, out, dim=dim)


log_softmax.samples(softmax_samples)


@composite(dtypes=FLOATING)
def log_softmax_backward(g: Array, out: Array, *, dim: int) -> Array:
    """g - exp(out) * sum(g) along dim: the gradient of log_softmax."""
    wide = widened(g)
    total = ops.sum(wide, dim=(dim,), keepdim=True)
    return narrowed(ops.sub(wide, ops.mul(ops.exp(widened(out)), total)), out)


@log_softmax_backward.infer
def log_softmax_backward_infer(g: Spec, out: Spec, *, dim: int) -> Spec:
    return _along(out, dim)


log_softmax_backward.samples(softmax_backward_samples)
