"""RMSprop."""

from __future__ import annotations

import unison
from unison._tensor import Tensor
from unison.optim._arithmetic import average, average_square, descend, descend_ratio, kept
from unison.optim._options import check_lr, check_not_negative, number
from unison.optim._parameterwise import ParameterwiseOptimizer, Update
from unison.optim.optimizer import Group, Params, State

__all__ = ["RMSprop"]


class RMSprop(ParameterwiseOptimizer):
    """RMSprop, after Hinton's lecture 6e (2012): the gradient over the root of its mean square.

    ``v <- alpha v + (1 - alpha) g^2; p <- p - lr g / (sqrt(v) + eps)``. ``centered`` subtracts the square of the
    mean gradient from v (Graves, 2013); with ``momentum`` the quotient goes through a buffer
    ``b <- momentum b + g / (sqrt(v) + eps)``. ``foreach`` and ``capturable`` are accepted; there is one
    implementation.

    Raises:
        ValueError: a negative option.
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        check_not_negative(epsilon=eps, momentum=momentum, weight_decay=weight_decay, alpha=alpha)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _new_state(self, param: Tensor, group: Group) -> State:
        wanted = {"square_avg": True, "momentum_buffer": group["momentum"] > 0, "grad_avg": group["centered"]}
        return {name: unison.zeros_like(param) for name, want in wanted.items() if want}

    def _updater(self, group: Group) -> Update:
        differentiable, centered = group["differentiable"], group["centered"]
        lr = number(group["lr"], differentiable)
        alpha, eps, momentum = group["alpha"], group["eps"], group["momentum"]

        def update(param: Tensor, grad: Tensor, state: State, step: float) -> None:
            square = state["square_avg"]
            average_square(square, grad, alpha)
            if centered:
                average(state["grad_avg"], grad, alpha)
                mean = kept(state["grad_avg"], differentiable)
                square = square.addcmul(mean, mean, value=-1)
            root = kept(square.sqrt(), differentiable).add_(eps)
            if momentum > 0:
                buffer = state["momentum_buffer"].mul_(momentum).addcdiv_(grad, root)
                descend(param, kept(buffer, differentiable), lr)
            else:
                descend_ratio(param, grad, root, lr)

        return update
