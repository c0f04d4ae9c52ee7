"""Adam."""

from __future__ import annotations

from functools import cache
from typing import Any

import unison
from unison._tensor import Tensor
from unison.optim._arithmetic import average, average_square, descend_ratio, kept
from unison.optim._joined import share_memory
from unison.optim._options import (
    check_betas,
    check_implementation,
    check_lr,
    check_not_negative,
    number,
    to_scalar,
)
from unison.optim._parameterwise import ParameterwiseOptimizer, Update
from unison.optim.optimizer import Group, Params, State
from unison_core.ops import adam_step

__all__ = ["Adam"]


class Adam(ParameterwiseOptimizer):
    """Adam, after Kingma and Ba (2015): a step along the mean gradient over the root of its mean square.

    ``m <- beta1 m + (1 - beta1) g; v <- beta2 v + (1 - beta2) g^2;
    p <- p - lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)``. ``weight_decay`` adds its multiple of p to g,
    or with ``decoupled_weight_decay`` shrinks p by ``lr weight_decay`` instead (AdamW). ``amsgrad`` divides by the
    largest v so far (Reddi et al., 2018). ``foreach``, ``fused`` and ``capturable`` are accepted; there is one
    implementation.

    Raises:
        ValueError: an option outside its range, betas of which only one is a tensor, tensors with foreach.
        RuntimeError: fused together with foreach or differentiable.
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float | Tensor = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        _check_tensors(lr, betas, lists_of_numbers=bool(foreach) and not capturable)
        check_lr(lr)
        check_not_negative(epsilon=eps)
        check_betas(betas)
        check_not_negative(weight_decay=weight_decay)
        check_implementation(foreach=foreach, fused=fused, differentiable=differentiable)
        defaults = {
            "lr": lr,
            "betas": tuple(to_scalar(beta) for beta in betas),
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)

    def _new_state(self, param: Tensor, group: Group) -> State:
        names = ["exp_avg", "exp_avg_sq"] + (["max_exp_avg_sq"] if group["amsgrad"] else [])
        return {name: unison.zeros_like(param) for name in names}

    def _step_group(self, group: Group) -> None:
        """All parameters by one call of the fused operator, if nothing is to be recorded, none is complex and no two
        share memory.
        """
        if group["differentiable"] or self._has_complex or share_memory(group["params"]):
            super()._step_group(group)
            return
        names = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq") if group["amsgrad"] else ("exp_avg", "exp_avg_sq")
        for (step, _, _), rows in self._by_step(group, names).items():
            lr, decay = number(group["lr"]), number(group["weight_decay"])
            beta1, beta2 = (number(beta) for beta in group["betas"])
            decoupled = group["decoupled_weight_decay"]
            adam_step(
                *[t for column in zip(*rows, strict=True) for t in column],
                count=len(rows),
                step_size=lr / (1 - beta1**step),
                beta1=beta1,
                beta2=beta2,
                eps=group["eps"],
                root=(1 - beta2**step) ** 0.5,
                decay=0.0 if decoupled else decay,
                shrink=1 - lr * decay if decoupled else 1.0,
                maximize=group["maximize"],
            )

    def _by_step(self, group: Group, names: tuple[str, ...]) -> dict[Any, list[list[Tensor]]]:
        """Parameter, gradient and state of each parameter, by step count, dtype and device."""
        rows: dict[Any, list[list[Tensor]]] = {}
        for param, grad, state, step in self._rows(group):
            row = [param, grad, *[state[name] for name in names]]
            rows.setdefault((step, param.dtype, param.device), []).append(row)
        return rows

    def _updater(self, group: Group) -> Update:
        differentiable, amsgrad = group["differentiable"], group["amsgrad"]
        lr = number(group["lr"], differentiable)
        beta1, beta2 = (number(beta, differentiable) for beta in group["betas"])
        eps = group["eps"]

        @cache
        def corrected(step: float) -> tuple[Any, Any]:
            return lr / (1 - beta1**step), (1 - beta2**step) ** 0.5

        def update(param: Tensor, grad: Tensor, state: State, step: float) -> None:
            mean, square = state["exp_avg"], state["exp_avg_sq"]
            average(mean, grad, beta1)
            average_square(square, grad, beta2)
            if amsgrad:
                square = _raised(state["max_exp_avg_sq"], square, differentiable)
            step_size, root = corrected(step)
            descend_ratio(param, kept(mean, differentiable), (square.sqrt() / root).add_(eps), step_size)

        return update


def _raised(maximum: Tensor, square: Tensor, differentiable: bool) -> Tensor:
    """maximum, raised in place to square where that is larger."""
    return maximum.copy_(unison.maximum(kept(maximum, differentiable), kept(square, differentiable)))


def _check_tensors(lr: Any, betas: tuple[Any, Any], *, lists_of_numbers: bool) -> None:
    are_tensors = [isinstance(beta, Tensor) for beta in betas]
    if lists_of_numbers and isinstance(lr, Tensor):
        raise ValueError("lr as a Tensor is not supported for capturable=False and foreach=True")
    if any(are_tensors) != all(are_tensors):
        raise ValueError("betas must be either both floats or both Tensors")
    for i, beta in enumerate(betas):
        if are_tensors[i] and lists_of_numbers:
            raise ValueError(f"betas[{i}] as a Tensor is not supported for capturable=False and foreach=True")
        if are_tensors[i] and beta.numel() != 1:
            raise ValueError(f"Tensor betas[{i}] must be 1-element, but it has the shape {tuple(beta.shape)}")
