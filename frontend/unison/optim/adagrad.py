"""Adagrad."""

from __future__ import annotations

import unison
from unison._tensor import Tensor
from unison.optim._arithmetic import descend_ratio, kept
from unison.optim._options import check_implementation, check_lr, check_not_negative, number
from unison.optim._parameterwise import ParameterwiseOptimizer, Update
from unison.optim.optimizer import Group, Params, State

__all__ = ["Adagrad"]


class Adagrad(ParameterwiseOptimizer):
    """Adagrad, after Duchi, Hazan and Singer (2011): the gradient over the root of the sum of all its squares.

    ``s <- s + g^2; p <- p - lr / (1 + (t - 1) lr_decay) g / (sqrt(s) + eps)``, where s starts as
    ``initial_accumulator_value``. ``foreach`` and ``fused`` are accepted; there is one implementation.

    Raises:
        ValueError: a negative option.
        RuntimeError: fused together with foreach or differentiable.
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_lr(lr)
        check_not_negative(
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            epsilon=eps,
        )
        check_implementation(foreach=foreach, fused=fused, differentiable=differentiable)
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)
        for group in self.param_groups:
            for param in group["params"]:
                self._state[param] = {"step": 0.0, **self._new_state(param, group)}

    def share_memory(self) -> None:
        """Move the sums into memory that other processes see."""
        for state in self.state.values():
            state["sum"].share_memory_()

    def _new_state(self, param: Tensor, group: Group) -> State:
        start = self.defaults["initial_accumulator_value"]
        return {"sum": unison.full_like(param, complex(start, start) if param.is_complex() else start)}

    def _updater(self, group: Group) -> Update:
        differentiable = group["differentiable"]
        lr = number(group["lr"], differentiable)
        lr_decay, eps = group["lr_decay"], group["eps"]

        def update(param: Tensor, grad: Tensor, state: State, step: float) -> None:
            total = state["sum"].addcmul_(grad, grad)
            root = kept(total.sqrt(), differentiable).add_(eps)
            descend_ratio(param, grad, root, lr / (1 + (step - 1) * lr_decay))

        return update
