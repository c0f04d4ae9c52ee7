"""Averages of weights: AveragedModel, the averaging functions, SWALR and update_bn."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from itertools import chain
from typing import Any, Literal

import unison
from unison._tensor import Tensor
from unison.nn import Module
from unison.nn.modules.batchnorm import _BatchNorm
from unison.optim.lr_scheduler.base import LRScheduler, per_group
from unison.optim.optimizer import Optimizer

__all__ = [
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]

AverageOne = Callable[[Tensor, Tensor, Any], Tensor]
"""``new_average = f(average, value, number_averaged)``."""
AverageMany = Callable[[Sequence[Tensor], Sequence[Tensor], Any], None]
"""``f(averages, values, number_averaged)`` changes the averages, all of one dtype on one device."""


def get_ema_avg_fn(decay: float = 0.999) -> AverageOne:
    """The exponential moving average ``decay average + (1 - decay) value`` of one tensor.

    Raises:
        ValueError: decay is not in [0, 1].
    """
    _check_decay(decay)

    def ema_update(average: Tensor, value: Tensor, number: Any) -> Tensor:
        with unison.no_grad():
            return decay * average + (1 - decay) * value

    return ema_update


def get_ema_multi_avg_fn(decay: float = 0.999) -> AverageMany:
    """The exponential moving average of many tensors, in place.

    Raises:
        ValueError: decay is not in [0, 1].
    """
    update = get_ema_avg_fn(decay)
    return _one_by_one(update)


def get_swa_avg_fn() -> AverageOne:
    """The plain mean of all values so far: ``average + (value - average) / (number_averaged + 1)``."""

    def swa_update(average: Tensor, value: Tensor, number: Any) -> Tensor:
        with unison.no_grad():
            return average + (value - average) / (number + 1)

    return swa_update


def get_swa_multi_avg_fn() -> AverageMany:
    """The plain mean of many tensors, in place."""
    return _one_by_one(get_swa_avg_fn())


class AveragedModel(Module):
    """A copy of a model whose parameters are averages of the model's, by default after Izmailov et al. (2018).

    ``update_parameters(model)`` takes one more value in, by ``avg_fn``, or ``multi_avg_fn``, or the plain mean. Buffers
    are averaged too with ``use_buffers``; else they are copied. ``n_averaged`` counts.

    Raises:
        AssertionError: both functions are given.
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: AverageOne | None = None,
        multi_avg_fn: AverageMany | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided, but both are.")
        self.module = deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", unison.tensor(0, dtype=unison.long, device=device))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the averaged model computes."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Take the present parameters of model into the average; the first time, copy them."""
        with unison.no_grad():
            averages = [tensor.detach() for tensor in self._tensors(self.module)]
            values = [
                value.detach().to(average.device)
                for average, value in zip(averages, self._tensors(model), strict=True)
            ]
            if self.n_averaged == 0:
                _copy_all(averages, values)
            else:
                self._average(averages, values)
            if not self.use_buffers:
                _copy_all(self.module.buffers(), model.buffers())
            self.n_averaged += 1

    def _tensors(self, model: Module) -> Iterable[Tensor]:
        return chain(model.parameters(), model.buffers()) if self.use_buffers else model.parameters()

    def _average(self, averages: list[Tensor], values: list[Tensor]) -> None:
        if self.multi_avg_fn is None:
            one = self.avg_fn or get_swa_avg_fn()
            for average, value in zip(averages, values, strict=True):
                average.copy_(one(average, value, self.n_averaged.to(average.device)))
            return
        kinds: dict[Any, tuple[list[Tensor], list[Tensor]]] = {}
        for average, value in zip(averages, values, strict=True):
            same = kinds.setdefault((average.device, average.dtype), ([], []))
            same[0].append(average)
            same[1].append(value)
        for (device, _), (some_averages, some_values) in kinds.items():
            self.multi_avg_fn(some_averages, some_values, self.n_averaged.to(device))


class SWALR(LRScheduler):
    """From the present learning rate to ``swa_lr`` within ``anneal_epochs``, along a cosine or a line, then constant.

    Raises:
        ValueError: anneal_strategy is unknown, anneal_epochs is no integer from 0 on, or swa_lr is a list of another
            length than the groups.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float,
        anneal_epochs: int = 10,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        last_epoch: int = -1,
    ) -> None:
        rates = per_group("swa_lr", optimizer, swa_lr)
        if anneal_strategy not in _PROGRESS:
            raise ValueError(
                f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        for rate, group in zip(rates, optimizer.param_groups, strict=True):
            group["swa_lr"] = rate
        self._anneal_strategy = anneal_strategy
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        self._warn_outside_step()
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._progress(step - 1), self._progress(step)
        lrs = []
        for group in self.optimizer.param_groups:
            swa_lr = group["swa_lr"]
            # Where the anneal began, so that what others do to the rate in between stays in force.
            start = swa_lr if before == 1 else (group["lr"] - before * swa_lr) / (1 - before)
            lrs.append(swa_lr * now + start * (1 - now))
        return lrs

    def _progress(self, step: int) -> float:
        return _PROGRESS[self._anneal_strategy](max(0, min(1, step / max(1, self.anneal_epochs))))


def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Set the running statistics of all batch norms of model to those of the data that loader yields.

    A batch that is a list or tuple is represented by its first item, the input.
    """
    momenta = {module: module.momentum for module in model.modules() if isinstance(module, _BatchNorm)}
    if not momenta:
        return
    was_training = model.training
    model.train()
    for module in momenta:
        module.reset_running_stats()
        # Without momentum a batch norm keeps the plain mean over all batches.
        module.momentum = None
    try:
        with unison.no_grad():
            for batch in loader:
                x = batch[0] if isinstance(batch, list | tuple) else batch
                model(x if device is None else x.to(device))
    finally:
        for module, momentum in momenta.items():
            module.momentum = momentum
        model.train(was_training)


def _check_decay(decay: float) -> None:
    if not 0.0 <= decay <= 1.0:
        raise ValueError(f"Invalid decay value {decay} provided; it must be in [0, 1].")


def _one_by_one(update: AverageOne) -> AverageMany:
    def update_many(averages: Sequence[Tensor], values: Sequence[Tensor], number: Any) -> None:
        with unison.no_grad():
            for average, value in zip(averages, values, strict=True):
                average.copy_(update(average, value, number))

    return update_many


def _copy_all(targets: Iterable[Tensor], values: Iterable[Tensor]) -> None:
    for target, value in zip(targets, values, strict=True):
        target.detach().copy_(value)


def _along_cosine(done: float) -> float:
    return (1 - math.cos(math.pi * done)) / 2


def _along_line(done: float) -> float:
    return done


_PROGRESS: dict[str, Callable[[float], float]] = {"cos": _along_cosine, "linear": _along_line}
