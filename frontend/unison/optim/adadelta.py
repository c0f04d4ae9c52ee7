"""Adadelta."""

from __future__ import annotations

import unison
from unison._tensor import Tensor
from unison.optim._arithmetic import average_square, descend
from unison.optim._options import check_lr, check_not_negative, number
from unison.optim._parameterwise import ParameterwiseOptimizer, Update
from unison.optim.optimizer import Group, Params, State

__all__ = ["Adadelta"]


class Adadelta(ParameterwiseOptimizer):
    """Adadelta, after Zeiler (2012): steps in the unit of the parameter, from the mean squares of step and gradient.

    ``v <- rho v + (1 - rho) g^2; d = g sqrt(u + eps) / sqrt(v + eps); u <- rho u + (1 - rho) d^2; p <- p - lr d``.
    ``foreach`` and ``capturable`` are accepted; there is one implementation.

    Raises:
        ValueError: a negative option, or rho above 1.
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}; it must be in [0, 1]")
        check_not_negative(epsilon=eps, weight_decay=weight_decay)
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _new_state(self, param: Tensor, group: Group) -> State:
        return {name: unison.zeros_like(param) for name in ("square_avg", "acc_delta")}

    def _updater(self, group: Group) -> Update:
        differentiable = group["differentiable"]
        lr = number(group["lr"], differentiable)
        rho, eps = group["rho"], group["eps"]

        def update(param: Tensor, grad: Tensor, state: State, step: float) -> None:
            average_square(state["square_avg"], grad, rho)
            typical = state["acc_delta"].add(eps).sqrt_()
            delta = typical / state["square_avg"].add(eps).sqrt_() * grad
            average_square(state["acc_delta"], delta, rho)
            descend(param, delta, lr)

        return update
