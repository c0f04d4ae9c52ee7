"""ASGD."""

from __future__ import annotations

import unison
from unison._tensor import Tensor
from unison.optim._options import check_lr, check_not_negative, number
from unison.optim._parameterwise import ParameterwiseOptimizer, Update, scalar_dtype
from unison.optim.optimizer import Group, Params, State

__all__ = ["ASGD"]


class ASGD(ParameterwiseOptimizer):
    """Averaged stochastic gradient descent, after Polyak and Juditsky (1992).

    ``p <- (1 - lambd eta) p - eta g`` with ``eta = lr / (1 + lambd lr t)^alpha``; ``state["ax"]`` is the average
    of p from step ``t0`` on, and p itself before. ``foreach`` and ``capturable`` are accepted; there is one
    implementation.

    Raises:
        ValueError: a negative lr or weight_decay.
    """

    _scalars = ("eta", "mu")

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_lr(lr)
        check_not_negative(weight_decay=weight_decay)
        defaults = {
            "lr": lr,
            "lambd": lambd,
            "alpha": alpha,
            "t0": t0,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def _new_state(self, param: Tensor, group: Group) -> State:
        lr, dtype = number(group["lr"]), scalar_dtype()
        return {
            "eta": unison.tensor(lr, dtype=dtype, device=param.device),
            "mu": unison.ones((), dtype=dtype, device=param.device),
            "ax": unison.zeros_like(param),
        }

    def _updater(self, group: Group) -> Update:
        lr = number(group["lr"])
        lambd, alpha, t0 = group["lambd"], group["alpha"], group["t0"]

        def update(param: Tensor, grad: Tensor, state: State, step: float) -> None:
            eta, mu, mean = state["eta"], state["mu"], state["ax"]
            rate, weight = eta.item(), mu.item()
            param.mul_(1 - lambd * rate).add_(grad, alpha=-rate)
            if weight == 1:
                mean.copy_(param)
            else:
                mean.add_(param - mean, alpha=weight)
            eta.fill_(lr / (1 + lambd * lr * step) ** alpha)
            mu.fill_(1 / max(1.0, step - t0))

        return update
