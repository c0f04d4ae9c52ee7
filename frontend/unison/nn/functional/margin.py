"""Losses that want one score to exceed another by a margin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from unison.nn.functional._reduction import reduced, settled
from unison.nn.functional.activation import logsigmoid
from unison.nn.functional.distance import pairwise_distance
from unison_core import dtypes, ops
from unison_core.dispatch.promotion import constant
from unison_core.errors import OperatorError

__all__ = [
    "cosine_embedding_loss",
    "hinge_embedding_loss",
    "margin_ranking_loss",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "soft_margin_loss",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]


def _positive(x: Any) -> Any:
    """max(x, 0)."""
    return ops.relu(x)


def margin_ranking_loss(
    input1: Any,
    input2: Any,
    target: Any,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """max(0, -y (x1 - x2) + margin), reduced.

    Raises:
        RuntimeError: the inputs differ in their number of dimensions.
    """
    reduction = settled(reduction, size_average, reduce)
    if not input1.array.ndim == input2.array.ndim == target.array.ndim:
        raise OperatorError(
            f"margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {list(input1.shape)}, input2: {list(input2.shape)}, target: {list(target.shape)} "
        )
    gap = ops.mul(ops.neg(target), ops.sub(input1, input2))
    return reduced(ops.maximum(ops.add(gap, margin), 0), reduction)


def hinge_embedding_loss(
    input: Any,
    target: Any,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """x where y is 1, max(0, margin - x) where it is -1, reduced."""
    reduction = settled(reduction, size_average, reduce)
    zero = constant(0, input.dtype, input.device)
    far = ops.where(ops.ne(target, 1), _positive(ops.sub(margin, input)), zero)
    near = ops.where(ops.ne(target, -1), input, zero)
    return reduced(ops.add(far, near), reduction)


def soft_margin_loss(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """log(1 + exp(-y x)), reduced."""
    reduction = settled(reduction, size_average, reduce)
    return reduced(ops.log1p(ops.exp(ops.mul(ops.neg(target), input))), reduction)


def multilabel_soft_margin_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """The mean over the last dimension of -y log sigmoid(x) - (1 - y) log sigmoid(-x), times weight; reduced."""
    reduction = settled(reduction, size_average, reduce)
    yes, no = ops.mul(target, logsigmoid(input)), ops.mul(ops.sub(1, target), logsigmoid(ops.neg(input)))
    losses = ops.neg(ops.add(yes, no))
    losses = losses if weight is None else ops.mul(losses, weight)
    return reduced(ops.mean(losses, dim=(input.array.ndim - 1,), keepdim=False), reduction)


def multilabel_margin_loss(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """sum over labels j and others i of max(0, 1 - (x_j - x_i)) / C, reduced: input (N, C) or (C).

    target has the labels of each row at its beginning, up to the first -1.

    Raises:
        RuntimeError: shapes do not fit or a label is out of range.
    """
    reduction = settled(reduction, size_average, reduce)
    shape = tuple(input.array.shape)
    if len(shape) > 2 or (len(shape) == 2 and shape[1] == 0) or shape == (0,):
        raise OperatorError(
            f"Expected non-empty vector or matrix with optional 0-dim batch size, but got: {list(shape)}"
        )
    if tuple(target.array.shape) != shape:
        raise OperatorError(
            f"inconsistent target size: {list(target.shape)} for input of size: {list(shape)}"
        )
    single = len(shape) < 2
    x = ops.reshape(input, shape=(1, input.array.size)) if single else input
    t = ops.reshape(target, shape=(1, target.array.size)) if single else target
    classes = x.array.shape[1]
    if t.array.size and (int(ops.amin(t)) < -1 or int(ops.amax(t)) >= classes):
        raise OperatorError(f"multilabel_margin_loss: targets lie in [-1, {classes - 1}]")
    ended = ops.cumsum(ops.cast(ops.lt(t, 0), dtype=dtypes.int64), dim=1)
    valid = ops.eq(ended, 0)
    safe = ops.where(valid, t, constant(0, t.dtype, t.device))
    marks = ops.full(shape=tuple(x.shape), value=0, dtype=dtypes.int64, device=x.device)
    others = ops.eq(ops.scatter_add(marks, safe, ops.cast(valid, dtype=dtypes.int64), dim=1), 0)
    wanted = ops.gather(x, safe, dim=1)
    gaps = ops.add(ops.sub(ops.slice(x, key=(slice(None), None)), ops.slice(wanted, key=(..., None))), 1)
    counted = ops.logical_and(ops.slice(valid, key=(..., None)), ops.slice(others, key=(slice(None), None)))
    losses = ops.where(counted, _positive(gaps), constant(0, x.dtype, x.device))
    rows = ops.div(ops.sum(losses, dim=(1, 2), keepdim=False), classes)
    return reduced(ops.view(rows, shape=()) if single else rows, reduction)


def multi_margin_loss(
    input: Any,
    target: Any,
    p: int = 1,
    margin: float = 1.0,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """sum over i != y of weight_y max(0, margin - x_y + x_i)^p / C, reduced: input (N, C) or (C), target (N) or ().

    Raises:
        ValueError: p is neither 1 nor 2, or weight is not 1-d.
        RuntimeError: shapes do not fit or a class is out of range.
    """
    reduction = settled(reduction, size_average, reduce)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    if weight is not None and weight.array.ndim != 1:
        raise ValueError("weight must be one-dimensional")
    shape = tuple(input.array.shape)
    if len(shape) > 2 or (len(shape) == 2 and shape[1] == 0) or shape == (0,):
        raise OperatorError(
            f"Expected non-empty vector or matrix with optional 0-dim batch size, but got: {list(shape)}"
        )
    x = input if len(shape) == 2 else ops.reshape(input, shape=(1, input.array.size))
    rows, classes = x.array.shape
    if target.array.size != rows or target.array.ndim > 1:
        raise OperatorError(
            "multi_margin_loss: target tensor should be 1-D with size equal to the batch's. Expected target size "
            f"[{rows}], but got {list(target.shape)}"
        )
    if weight is not None and weight.array.size != classes:
        raise OperatorError(f"inconsistent weight size, expected {classes} but got {list(weight.shape)}")
    t = ops.reshape(target, shape=(rows, 1))
    if rows and (int(ops.amin(t)) < 0 or int(ops.amax(t)) >= classes):
        raise OperatorError(f"target out of range: classes lie in [0, {classes - 1}]")
    gaps = _positive(ops.add(ops.sub(x, ops.gather(x, t, dim=1)), float(margin)))
    gaps = gaps if p == 1 else ops.mul(gaps, gaps)
    if weight is not None:
        gaps = ops.mul(
            gaps, ops.view(ops.index_select(weight, ops.view(t, shape=(rows,)), dim=0), shape=(rows, 1))
        )
    own = ops.eq(ops.arange(end=classes, dtype=dtypes.int64, device=x.device), t)
    losses = ops.where(own, constant(0, x.dtype, x.device), gaps)
    out = ops.div(ops.sum(losses, dim=(1,), keepdim=False), classes)
    if len(shape) < 2 and reduction == "none" and not target.array.ndim:
        return ops.view(out, shape=())
    return reduced(out, reduction)


def cosine_embedding_loss(
    input1: Any,
    input2: Any,
    target: Any,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """1 - cos(x1, x2) where y is 1, max(0, cos(x1, x2) - margin) where it is -1; reduced. Inputs (N, D) or (D).

    Raises:
        RuntimeError: the shapes do not fit.
    """
    reduction = settled(reduction, size_average, reduce)
    if target.array.ndim not in (0, 1):
        raise OperatorError("0D or 1D target tensor expected, multi-target not supported")
    if input1.array.ndim != target.array.ndim + 1 or input2.array.ndim != target.array.ndim + 1:
        kind = "1D target tensor expects 2D" if target.array.ndim else "0D target tensor expects 1D"
        raise OperatorError(
            f"{kind} input tensors, but found inputs with sizes {list(input1.shape)} and {list(input2.shape)}."
        )
    dim = (target.array.ndim,)
    tiny = 1e-12
    dot = ops.sum(ops.mul(input1, input2), dim=dim, keepdim=False)
    squares = [ops.add(ops.sum(ops.mul(x, x), dim=dim, keepdim=False), tiny) for x in (input1, input2)]
    cosine = ops.div(dot, ops.sqrt(ops.mul(*squares)))
    zero = constant(0, cosine.dtype, cosine.device)
    near = ops.where(ops.eq(target, 1), ops.sub(1, cosine), zero)
    far = ops.where(ops.eq(target, -1), ops.maximum(ops.sub(cosine, float(margin)), zero), zero)
    return reduced(ops.add(near, far), reduction)


def triplet_margin_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """max(0, d(a, p) - d(a, n) + margin) with the p-norm distance d, reduced; swap takes d(p, n) where smaller.

    Raises:
        ValueError: margin is not positive.
        RuntimeError: the inputs differ in their number of dimensions.
    """
    reduction = settled(reduction, size_average, reduce)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    if not anchor.array.ndim == positive.array.ndim == negative.array.ndim:
        raise OperatorError(
            f"The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: "
            f"anchor {anchor.array.ndim}D, positive {positive.array.ndim}D, and negative {negative.array.ndim}D inputs"
        )

    def distance(a: Any, b: Any) -> Any:
        return pairwise_distance(a, b, p, eps)

    return _triplet(anchor, positive, negative, distance, margin, swap, reduction)


def triplet_margin_with_distance_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    *,
    distance_function: Callable[[Any, Any], Any] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Any:
    """triplet_margin_loss with another distance (pairwise_distance unless given).

    Raises:
        ValueError: the reduction is unknown, or margin is not positive.
        RuntimeError: the inputs differ in their number of dimensions.
    """
    reduction = settled(reduction)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    if not anchor.array.ndim == positive.array.ndim == negative.array.ndim:
        raise OperatorError(
            f"The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: "
            f"anchor {anchor.array.ndim}D, positive {positive.array.ndim}D, and negative {negative.array.ndim}D inputs"
        )
    return _triplet(
        anchor, positive, negative, distance_function or pairwise_distance, margin, swap, reduction
    )


def _triplet(
    anchor: Any, positive: Any, negative: Any, distance: Any, margin: float, swap: bool, reduction: str
) -> Any:
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = ops.minimum(far, distance(positive, negative))
    return reduced(ops.maximum(ops.add(ops.sub(near, far), float(margin)), 0), reduction)
