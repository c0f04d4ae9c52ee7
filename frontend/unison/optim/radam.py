"""RAdam."""

from __future__ import annotations

from functools import cache
from typing import Any

import unison
from unison._tensor import Tensor
from unison.optim._arithmetic import average, average_square, descend, descend_ratio, kept
from unison.optim._options import check_betas, check_lr, check_not_negative, number
from unison.optim._parameterwise import ParameterwiseOptimizer, Update
from unison.optim.optimizer import Group, Params, State

__all__ = ["RAdam"]


class RAdam(ParameterwiseOptimizer):
    """RAdam, after Liu et al. (2020): Adam that trusts its mean square only once enough steps stand behind it.

    With ``rho_inf = 2 / (1 - beta2) - 1`` and ``rho_t = rho_inf - 2 t beta2^t / (1 - beta2^t)``, Adam's step is
    rectified by ``sqrt((rho_t - 4)(rho_t - 2) rho_inf / ((rho_inf - 4)(rho_inf - 2) rho_t))`` when ``rho_t > 5``;
    before that p moves along the mean gradient alone. ``foreach`` and ``capturable`` are accepted; there is one
    implementation.

    Raises:
        ValueError: a negative option, or a beta outside [0, 1).
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
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
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _new_state(self, param: Tensor, group: Group) -> State:
        return {name: unison.zeros_like(param) for name in ("exp_avg", "exp_avg_sq")}

    def _updater(self, group: Group) -> Update:
        differentiable = group["differentiable"]
        lr = number(group["lr"], differentiable)
        (beta1, beta2), eps = group["betas"], group["eps"]

        @cache
        def step_size(step: float) -> tuple[Any, bool]:
            adaptive = _adaptive_factor(step, beta2)
            return lr / (1 - beta1**step) * (adaptive or 1.0), adaptive is not None

        def update(param: Tensor, grad: Tensor, state: State, step: float) -> None:
            average(state["exp_avg"], grad, beta1)
            average_square(state["exp_avg_sq"], grad, beta2)
            mean = kept(state["exp_avg"], differentiable)
            size, adaptive = step_size(step)
            if adaptive:
                root = kept(state["exp_avg_sq"].sqrt(), differentiable).add_(eps)
                descend_ratio(param, mean, root, size)
            else:
                descend(param, mean, size)

        return update


def _adaptive_factor(step: float, beta2: float) -> float | None:
    """Rectification times sqrt(1 - beta2^t), or None while the mean square is not to be trusted."""
    correction = 1 - beta2**step
    longest = 2 / (1 - beta2) - 1
    length = longest - 2 * step * beta2**step / correction
    if length <= 5.0:
        return None
    rectified = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
    return (rectified * correction) ** 0.5
