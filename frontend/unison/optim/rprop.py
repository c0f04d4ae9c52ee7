"""Rprop."""

from __future__ import annotations

import unison
from unison._tensor import Tensor
from unison.optim._arithmetic import kept
from unison.optim._options import check_lr, number
from unison.optim._parameterwise import ParameterwiseOptimizer, Update
from unison.optim.optimizer import Group, Params, State

__all__ = ["Rprop"]


class Rprop(ParameterwiseOptimizer):
    """Resilient backpropagation, after Riedmiller and Braun (1993): only the gradient's sign counts.

    Every element has a step size of its own, at first ``lr``, which grows by ``etas[1]`` while the sign stays,
    shrinks by ``etas[0]`` when it turns (and that step is left out), and stays within ``step_sizes``.
    ``foreach`` and ``capturable`` are accepted; there is one implementation.

    Raises:
        ValueError: a negative lr, or etas that are not on the two sides of 1.
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(
                f"Invalid eta values: {etas[0]}, {etas[1]}; it must be 0 < etas[0] < 1 < etas[1]"
            )
        defaults = {
            "lr": lr,
            "etas": etas,
            "step_sizes": step_sizes,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def _new_state(self, param: Tensor, group: Group) -> State:
        lr = number(group["lr"])
        start = complex(lr, lr) if param.is_complex() else lr
        return {"prev": unison.zeros_like(param), "step_size": unison.full_like(param, start)}

    def _updater(self, group: Group) -> Update:
        differentiable = group["differentiable"]
        (shrink, grow), (smallest, largest) = group["etas"], group["step_sizes"]

        def update(param: Tensor, grad: Tensor, state: State, step: float) -> None:
            # Detached: where a sign does not jump, its derivative is zero.
            agreement = (grad.detach() * state["prev"].detach()).sign()
            turned = agreement < 0
            factor = agreement.masked_fill(agreement > 0, grow).masked_fill(turned, shrink)
            factor = factor.masked_fill(agreement == 0, 1.0)
            size = state["step_size"].mul_(factor).clamp_(smallest, largest)
            grad = grad.masked_fill(turned, 0.0)
            param.addcmul_(grad.sign(), kept(size, differentiable), value=-1)
            state["prev"].copy_(grad)

        return update
