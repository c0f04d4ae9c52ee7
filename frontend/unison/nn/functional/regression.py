"""Losses of numbers against numbers, and of distributions against samples."""

from __future__ import annotations

import math
from typing import Any

from unison.nn.functional._reduction import reduced, settled, warn_of_broadcasting
from unison_core import dtypes, ops
from unison_core.dispatch.promotion import constant
from unison_core.errors import OperatorError
from unison_core.handle import Handle

__all__ = [
    "gaussian_nll_loss",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "mse_loss",
    "poisson_nll_loss",
    "smooth_l1_loss",
]


def _weighted(losses: Any, weight: Any, reduction: str) -> Any:
    """Weighted losses, reduced; the mean is over the weights."""
    if weight is None:
        return reduced(losses, reduction)
    if weight.array.shape != losses.array.shape:
        raise ValueError(
            f"Weights and input must have the same size, got {list(weight.shape)} and {list(losses.shape)}"
        )
    losses = ops.mul(losses, weight)
    if reduction != "mean":
        return reduced(losses, reduction)
    return ops.div(ops.sum(losses, dim=None, keepdim=False), ops.sum(weight, dim=None, keepdim=False))


def mse_loss(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Any = None,
) -> Any:
    """(x - y)^2, weighted and reduced."""
    reduction = settled(reduction, size_average, reduce)
    warn_of_broadcasting(input, target)
    if weight is not None:
        return _weighted(ops.mse_loss(input, target, reduction="none"), weight, reduction)
    return ops.mse_loss(input, target, reduction=reduction)


def l1_loss(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Any = None,
) -> Any:
    """|x - y|, weighted and reduced."""
    reduction = settled(reduction, size_average, reduce)
    warn_of_broadcasting(input, target)
    gap = ops.sub(input, target)
    size = ops.complex_abs(gap) if gap.dtype in dtypes.COMPLEX else ops.abs(gap)
    return _weighted(size, weight, reduction)


def smooth_l1_loss(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Any:
    """(x - y)^2 / (2 beta) where |x - y| < beta, else |x - y| - beta / 2; reduced. Girshick, Fast R-CNN, 2015.

    Raises:
        RuntimeError: beta is negative.
    """
    reduction = settled(reduction, size_average, reduce)
    warn_of_broadcasting(input, target)
    if beta < 0:
        raise OperatorError(f"smooth_l1_loss does not support negative values for beta, got {beta}")
    size = ops.abs(ops.sub(input, target))
    if beta == 0:
        return reduced(size, reduction)
    square = ops.mul(ops.mul(size, size), 0.5 / beta)
    return reduced(ops.where(ops.lt(size, beta), square, ops.sub(size, 0.5 * beta)), reduction)


def huber_loss(
    input: Any, target: Any, reduction: str = "mean", delta: float = 1.0, weight: Any = None
) -> Any:
    """(x - y)^2 / 2 where |x - y| <= delta, else delta (|x - y| - delta / 2); weighted and reduced. Huber, 1964.

    Raises:
        RuntimeError: delta is not positive.
    """
    reduction = settled(reduction)
    warn_of_broadcasting(input, target)
    if delta <= 0:
        raise OperatorError(f"huber_loss does not support non-positive values for delta, got {delta}")
    size = ops.abs(ops.sub(input, target))
    square = ops.mul(ops.mul(size, size), 0.5)
    line = ops.mul(ops.sub(size, 0.5 * delta), float(delta))
    return _weighted(ops.where(ops.le(size, delta), square, line), weight, reduction)


def kl_div(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Any:
    """target (log target - input), reduced, for log-probabilities input; "batchmean" divides the sum by the batch.

    With log_target the target is given as logarithms too. Kullback and Leibler, 1951.
    """
    batchmean = reduction == "batchmean" and size_average is None and reduce is None
    name = "sum" if batchmean else settled(reduction, size_average, reduce)
    if log_target:
        losses = ops.mul(ops.exp(target), ops.sub(target, input))
    else:
        losses = ops.sub(_x_log_x(target), ops.mul(target, input))
    out = reduced(losses, name)
    return ops.div(out, input.array.shape[0]) if batchmean and input.array.ndim else out


def _x_log_x(x: Any) -> Any:
    """x log x, 0 at 0."""
    none = ops.eq(x, 0)
    safe = ops.where(none, constant(1, x.dtype, x.device), x)
    return ops.where(none, constant(0, x.dtype, x.device), ops.mul(x, ops.log(safe)))


def poisson_nll_loss(
    input: Any,
    target: Any,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """exp(x) - y x for a logarithmic rate, else x - y log(x + eps); full adds Stirling's term of log y! where y > 1."""
    reduction = settled(reduction, size_average, reduce)
    if log_input:
        losses = ops.sub(ops.exp(input), ops.mul(target, input))
    else:
        losses = ops.sub(input, ops.mul(target, ops.log(ops.add(input, eps))))
    if full:
        safe = ops.maximum(target, 1)
        stirling = ops.add(
            ops.sub(ops.mul(safe, ops.log(safe)), safe), ops.mul(ops.log(ops.mul(safe, 2 * math.pi)), 0.5)
        )
        losses = ops.add(
            losses, ops.where(ops.le(target, 1), constant(0, stirling.dtype, stirling.device), stirling)
        )
    return reduced(losses, reduction)


def gaussian_nll_loss(
    input: Any, target: Any, var: Any, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Any:
    """(log v + (x - y)^2 / v) / 2 with v = max(var, eps), reduced; full adds log(2 pi) / 2. eps gets no gradient.

    Raises:
        ValueError: var has entries below 0, or neither input's shape nor one with one of its
            lengths 1, or with the last left out.
    """
    reduction = settled(reduction)
    if not isinstance(var, Handle):
        if var < 0:
            raise ValueError("var has negative entry/entries")
        var = ops.full(
            shape=tuple(input.array.shape), value=float(var), dtype=input.dtype, device=input.device
        )
    shape, given = tuple(input.array.shape), tuple(var.array.shape)
    if given != shape and given == shape[:-1]:
        var = ops.slice(var, key=(..., None))
    elif given != shape and (
        len(given) != len(shape) or sum(v for n, v in zip(shape, given, strict=True) if n != v) != 1
    ):
        raise ValueError(f"var is of incorrect size: got {list(given)} for an input {list(shape)}")
    if bool(ops.any(ops.lt(var, 0))):
        raise ValueError("var has negative entry/entries")
    floor = constant(eps, var.dtype, var.device)
    # The floor acts on the value alone: below it the gradient passes as if it were not there.
    safe = ops.add(var, ops.sub(ops.maximum(var, floor), var).detach())
    gap = ops.sub(input, target)
    losses = ops.mul(ops.add(ops.log(safe), ops.div(ops.mul(gap, gap), safe)), 0.5)
    if full:
        losses = ops.add(losses, 0.5 * math.log(2 * math.pi))
    return reduced(losses, reduction)
