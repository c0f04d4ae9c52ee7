"""Losses that pay as one operator; the rest are compositions in the frontend.

`reduction` is "none", "sum" or "mean".
"""

from __future__ import annotations

from typing import Any

from unison_core import ops
from unison_core.dtypes import FLOATING, float32, int64
from unison_core.errors import OperatorError
from unison_core.operator import Array, Promote, composite
from unison_core.ops._shared import narrowed, scalar_like, sum_to, widened
from unison_core.samples import arg, bad, binary, good
from unison_core.spec import Spec, broadcast, numel

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "cross_entropy_backward",
    "mse_loss",
]


def _class_dim(x: Any) -> int:
    return 0 if len(x.shape) == 1 else 1


def _unsqueezed(a: Any, dim: int) -> Any:
    return ops.view(a, shape=(*a.shape[:dim], 1, *a.shape[dim:]))


def _weights(x: Any, target: Any, weight: Any, ignore_index: int) -> tuple[Any, Any]:
    """The target with ignored places replaced by class 0, and the weight of each place, 0 where ignored."""
    wide = widened(x)
    zero, one = scalar_like(0, wide), scalar_like(1, wide)
    valid = ops.ne(target, scalar_like(ignore_index, target))
    safe = ops.where(valid, target, scalar_like(0, target))
    if weight is None:
        return safe, ops.where(valid, one, zero)
    flat = ops.index_select(widened(weight), ops.reshape(safe, shape=(numel(safe.shape),)), dim=0)
    return safe, ops.where(valid, ops.view(flat, shape=tuple(target.shape)), zero)


@composite(dtypes=FLOATING | {int64})
def cross_entropy(
    x: Array, target: Array, weight: Array, *, ignore_index: int = -100, reduction: str = "mean"
) -> tuple[Array, Array, Array]:
    """(-weight[t] * log softmax(x)[t], reduced; log(sum(exp(x))); the sum of the weights) for classes t = target.

    x is (N, C, ...) or (C), target int64 (N, ...) or (), weight (C) or None. "mean" divides by the sum of the weights
    of the targets; targets equal to ignore_index count nothing. The gradient of log(sum(exp(x))) is right too; there is
    none for the weights.
    """
    dim = _class_dim(x)
    wide = widened(x)
    lse = ops.logsumexp(wide, dim=(dim,), keepdim=False)
    safe, weights = _weights(x, target, weight, ignore_index)
    picked = ops.view(ops.gather(wide, _unsqueezed(safe, dim), dim=dim), shape=tuple(lse.shape))
    weighted = ops.mul(ops.sub(lse, picked), weights)
    losses = ops.where(ops.eq(weights, scalar_like(0, weights)), scalar_like(0, weights), weighted)
    total = ops.sum(weights, dim=None, keepdim=False)
    if reduction != "none":
        losses = ops.sum(losses, dim=None, keepdim=False)
    if reduction == "mean":
        losses = ops.div(losses, total)
    return narrowed(losses, x), lse, total


@cross_entropy.infer
def cross_entropy_infer(
    x: Spec, target: Spec, weight: Any, *, ignore_index: int, reduction: str
) -> tuple[Spec, Spec, Spec]:
    _check_classes(x, target, weight)
    wide = float32 if x.dtype.bits == 16 else x.dtype
    return x.like(target.shape if reduction == "none" else ()), x.like(target.shape, wide), x.like((), wide)


def _check_classes(x: Spec, target: Spec, weight: Any) -> None:
    if not x.shape or x.dtype is int64:
        raise OperatorError(
            f"cross_entropy: expected floating scores with classes, got {x.dtype.name}{list(x.shape)}"
        )
    dim = 0 if x.ndim == 1 else 1
    expected = (*x.shape[:dim], *x.shape[dim + 1 :])
    if target.dtype is not int64:
        raise OperatorError(f"expected scalar type Long but found {target.dtype.name} for the class indices")
    if target.shape != expected:
        raise OperatorError(
            f"cross_entropy: Expected target of size {list(expected)} for input {list(x.shape)}, "
            f"got {list(target.shape)}"
        )
    if weight is not None and weight.shape != (x.shape[dim],):
        raise OperatorError(
            f"cross_entropy: weight tensor should be defined either for all {x.shape[dim]} classes or no classes, "
            f"but got weight tensor of shape {list(weight.shape)}"
        )
    if weight is not None and weight.dtype is not x.dtype:
        raise OperatorError(
            f"expected scalar type {x.dtype.name} but found {weight.dtype.name} for the weight"
        )


@cross_entropy.vjp(values={"x": "x target weight out.1 out.2"})
def cross_entropy_vjp(
    g: Any, out: Any, x: Any, target: Any, weight: Any, *, ignore_index: int, reduction: str
) -> Any:
    g_loss, g_lse, _ = g
    gx = None
    if out is None:
        return None, None, None
    if g_loss is not None:
        _, lse, total = out
        gx = cross_entropy_backward(
            g_loss, x, target, weight, lse, total, ignore_index=ignore_index, reduction=reduction
        )
    if g_lse is not None:
        dim = _class_dim(x)
        through = narrowed(ops.mul(ops.softmax(widened(x), dim=dim), _unsqueezed(g_lse, dim)), x)
        gx = through if gx is None else ops.add(gx, through)
    return gx, None, None


@cross_entropy.samples
def cross_entropy_samples() -> Any:
    rows = arg(4, dtype=int64, low=0, high=2)
    for reduction in ("none", "sum", "mean"):
        yield good(arg(4, 3), rows, None, ignore_index=-100, reduction=reduction)
    yield good(arg(4, 3), rows, arg(3, low=0.5, high=2), ignore_index=1, reduction="mean", gradient=False)
    places = arg(2, 5, dtype=int64, low=0, high=2)
    yield good(arg(2, 3, 5), places, None, ignore_index=0, reduction="sum")
    yield good(
        arg(2, 3, 5), places, arg(3, low=0.5, high=2), ignore_index=0, reduction="none", gradient=False
    )
    yield good(arg(3), arg(dtype=int64, low=0, high=2), None, ignore_index=-100, reduction="mean")
    yield bad(
        RuntimeError, "Expected target of size", arg(3, 3), rows, None, ignore_index=-100, reduction="mean"
    )
    yield bad(
        IndexError, "out of bounds", arg(4, 3), arg(4, dtype=int64, low=3, high=9), None, reduction="mean"
    )


@composite(dtypes=FLOATING | {int64})
def cross_entropy_backward(
    g: Array,
    x: Array,
    target: Array,
    weight: Array,
    lse: Array,
    total: Array,
    *,
    ignore_index: int,
    reduction: str,
) -> Array:
    """The gradient of cross_entropy's loss with respect to x: g * weight[t] * (softmax(x) - onehot(t)).

    lse and total are its other results: log(sum(exp(x))) and the sum of the weights.
    """
    dim = _class_dim(x)
    safe, weights = _weights(x, target, weight, ignore_index)
    share = widened(g) if reduction != "mean" else ops.div(widened(g), total)
    # Where everything is ignored the mean's share is infinite, and still nothing of it reaches anybody.
    none = scalar_like(0, weights)
    share = ops.where(ops.eq(weights, none), none, ops.mul(share, weights))
    share = _unsqueezed(share, dim)
    p = ops.exp(ops.sub(widened(x), _unsqueezed(lse, dim)))
    spread = ops.mul(p, share)
    return narrowed(ops.scatter_add(spread, _unsqueezed(safe, dim), ops.neg(share), dim=dim), x)


@cross_entropy_backward.infer
def cross_entropy_backward_infer(
    g: Spec, x: Spec, target: Spec, weight: Any, lse: Spec, total: Spec, *, ignore_index: int, reduction: str
) -> Spec:
    return x.like()


@cross_entropy_backward.samples
def cross_entropy_backward_samples() -> Any:
    rows = arg(4, dtype=int64, low=0, high=2)
    scores, lse, total = arg(4, 3), arg(4, low=2, high=3), arg(low=2, high=3)
    yield good(arg(4), scores, rows, None, lse, total, ignore_index=-100, reduction="none")
    yield good(arg(), scores, rows, arg(3, low=0.5, high=2), lse, total, ignore_index=1, reduction="mean")


@composite(dtypes=FLOATING, promote=Promote.COMMON)
def mse_loss(x: Array, y: Array, *, reduction: str = "mean") -> Array:
    """(x - y)^2, reduced; x and y broadcast."""
    gap = ops.sub(x, y)
    squares = ops.mul(gap, gap)
    if reduction == "none":
        return squares
    fold = ops.sum if reduction == "sum" else ops.mean
    return fold(squares, dim=None, keepdim=False)


@mse_loss.infer
def mse_loss_infer(x: Spec, y: Spec, *, reduction: str) -> Spec:
    shape = broadcast(x.shape, y.shape)
    return x.like(shape if reduction == "none" else ())


@mse_loss.vjp(values="x y", specs="x y")
def mse_loss_vjp(g: Any, out: Any, x: Any, y: Any, *, reduction: str) -> Any:
    gap = ops.sub(x, y)
    scale = 2.0 / numel(gap.shape) if reduction == "mean" and 0 not in gap.shape else 2.0
    gx = ops.mul(gap, ops.mul(g, scalar_like(scale, g)))
    gy = sum_to(ops.neg(gx), tuple(y.shape)) if y.tracked else None
    return sum_to(gx, tuple(x.shape)) if x.tracked else None, gy


@mse_loss.samples
def mse_loss_samples() -> Any:
    for reduction in ("none", "sum", "mean"):
        yield good(arg(3, 4), arg(3, 4), reduction=reduction)
    yield good(arg(3, 4), arg(4), reduction="mean")
    yield bad(RuntimeError, "do not broadcast", arg(3), arg(4), reduction="mean")


@composite(dtypes=FLOATING, promote=Promote.COMMON, elementwise=True)
def binary_cross_entropy_with_logits(x: Array, y: Array) -> Array:
    """-y log sigmoid(x) - (1 - y) log(1 - sigmoid(x)) = max(x, 0) - x y + log(1 + exp(-|x|)), without overflow."""
    positive = ops.sub(ops.relu(x), ops.mul(x, y))
    return ops.add(positive, ops.log1p(ops.exp(ops.neg(ops.abs(x)))))


@binary_cross_entropy_with_logits.vjp(values={"x": "x y", "y": "x"})
def binary_cross_entropy_with_logits_vjp(g: Any, out: Any, x: Any, y: Any) -> Any:
    gx = None if y is None else ops.mul(g, ops.sub(ops.sigmoid(x), y))
    return gx, ops.neg(ops.mul(g, x))


binary_cross_entropy_with_logits.samples(binary(second=(0.0, 1.0)))


@composite(dtypes=FLOATING, promote=Promote.COMMON, elementwise=True)
def binary_cross_entropy(x: Array, y: Array) -> Array:
    """-y log x - (1 - y) log(1 - x), the logarithms no lower than -100."""
    floor = scalar_like(-100, x)
    yes = ops.maximum(ops.log(x), floor)
    no = ops.maximum(ops.log1p(ops.neg(x)), floor)
    return ops.sub(ops.mul(ops.sub(y, scalar_like(1, y)), no), ops.mul(y, yes))


@binary_cross_entropy.vjp(values="x y")
def binary_cross_entropy_vjp(g: Any, out: Any, x: Any, y: Any) -> Any:
    """The slope's denominator x (1 - x) is no lower than 1e-12, so that it is finite at 0 and 1."""
    spread = ops.mul(x, ops.sub(scalar_like(1, x), x))
    gx = ops.div(ops.mul(g, ops.sub(x, y)), ops.maximum(spread, scalar_like(1e-12, x)))
    floor = scalar_like(-100, x)
    odds = ops.sub(ops.maximum(ops.log1p(ops.neg(x)), floor), ops.maximum(ops.log(x), floor))
    return gx, ops.mul(g, odds)


binary_cross_entropy.samples(binary(low=0.05, high=0.95))
