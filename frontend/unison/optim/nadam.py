"""NAdam."""

from __future__ import annotations

import unison
from unison._tensor import Tensor
from unison.optim._arithmetic import average, average_square, descend_ratio, kept
from unison.optim._options import check_betas, check_lr, check_not_negative, number
from unison.optim._parameterwise import ParameterwiseOptimizer, Update, scalar_dtype
from unison.optim.optimizer import Group, Params, State

__all__ = ["NAdam"]


class NAdam(ParameterwiseOptimizer):
    """NAdam, after Dozat (2016): Adam that looks one step of momentum ahead.

    With ``mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2)`` and Adam's m and v, p moves against
    ``(1 - mu_t) / (1 - prod_{i<=t} mu_i) g + mu_{t+1} / (1 - prod_{i<=t+1} mu_i) m``, over
    ``sqrt(v / (1 - beta2^t)) + eps``. ``foreach`` and ``capturable`` are accepted; there is one implementation.

    Raises:
        ValueError: a negative option, or a beta outside [0, 1).
    """

    _scalars = ("mu_product",)

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
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
        check_not_negative(weight_decay=weight_decay, momentum_decay=momentum_decay)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _new_state(self, param: Tensor, group: Group) -> State:
        device = param.device if group["capturable"] else "cpu"
        return {
            "mu_product": unison.ones((), dtype=scalar_dtype(), device=device),
            "exp_avg": unison.zeros_like(param),
            "exp_avg_sq": unison.zeros_like(param),
        }

    def _updater(self, group: Group) -> Update:
        differentiable = group["differentiable"]
        lr = number(group["lr"], differentiable)
        (beta1, beta2), eps = group["betas"], group["eps"]

        def mu(step: float) -> float:
            return beta1 * (1.0 - 0.5 * 0.96 ** (step * group["momentum_decay"]))

        def update(param: Tensor, grad: Tensor, state: State, step: float) -> None:
            mean, square = state["exp_avg"], state["exp_avg_sq"]
            average(mean, grad, beta1)
            average_square(square, grad, beta2)
            root = kept((square / (1 - beta2**step)).sqrt(), differentiable).add_(eps)
            product = state["mu_product"].mul_(mu(step)).item()
            ahead = mu(step + 1)
            descend_ratio(param, grad, root, lr * (1 - mu(step)) / (1 - product))
            descend_ratio(param, kept(mean, differentiable), root, lr * ahead / (1 - product * ahead))

        return update
