"""OneCycleLR."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

from unison.optim.lr_scheduler.base import LRScheduler, check_optimizer, per_group
from unison.optim.lr_scheduler.momentum import set_momentum, start_momentum, uses_beta1
from unison.optim.optimizer import Group, Optimizer

__all__ = ["OneCycleLR"]


class OneCycleLR(LRScheduler):
    """One cycle over the whole training, after Smith and Topin (2018), stepped after every batch.

    From ``max_lr / div_factor`` up to ``max_lr`` in the fraction ``pct_start`` of the steps, then down to the first
    rate over ``final_div_factor`` (``three_phase``: down to the first rate as fast as it went up, and on from there).
    Momentum goes the other way. The steps are ``total_steps``, or ``epochs`` times ``steps_per_epoch``.

    Raises:
        TypeError: optimizer is not an Optimizer.
        ValueError: the number of steps is missing or no positive integer, pct_start is no float in [0, 1], the
            strategy is unknown, a list is not as long as the groups, the optimiser has no momentum; or, on step, the
            schedule is over.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        self.optimizer = check_optimizer(optimizer)
        self.total_steps = _count_steps(total_steps, epochs, steps_per_epoch)
        if not isinstance(pct_start, float) or not 0 <= pct_start <= 1:
            raise ValueError(f"Expected float between 0 and 1 pct_start, but got {pct_start}")
        if anneal_strategy not in _STRATEGIES:
            raise ValueError(
                f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        self._schedule_phases = _phases(self.total_steps, pct_start, three_phase)
        self._anneal_func_type = anneal_strategy
        self.cycle_momentum = cycle_momentum
        resumed = last_epoch != -1
        max_lrs = per_group("max_lr", optimizer, max_lr)
        if cycle_momentum:
            self.use_beta1 = uses_beta1(optimizer)
            start_momentum(optimizer, base_momentum, max_momentum, beta1=self.use_beta1, resumed=resumed)
        if not resumed:
            for highest, group in zip(max_lrs, optimizer.param_groups, strict=True):
                group["initial_lr"] = highest / div_factor
                group["max_lr"] = highest
                group["min_lr"] = group["initial_lr"] / final_div_factor
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        self._warn_outside_step()
        if self.last_epoch > self.total_steps:
            raise ValueError(
                f"Tried to step {self.last_epoch} times. The specified number of total steps is {self.total_steps}"
            )
        phase, done = self._progress()
        between = _STRATEGIES[self._anneal_func_type]
        lrs = []
        for group in self.optimizer.param_groups:
            lrs.append(between(group[phase["start_lr"]], group[phase["end_lr"]], done))
            if self.cycle_momentum:
                momentum = between(group[phase["start_momentum"]], group[phase["end_momentum"]], done)
                set_momentum(group, momentum, self.use_beta1)
        return lrs

    def _progress(self) -> tuple[Group, float]:
        """The phase of this step, and which fraction of the phase is over."""
        start = 0.0
        for phase in self._schedule_phases[:-1]:
            if self.last_epoch <= phase["end_step"]:
                break
            start = phase["end_step"]
        else:
            phase = self._schedule_phases[-1]
        return phase, (self.last_epoch - start) / (phase["end_step"] - start)


def _count_steps(total_steps: Any, epochs: Any, steps_per_epoch: Any) -> int:
    if total_steps is not None:
        return _positive("total_steps", total_steps)
    if epochs is None or steps_per_epoch is None:
        raise ValueError("You must define either total_steps OR (epochs AND steps_per_epoch)")
    return _positive("epochs", epochs) * _positive("steps_per_epoch", steps_per_epoch)


def _positive(name: str, value: Any) -> int:
    if not isinstance(value, int) or value <= 0:
        raise ValueError(f"Expected positive integer {name}, but got {value}")
    return value


def _phases(total_steps: int, pct_start: float, three_phase: bool) -> list[Group]:
    """Where each phase ends, and between which options of a group it goes."""
    top = float(pct_start * total_steps) - 1
    last = total_steps - 1
    up = _phase(top, "initial_lr", "max_lr", "max_momentum", "base_momentum")
    if not three_phase:
        return [up, _phase(last, "max_lr", "min_lr", "base_momentum", "max_momentum")]
    bottom = float(2 * pct_start * total_steps) - 2
    return [
        up,
        _phase(bottom, "max_lr", "initial_lr", "base_momentum", "max_momentum"),
        _phase(last, "initial_lr", "min_lr", "max_momentum", "max_momentum"),
    ]


def _phase(end_step: float, start_lr: str, end_lr: str, start_momentum: str, end_momentum: str) -> Group:
    return {
        "end_step": end_step,
        "start_lr": start_lr,
        "end_lr": end_lr,
        "start_momentum": start_momentum,
        "end_momentum": end_momentum,
    }


def _along_cosine(start: Any, end: Any, done: float) -> Any:
    return end + (start - end) / 2.0 * (1 + math.cos(math.pi * done))


def _along_line(start: Any, end: Any, done: float) -> Any:
    return (end - start) * done + start


_STRATEGIES: dict[str, Callable[[Any, Any, float], Any]] = {"cos": _along_cosine, "linear": _along_line}
