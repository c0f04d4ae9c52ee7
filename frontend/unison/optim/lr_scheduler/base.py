"""LRScheduler, and what all schedulers do to the groups of an optimiser."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from unison._tensor import Tensor
from unison.optim._options import to_scalar
from unison.optim.optimizer import Group, Optimizer

__all__ = [
    "EPOCH_DEPRECATION_WARNING",
    "LRScheduler",
    "check_optimizer",
    "copied",
    "group_values",
    "per_group",
    "set_value",
]

EPOCH_DEPRECATION_WARNING = (
    "step(epoch) jumps to the closed form of a schedule instead of taking the next step, where there is a closed "
    "form; the argument is deprecated, as in PyTorch. Call step() once per epoch."
)

_GUIDE = "See https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate"


class LRScheduler:
    """The base of all schedulers: counts epochs and writes what ``get_lr`` says into the optimiser's groups.

    ``base_lrs`` are the learning rates that the schedule starts from, ``last_epoch`` the number of steps taken; a
    schedule that is resumed is given the ``last_epoch`` it had.

    Raises:
        TypeError: optimizer is not an Optimizer.
        KeyError: resumed, but a group does not know its ``initial_lr``.
    """

    _get_lr_called_within_step = False
    _is_initial = False

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self.optimizer = check_optimizer(optimizer)
        _settle_initial_lrs(optimizer.param_groups, resumed=last_epoch != -1)
        self.base_lrs = group_values(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        _watch_steps(optimizer)
        self._initial_step()

    def step(self, epoch: int | None = None) -> None:
        """Go to the next epoch (or, deprecated, to a given one) and set the learning rates."""
        if self._step_count == 1:
            _warn_of_order(self.optimizer)
        self._step_count += 1
        if epoch is not None:
            warnings.warn(EPOCH_DEPRECATION_WARNING, UserWarning, stacklevel=2)
        self._update_lr(epoch)

    def get_last_lr(self) -> list[Any]:
        """The learning rates that the last step set, one per group."""
        return self._last_lr

    def get_lr(self) -> list[Any]:
        """The learning rates of the epoch ``last_epoch``, one per group; called by step."""
        raise NotImplementedError(f"{type(self).__name__} must define get_lr()")

    def state_dict(self) -> dict[str, Any]:
        """All attributes except the optimiser."""
        return {name: value for name, value in self.__dict__.items() if name != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what another scheduler's state_dict gave."""
        self.__dict__.update(state_dict)

    def _initial_step(self) -> None:
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def _update_lr(self, epoch: int | None = None) -> None:
        with self._inside_step():
            if epoch is None:
                self.last_epoch += 1
                values = self.get_lr()
            else:
                self.last_epoch = epoch
                values = getattr(self, "_get_closed_form_lr", self.get_lr)()
        self._set_lrs(values)

    def _set_lrs(self, values: list[Any]) -> None:
        for group, lr in zip(self.optimizer.param_groups, values, strict=True):
            set_value(group, "lr", lr)
        self._last_lr = group_values(self.optimizer, "lr")

    @contextmanager
    def _inside_step(self) -> Iterator[None]:
        self._get_lr_called_within_step = True
        try:
            yield
        finally:
            self._get_lr_called_within_step = False

    def _warn_outside_step(self) -> None:
        """Many get_lr multiply the present value: called by hand they answer for an epoch that is not."""
        if not self._get_lr_called_within_step:
            warnings.warn(
                "get_lr() computes the next rates and belongs to step(); the present ones come from `get_last_lr()`.",
                UserWarning,
                stacklevel=3,
            )


def check_optimizer(optimizer: Any) -> Optimizer:
    """Refuse anything that is not an Optimizer."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(
            f"{type(optimizer).__name__} is not an Optimizer; a scheduler's first argument is one"
        )
    return optimizer


def copied(value: Any) -> Any:
    """A copy of a tensor; anything else as it is."""
    return value.clone() if isinstance(value, Tensor) else value


def group_values(optimizer: Optimizer, key: str) -> list[Any]:
    """The option of that name in every group, tensors copied."""
    return [copied(group[key]) for group in optimizer.param_groups]


def set_value(group: Group, key: str, value: Any) -> None:
    """Set an option, in place if it is a tensor."""
    if isinstance(group[key], Tensor):
        group[key].fill_(to_scalar(value))
    else:
        group[key] = value


def per_group(name: str, optimizer: Optimizer, value: Any) -> list[Any]:
    """The value once per group, or the values of a list or tuple that has one for each."""
    count = len(optimizer.param_groups)
    if not isinstance(value, list | tuple):
        return [copied(value) for _ in range(count)]
    if len(value) != count:
        raise ValueError(
            f"{name} must have the same length as optimizer.param_groups: it has {len(value)} values for "
            f"{count} groups."
        )
    return [copied(item) for item in value]


def _settle_initial_lrs(groups: list[Group], *, resumed: bool) -> None:
    for i, group in enumerate(groups):
        if not resumed:
            group.setdefault("initial_lr", copied(group["lr"]))
        elif "initial_lr" not in group:
            raise KeyError(
                f"param 'initial_lr' is not specified in param_groups[{i}], but last_epoch >= 0 resumes a schedule. "
                "Load the optimizer's state_dict before making the scheduler, or begin anew with last_epoch=-1."
            )


def _watch_steps(optimizer: Optimizer) -> None:
    """Note which step the optimiser has when its first scheduler comes, so that both misuses are seen."""
    if not hasattr(optimizer, "_scheduled_step"):
        optimizer._scheduled_step = _function_of(optimizer.step)
        optimizer._opt_called = False


def _warn_of_order(optimizer: Optimizer) -> None:
    if getattr(optimizer, "_scheduled_step", None) not in (None, _function_of(optimizer.step)):
        warnings.warn(
            "`optimizer.step()` has been overridden after learning rate scheduler initialization, so it cannot be "
            f"seen whether it is called before `lr_scheduler.step()`, as it must be. {_GUIDE}",
            UserWarning,
            stacklevel=3,
        )
    elif not optimizer._opt_called:
        warnings.warn(
            "Detected call of `lr_scheduler.step()` before `optimizer.step()`: the first learning rate of the "
            f"schedule is never used. Call `optimizer.step()` first. {_GUIDE}",
            UserWarning,
            stacklevel=3,
        )


def _function_of(step: Any) -> Any:
    return getattr(step, "__func__", step)
