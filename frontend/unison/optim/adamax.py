"""Adamax."""

from __future__ import annotations

import unison
from unison._tensor import Tensor
from unison.optim._arithmetic import average, descend_ratio, kept
from unison.optim._options import check_betas, check_lr, check_not_negative, number
from unison.optim._parameterwise import ParameterwiseOptimizer, Update
from unison.optim.optimizer import Group, Params, State

__all__ = ["Adamax"]


class Adamax(ParameterwiseOptimizer):
    """Adamax, section 7 of Kingma and Ba (2015): Adam with a decaying maximum in the place of the mean square.

    ``m <- beta1 m + (1 - beta1) g; u <- max(beta2 u, |g| + eps); p <- p - lr / (1 - beta1^t) m / u``.
    ``foreach`` and ``capturable`` are accepted; there is one implementation.

    Raises:
        ValueError: a negative option, or a beta outside [0, 1).
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_lr(lr)
        check_not_negative(epsilon=eps)
        check_betas(betas)
        check_not_negative(weight_decay=weight_decay)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def _new_state(self, param: Tensor, group: Group) -> State:
        return {name: unison.zeros_like(param) for name in ("exp_avg", "exp_inf")}

    def _updater(self, group: Group) -> Update:
        differentiable = group["differentiable"]
        lr = number(group["lr"], differentiable)
        (beta1, beta2), eps = group["betas"], group["eps"]

        def update(param: Tensor, grad: Tensor, state: State, step: float) -> None:
            mean, norm = state["exp_avg"], state["exp_inf"]
            average(mean, grad, beta1)
            norm.copy_(unison.maximum(norm * beta2, grad.abs().add_(eps)))
            mean, norm = kept(mean, differentiable), kept(norm, differentiable)
            descend_ratio(param, mean, norm, lr / (1 - beta1**step))

        return update
