"""Losses, as the documented formulas in tracked numbers: see Note [First-order error bounds]."""

from __future__ import annotations

from typing import Any

import numpy as np

from unison_conformance.oracle.reference import Reference, oracle
from unison_conformance.oracle.tracked import Tracked, dtype_of, tracked, where

__all__: list[str] = []


def _wide(x: Any) -> Tracked:
    return tracked(x).accumulated()


def _class_axis(x: Any) -> int:
    return 0 if x.ndim == 1 else 1


def _chosen(x: Any, target: Any, ignore_index: int) -> tuple[Any, Any]:
    """One-hot targets with the classes' axis, and which places count."""
    valid = target != ignore_index
    axis = _class_axis(x)
    classes = np.arange(x.shape[axis]).reshape([-1 if a == axis else 1 for a in range(x.ndim)])
    return np.expand_dims(np.where(valid, target, 0), axis) == classes, valid


def _weights(x: Any, target: Any, weight: Any, hot: Any, valid: Any) -> Tracked:
    """The weight of each place, 0 where it is ignored."""
    axis = _class_axis(x)
    each = np.ones(x.shape[axis]) if weight is None else weight.astype(np.float64)
    each = each.reshape([-1 if a == axis else 1 for a in range(x.ndim)])
    picked = np.where(hot, each, 0.0).sum(axis=axis)
    return tracked(np.where(valid, picked, 0.0), _wide(x).dtype)


@oracle("cross_entropy")
def _cross_entropy(x: Any, target: Any, weight: Any, *, ignore_index: int, reduction: str) -> Any:
    axis, t = _class_axis(x), _wide(x)
    hot, valid = _chosen(x, target, ignore_index)
    weights = _weights(x, target, weight, hot, valid)
    top = t.maximum(axis)
    lse = ((t - top).exp().sum(axis, keepdims=True).log() + top).move(np.squeeze, axis)
    picked = tracked(np.where(hot, x.astype(np.float64), 0.0).sum(axis=axis), t.dtype)
    losses = where(weights.value.hi == 0, 0.0, (lse - picked) * weights)
    total = weights.sum()
    if reduction != "none":
        losses = losses.sum()
    if reduction == "mean":
        losses = losses / total
    return losses.reference(dtype_of(x)), lse.reference(), total.reference()


@oracle("cross_entropy_backward")
def _cross_entropy_backward(
    g: Any, x: Any, target: Any, weight: Any, lse: Any, total: Any, *, ignore_index: int, reduction: str
) -> Any:
    axis = _class_axis(x)
    hot, valid = _chosen(x, target, ignore_index)
    weights = _weights(x, target, weight, hot, valid)
    share = _wide(g) / _wide(total) if reduction == "mean" else _wide(g)
    share = where(weights.value.hi == 0, 0.0, share * weights).move(np.expand_dims, axis)
    p = (_wide(x) - _wide(lse).move(np.expand_dims, axis)).exp()
    return (p * share - where(hot, share, 0.0)).reference(dtype_of(x))


@oracle("mse_loss")
def _mse_loss(x: Any, y: Any, *, reduction: str) -> Any:
    gap = tracked(x) - tracked(y)
    squares = gap * gap
    if reduction != "none":
        squares = squares.sum() if reduction == "sum" else squares.mean()
    return squares.reference()


@oracle("binary_cross_entropy_with_logits")
def _binary_cross_entropy_with_logits(x: Any, y: Any) -> Reference:
    t = tracked(x)
    product = t * tracked(y)
    out = t.at_least(0.0) - product + (-where(t.value.hi < 0, -t, t)).exp().log1p()
    reference = out.reference()
    # Where x y overflows in the dtype, infinity less something is as right as any.
    return Reference(reference.value, reference.scale, free=_overflows(product, x.dtype))


@oracle("binary_cross_entropy")
def _binary_cross_entropy(x: Any, y: Any) -> Reference:
    t, u = tracked(x), tracked(y)
    yes, no = t.log().at_least(-100.0), (-t).log1p().at_least(-100.0)
    first, second = (u - 1.0) * no, u * yes
    reference = (first - second).reference()
    free = _overflows(first, x.dtype) & _overflows(second, x.dtype)
    return Reference(reference.value, reference.scale, free=free)


def _overflows(t: Tracked, dtype: Any) -> Any:
    import ml_dtypes

    return (t.size > float(ml_dtypes.finfo(dtype).max)) & np.isfinite(t.value.hi)
