"""Schedules that a function of the epoch gives: LambdaLR, MultiplicativeLR."""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from typing import Any

from unison.optim.lr_scheduler.base import LRScheduler, check_optimizer, group_values
from unison.optim.optimizer import Optimizer

__all__ = ["LambdaLR", "MultiplicativeLR"]

Factor = Callable[[int], float]


class _ByFunction(LRScheduler):
    """Holds one function per group. Saving keeps the attributes of callable objects, and nothing of functions."""

    def __init__(
        self, optimizer: Optimizer, lr_lambda: Factor | Sequence[Factor], last_epoch: int = -1
    ) -> None:
        self.optimizer = check_optimizer(optimizer)
        count = len(optimizer.param_groups)
        functions: list[Any] = list(lr_lambda) if isinstance(lr_lambda, list | tuple) else [lr_lambda] * count
        if len(functions) != count:
            raise ValueError(
                f"Expected {count} lr_lambdas, one per parameter group, but got {len(functions)}"
            )
        for function in functions:
            if not callable(function):
                raise TypeError(f"lr_lambda should be a function, but got {type(function).__name__}")
        self.lr_lambdas = functions
        super().__init__(optimizer, last_epoch)

    def state_dict(self) -> dict[str, Any]:
        state = super().state_dict()
        state["lr_lambdas"] = [
            None if isinstance(function, types.FunctionType) else function.__dict__.copy()
            for function in self.lr_lambdas
        ]
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what state_dict gave; the functions stay, callable objects get their attributes back."""
        super().load_state_dict({k: v for k, v in state_dict.items() if k != "lr_lambdas"})
        for function, attributes in zip(self.lr_lambdas, state_dict["lr_lambdas"], strict=True):
            if attributes is not None:
                function.__dict__.update(attributes)


class LambdaLR(_ByFunction):
    """``lr = base_lr lr_lambda(epoch)``, with one function or one per group.

    Raises:
        ValueError: the functions are not as many as the groups.
    """

    def get_lr(self) -> list[Any]:
        self._warn_outside_step()
        return [
            base * function(self.last_epoch)
            for function, base in zip(self.lr_lambdas, self.base_lrs, strict=True)
        ]


class MultiplicativeLR(_ByFunction):
    """``lr <- lr lr_lambda(epoch)`` from the second epoch on, with one function or one per group.

    Raises:
        ValueError: the functions are not as many as the groups.
        TypeError: one is not callable.
    """

    def get_lr(self) -> list[Any]:
        self._warn_outside_step()
        lrs = group_values(self.optimizer, "lr")
        if self._is_initial:
            return lrs
        return [lr * function(self.last_epoch) for function, lr in zip(self.lr_lambdas, lrs, strict=True)]
