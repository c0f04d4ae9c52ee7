"""CyclicLR."""

from __future__ import annotations

import math
import types
from collections.abc import Callable
from typing import Any, Literal

from unison.optim.lr_scheduler.base import LRScheduler, check_optimizer, per_group, set_value
from unison.optim.lr_scheduler.momentum import set_momentum, start_momentum, uses_beta1
from unison.optim.optimizer import Optimizer

__all__ = ["CyclicLR"]


class CyclicLR(LRScheduler):
    """Up from ``base_lr`` to ``max_lr`` and down again, for ever, after Smith (2017); momentum goes the other way.

    The height of a cycle is scaled by 1 (``triangular``), by ``2^(1 - cycle)`` (``triangular2``), by
    ``gamma^iteration`` (``exp_range``), or by ``scale_fn`` of the cycle or of the iteration, as ``scale_mode`` says.

    Raises:
        TypeError: optimizer is not an Optimizer.
        ValueError: an unknown mode, a list that is not as long as the groups, an optimiser without momentum.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: Literal["triangular", "triangular2", "exp_range"] = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: Literal["cycle", "iterations"] = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.8,
        max_momentum: float | list[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        self.optimizer = check_optimizer(optimizer)
        resumed = last_epoch != -1
        base_lrs = per_group("base_lr", optimizer, base_lr)
        self.max_lrs = per_group("max_lr", optimizer, max_lr)
        down = step_size_up if step_size_down is None else step_size_down
        self.total_size = float(step_size_up) + float(down)
        self.step_ratio = float(step_size_up) / self.total_size
        if mode not in _SCALES and scale_fn is None:
            raise ValueError(
                f"mode is invalid and scale_fn is None: got {mode!r}, expected one of {list(_SCALES)}"
            )
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = scale_mode if scale_fn is not None else _SCALES[mode][0]
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = uses_beta1(optimizer)
            self.base_momentums, self.max_momentums = start_momentum(
                optimizer, base_momentum, max_momentum, beta1=self.use_beta1, resumed=resumed
            )
        if not resumed:
            for lr, group in zip(base_lrs, optimizer.param_groups, strict=True):
                set_value(group, "lr", lr)
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def scale_fn(self, x: float) -> float:
        """What the height of a cycle is multiplied by, at the cycle or iteration x."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        return _SCALES[self.mode][1](self.gamma, x)

    def get_lr(self) -> list[Any]:
        self._warn_outside_step()
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        height = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        scale = self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            ends = zip(self.optimizer.param_groups, self.base_momentums, self.max_momentums, strict=True)
            for group, low, high in ends:
                set_momentum(group, high - (high - low) * height * scale, self.use_beta1)
        return [
            low + (high - low) * height * scale for low, high in zip(self.base_lrs, self.max_lrs, strict=True)
        ]

    def state_dict(self) -> dict[str, Any]:
        """All attributes except the optimiser; of a scale_fn that is an object, its attributes."""
        state = super().state_dict()
        function = self._scale_fn_custom
        plain = function is None or isinstance(function, types.FunctionType)
        state["_scale_fn_custom"] = None if plain else function.__dict__.copy()
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what state_dict gave; the scale_fn stays, an object gets its attributes back."""
        super().load_state_dict({k: v for k, v in state_dict.items() if k != "_scale_fn_custom"})
        attributes = state_dict.get("_scale_fn_custom")
        if attributes is not None and self._scale_fn_custom is not None:
            self._scale_fn_custom.__dict__.update(attributes)


def _constant(gamma: float, cycle: float) -> float:
    return 1.0


def _halved(gamma: float, cycle: float) -> float:
    return 1 / 2.0 ** (cycle - 1)


def _shrinking(gamma: float, iteration: float) -> float:
    return gamma**iteration


_SCALES: dict[str, tuple[Any, Callable[[float, float], float]]] = {
    "triangular": ("cycle", _constant),
    "triangular2": ("cycle", _halved),
    "exp_range": ("iterations", _shrinking),
}
