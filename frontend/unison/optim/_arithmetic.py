"""The few in-place updates that the rules of optimisers are made of.

Each takes Python numbers as coefficients, or 0-d tensors when a differentiable step is to carry gradients to
them. In such a step a later update must not change what an earlier one saved for backward: `kept` copies it.
"""

from __future__ import annotations

from typing import Any

from unison._tensor import Tensor

__all__ = ["average", "average_square", "decayed", "descend", "descend_ratio", "kept", "shrink"]


def kept(x: Tensor, differentiable: bool) -> Tensor:
    """x, or a copy of it in a differentiable step."""
    return x.clone() if differentiable else x


def decayed(grad: Tensor, param: Tensor, weight_decay: Any) -> Tensor:
    """The gradient with that of the L2 penalty: grad + weight_decay param."""
    if isinstance(weight_decay, Tensor):
        return grad.addcmul(param.clone(), weight_decay)
    return grad.add(param, alpha=weight_decay)


def shrink(param: Tensor, factor: Any) -> None:
    """Set param <- factor param."""
    if isinstance(factor, Tensor):
        param.copy_(param.clone() * factor)
    else:
        param.mul_(factor)


def average(mean: Tensor, x: Tensor, beta: Any) -> None:
    """Set mean <- beta mean + (1 - beta) x."""
    mean.lerp_(x, 1 - beta)


def average_square(mean: Tensor, x: Tensor, beta: Any) -> None:
    """Set mean <- beta mean + (1 - beta) x^2."""
    if isinstance(beta, Tensor):
        mean.lerp_(x.square(), 1 - beta)
    else:
        mean.mul_(beta).addcmul_(x, x, value=1 - beta)


def descend(param: Tensor, direction: Tensor, lr: Any) -> None:
    """Set param <- param - lr direction."""
    if isinstance(lr, Tensor):
        param.addcmul_(direction, lr, value=-1)
    else:
        param.add_(direction, alpha=-lr)


def descend_ratio(param: Tensor, numerator: Tensor, denominator: Tensor, lr: Any) -> None:
    """Set param <- param - lr numerator / denominator."""
    if isinstance(lr, Tensor):
        param.addcdiv_(numerator * lr, denominator, value=-1)
    else:
        param.addcdiv_(numerator, denominator, value=-lr)
