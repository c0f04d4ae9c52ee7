"""Momentum that runs against the learning rate, which CyclicLR and OneCycleLR have in common."""

from __future__ import annotations

from typing import Any

from unison.optim.lr_scheduler.base import per_group
from unison.optim.optimizer import Group, Optimizer

__all__ = ["set_momentum", "start_momentum", "uses_beta1"]


def uses_beta1(optimizer: Optimizer) -> bool:
    """Whether the optimiser's momentum is the first of its betas.

    Raises:
        ValueError: it has neither betas nor momentum.
    """
    if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
        raise ValueError(
            "optimizer must support momentum or beta1 with `cycle_momentum` option enabled; "
            f"{type(optimizer).__name__} has neither, so pass cycle_momentum=False"
        )
    return "betas" in optimizer.defaults


def set_momentum(group: Group, value: Any, beta1: bool) -> None:
    """Set momentum, or the first of the betas."""
    if beta1:
        group["betas"] = (value, *group["betas"][1:])
    else:
        group["momentum"] = value


def start_momentum(
    optimizer: Optimizer, base: Any, highest: Any, *, beta1: bool, resumed: bool
) -> tuple[Any, Any]:
    """The two momenta per group; unless resumed they are noted in the groups, which begin with the highest."""
    bases, maxima = (
        per_group("base_momentum", optimizer, base),
        per_group("max_momentum", optimizer, highest),
    )
    if not resumed:
        for low, high, group in zip(bases, maxima, optimizer.param_groups, strict=True):
            set_momentum(group, high, beta1)
            group["max_momentum"] = high
            group["base_momentum"] = low
    return bases, maxima
