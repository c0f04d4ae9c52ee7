"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Any

from unison._tensor import Tensor
from unison.optim._arithmetic import descend
from unison.optim._joined import Row
from unison.optim._options import check_implementation, check_lr, check_not_negative, number
from unison.optim._parameterwise import ParameterwiseOptimizer, Update
from unison.optim.optimizer import Group, Params, State

__all__ = ["SGD"]


class SGD(ParameterwiseOptimizer):
    """Stochastic gradient descent with momentum, after Sutskever et al. (2013).

    ``g <- g + weight_decay p; b <- momentum b + (1 - dampening) g; p <- p - lr b``, where the buffer b starts as
    the first g, and with ``nesterov`` the step is ``lr (g + momentum b)``. ``foreach`` and ``fused`` are
    accepted; there is one implementation.

    Raises:
        ValueError: a negative option, or nesterov without momentum or with dampening.
        RuntimeError: fused together with foreach or differentiable.

    >>> import unison
    >>> p = unison.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = unison.optim.SGD([p], lr=0.25)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p.tolist()
    [0.5, -1.0]
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float | Tensor = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_lr(lr)
        check_not_negative(momentum=momentum, weight_decay=weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError(
                "Nesterov momentum requires a momentum and zero dampening, "
                f"but momentum is {momentum} and dampening {dampening}"
            )
        check_implementation(foreach=foreach, fused=fused, differentiable=differentiable)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def _look_for_complex(self, group: Group) -> None:
        """The rule is linear: complex numbers need not be taken apart."""

    def _rows(self, group: Group) -> list[Row]:
        """SGD counts no steps, and without momentum it keeps no state at all."""
        rows: list[Row] = []
        states, stateless = self._state if group["momentum"] else None, dict[str, Any]()
        for param in group["params"]:
            grad = param.grad
            if grad is not None:
                rows.append((param, grad, stateless if states is None else states[param], 0.0))
        return rows

    def _updater(self, group: Group) -> Update:
        momentum, nesterov, taken = group["momentum"], group["nesterov"], 1 - group["dampening"]
        lr = number(group["lr"], group["differentiable"])

        def update(param: Tensor, grad: Tensor, state: State, step: float) -> None:
            if momentum:
                buffer = state.get("momentum_buffer")
                if buffer is None:
                    buffer = state["momentum_buffer"] = grad.detach().clone()
                else:
                    buffer.mul_(momentum).add_(grad, alpha=taken)
                grad = grad.add(buffer, alpha=momentum) if nesterov else buffer
            descend(param, grad, lr)

        return update
