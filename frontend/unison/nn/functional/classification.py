"""Losses of scores against classes."""

from __future__ import annotations

from typing import Any

from unison.nn.functional._reduction import reduced, settled
from unison_core import dtypes, ops
from unison_core.dispatch.promotion import constant
from unison_core.errors import OperatorError, OperatorIndexError
from unison_core.spec import numel

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "linear_cross_entropy",
    "nll_loss",
]


def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """-log softmax(input) at the target, reduced: input (N, C, ...) or (C), target int64 classes or probabilities.

    weight (C) scales the classes; "mean" over classes divides by the targets' weights. label_smoothing mixes the
    target with equal probabilities. ignore_index counts nothing.

    Raises:
        RuntimeError: shapes or dtypes do not fit, or label_smoothing is not in [0, 1].
        IndexError: a class is out of range.
    """
    reduction = settled(reduction, size_average, reduce)
    if not 0.0 <= label_smoothing <= 1.0:
        raise OperatorError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    dim = 0 if input.array.ndim == 1 else 1
    if weight is not None and (weight.array.ndim != 1 or weight.array.size != input.array.shape[dim]):
        raise OperatorError(
            "cross_entropy: weight tensor should be defined either for all "
            f"{input.array.shape[dim]} classes or no classes but got weight tensor of shape: {list(weight.shape)}"
        )
    if target.array.shape == input.array.shape and input.array.ndim:
        _check_probabilities(target, ignore_index)
        return _against_probabilities(input, target, weight, reduction, label_smoothing, dim)
    _check_classes(input, target, dim)
    target = target if target.dtype is dtypes.int64 else ops.cast(target, dtype=dtypes.int64)
    if label_smoothing:
        return _smoothed(input, target, weight, ignore_index, reduction, label_smoothing, dim)
    loss, _, _ = ops.cross_entropy(input, target, weight, ignore_index=ignore_index, reduction=reduction)
    return loss


def _check_probabilities(target: Any, ignore_index: int) -> None:
    if target.dtype not in dtypes.FLOATING:
        raise OperatorError(
            f"Expected floating point type for target with class probabilities, got {target.dtype.name}"
        )
    if ignore_index >= 0:
        raise OperatorError("ignore_index is not supported for floating point target")


def _check_classes(input: Any, target: Any, dim: int) -> None:
    """Refuse targets that are not the classes of the input's places, as nll_loss does."""
    if target.dtype not in (dtypes.int64, dtypes.uint8):
        raise OperatorError(f"expected target dtype to be Long or Byte, but found {target.dtype.name}")
    _check_target(input, target, None, dim)


def _per_class(weight: Any, input: Any, dim: int) -> Any:
    return ops.view(weight, shape=(weight.array.size,) + (1,) * (input.array.ndim - dim - 1))


def _against_probabilities(
    input: Any, target: Any, weight: Any, reduction: str, smoothing: float, dim: int
) -> Any:
    classes = input.array.shape[dim]
    if smoothing:
        target = ops.add(ops.mul(target, 1 - smoothing), smoothing / classes)
    terms = ops.mul(ops.log_softmax(input, dim=dim), target)
    if weight is not None:
        terms = ops.mul(terms, _per_class(weight, input, dim))
    losses = ops.neg(ops.sum(terms, dim=(dim,), keepdim=False))
    if reduction != "mean":
        return reduced(losses, reduction)
    return ops.div(
        ops.sum(losses, dim=None, keepdim=False), max(1, input.array.size // classes) if classes else 1
    )


def _smoothed(
    input: Any, target: Any, weight: Any, ignore_index: int, reduction: str, smoothing: float, dim: int
) -> Any:
    """(1 - smoothing) of the loss of the class, and smoothing of the mean loss of all classes."""
    scores = ops.log_softmax(input, dim=dim)
    sharp = _chosen(scores, target, weight, ignore_index, reduction, dim)
    scaled = scores if weight is None else ops.mul(scores, _per_class(weight, input, dim))
    level = ops.neg(ops.sum(scaled, dim=(dim,), keepdim=False))
    valid = ops.ne(target, ignore_index)
    level = ops.where(valid, level, constant(0, level.dtype, level.device))
    smooth = reduced(level, "none" if reduction == "none" else "sum")
    if reduction == "mean":
        smooth = ops.div(smooth, _total(target, valid, weight, level))
    classes = input.array.shape[dim]
    return ops.add(ops.mul(sharp, 1 - smoothing), ops.mul(smooth, smoothing / classes))


def _total(target: Any, valid: Any, weight: Any, like: Any) -> Any:
    """The sum of the weights of the targets that count."""
    if weight is None:
        return ops.cast(ops.sum(valid, dim=None, keepdim=False), dtype=like.dtype)
    return ops.sum(_weights(target, valid, weight), dim=None, keepdim=False)


def _weights(target: Any, valid: Any, weight: Any) -> Any:
    safe = ops.where(valid, target, constant(0, target.dtype, target.device))
    flat = ops.index_select(weight, ops.reshape(safe, shape=(target.array.size,)), dim=0)
    found = ops.view(flat, shape=tuple(target.array.shape))
    return ops.where(valid, found, constant(0, weight.dtype, weight.device))


def nll_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """-input at the target's classes, reduced: input (N, C, ...) or (C) log-probabilities, target int64.

    weight (C) scales the classes; "mean" divides by the targets' weights. ignore_index counts nothing.

    Raises:
        RuntimeError: dtypes or shapes do not fit.
        ValueError: the batches differ.
        IndexError: a class is out of range.
    """
    reduction = settled(reduction, size_average, reduce)
    if not input.array.ndim:
        raise OperatorError("input tensor should be 1D or 2D")
    dim = 0 if input.array.ndim == 1 else 1
    _check_target(input, target, weight, dim)
    return _chosen(input, target, weight, ignore_index, reduction, dim)


def _check_target(input: Any, target: Any, weight: Any, dim: int) -> None:
    if target.dtype not in (dtypes.int64, dtypes.uint8):
        raise OperatorError(f"expected scalar type Long but found {target.dtype.name} for the target")
    shape = tuple(input.array.shape)
    expected = shape[:dim] + shape[dim + 1 :]
    given = tuple(target.array.shape)
    if dim and given[:1] != shape[:1]:
        raise ValueError(
            f"Expected input batch_size ({shape[0]}) to match target batch_size ({given[0] if given else 0})."
        )
    if given != expected:
        raise OperatorError(f"Expected target size {list(expected)}, got {list(given)}")
    if weight is not None and weight.dtype is not input.dtype:
        raise OperatorError(
            f"expected scalar type {input.dtype.name} but found {weight.dtype.name} for the weight"
        )
    if weight is not None and weight.array.shape != shape[dim : dim + 1]:
        raise OperatorError(
            f"weight tensor should be defined either for all {shape[dim]} classes or no classes but got weight tensor "
            f"of shape: {list(weight.shape)}"
        )


def _chosen(scores: Any, target: Any, weight: Any, ignore_index: int, reduction: str, dim: int) -> Any:
    """-weight scores at the target, reduced."""
    if target.dtype is not dtypes.int64:
        target = ops.cast(target, dtype=dtypes.int64)
    valid = ops.ne(target, ignore_index)
    safe = ops.where(valid, target, constant(0, target.dtype, target.device))
    lead = (slice(None),) * dim
    try:
        picked = ops.gather(scores, ops.slice(safe, key=(*lead, None)), dim=dim)
    except OperatorError:
        raise _out_of_bounds(target, valid, scores.array.shape[dim]) from None
    zero = constant(0, scores.dtype, scores.device)
    losses = ops.where(valid, ops.neg(ops.slice(picked, key=(*lead, 0))), zero)
    if weight is not None:
        losses = ops.mul(losses, _weights(target, valid, weight))
    if reduction != "mean":
        return reduced(losses, reduction)
    return ops.div(ops.sum(losses, dim=None, keepdim=False), _total(target, valid, weight, losses))


def _out_of_bounds(target: Any, valid: Any, classes: int) -> OperatorIndexError:
    wrong = [t for t, v in zip(_list(target), _list(valid), strict=True) if v and not 0 <= t < classes]
    return OperatorIndexError(f"Target {wrong[0]} is out of bounds: there are {classes} classes")


def _list(a: Any) -> list[Any]:
    return ops.reshape(a, shape=(a.array.size,)).tolist()  # type: ignore[no-any-return]


def binary_cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """-y log x - (1 - y) log(1 - x) for probabilities x, times weight, reduced; logarithms are at least -100.

    Raises:
        ValueError: input and target differ in shape.
        RuntimeError: a probability is not in [0, 1].
    """
    reduction = settled(reduction, size_average, reduce)
    if target.array.shape != input.array.shape:
        raise ValueError(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}) is deprecated. "
            "Please ensure they have the same size."
        )
    if target.dtype is not input.dtype:
        raise OperatorError(f"Found dtype {target.dtype.name} but expected {input.dtype.name} for the target")
    if bool(ops.any(ops.logical_or(ops.lt(input, 0), ops.gt(input, 1)))):
        raise OperatorError("all elements of input should be between 0 and 1")
    losses = ops.binary_cross_entropy(input, target)
    return reduced(losses if weight is None else ops.mul(losses, weight), reduction)


def binary_cross_entropy_with_logits(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Any = None,
) -> Any:
    """binary_cross_entropy of sigmoid(input), without overflow; pos_weight scales the losses of positive targets.

    Raises:
        ValueError: input and target differ in shape.
    """
    reduction = settled(reduction, size_average, reduce)
    if target.array.shape != input.array.shape:
        raise ValueError(f"Target size ({target.shape}) must be the same as input size ({input.shape})")
    if pos_weight is None:
        losses = ops.binary_cross_entropy_with_logits(input, target)
    else:
        losses = _with_positive_weight(input, target, pos_weight)
    return reduced(losses if weight is None else ops.mul(losses, weight), reduction)


def _with_positive_weight(x: Any, y: Any, pos_weight: Any) -> Any:
    """(1 - y) x + (1 + (pos_weight - 1) y) log(1 + exp(-x))."""
    scale = ops.add(ops.mul(ops.sub(pos_weight, 1), y), 1)
    tail = ops.binary_cross_entropy_with_logits(
        x, ops.full(shape=(), value=1, dtype=x.dtype, device=x.device)
    )
    return ops.add(ops.mul(ops.sub(1, y), x), ops.mul(scale, tail))


def linear_cross_entropy(
    input: Any,
    linear_weight: Any,
    target: Any,
    *,
    linear_bias: Any = None,
    weight: Any = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: Any = None,
) -> Any:
    """cross_entropy of input (N, in) or (in) mapped by linear_weight (C, *out, in) and linear_bias (C, *out).

    options may ask for chunks; the whole batch is always computed at once, which gives the same numbers.

    Raises:
        RuntimeError: shapes or dtypes do not fit.
        ValueError: the batches differ.
    """
    if input.array.ndim not in (1, 2):
        raise OperatorError(f"expected input with dimensionality 1 or 2, got {input.array.ndim}")
    if linear_weight.array.ndim < 2:
        raise OperatorError(
            f"expected linear_weight with dimensionality at least 2, got {linear_weight.array.ndim}"
        )
    if input.array.shape[-1:] != linear_weight.array.shape[-1:]:
        raise OperatorError(
            "expected equal input and linear_weight last dimensions (in_features), "
            f"got {input.array.shape[-1]} and {linear_weight.array.shape[-1]}, respectively"
        )
    if target.array.ndim and input.array.ndim > 1 and target.array.shape[0] != input.array.shape[0]:
        raise ValueError(
            f"Expected input batch_size ({input.array.shape[0]}) to match target batch_size ({target.array.shape[0]})."
        )
    outputs = tuple(linear_weight.array.shape[:-1])
    if len(outputs) > 1 and input.array.ndim == 1:
        raise OperatorError(
            f"K-dimensional loss defined by linear_weight shape {list(linear_weight.shape)} requires batched input, "
            f"(N, {input.array.shape[-1]}), got unbatched input with shape {list(input.shape)}"
        )
    flat = ops.reshape(linear_weight, shape=(numel(outputs), linear_weight.array.shape[-1]))
    bias = None if linear_bias is None else ops.reshape(linear_bias, shape=(numel(outputs),))
    scores = ops.linear(input, flat, bias)
    scores = ops.view(scores, shape=(*input.array.shape[:-1], *outputs))
    ignored = -100 if ignore_index is None else ignore_index
    return cross_entropy(
        scores, target, weight, ignore_index=ignored, reduction=reduction, label_smoothing=label_smoothing
    )
