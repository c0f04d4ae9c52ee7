"""Checks and conversions of the options that optimisers share."""

from __future__ import annotations

from typing import Any

from unison._tensor import Tensor

__all__ = ["check_betas", "check_implementation", "check_lr", "check_not_negative", "number", "to_scalar"]


def check_lr(lr: float | Tensor) -> None:
    """Refuse a learning rate that is negative, or a tensor of more than one element."""
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise ValueError(f"Tensor lr must be 1-element, but it has the shape {tuple(lr.shape)}")
    if not lr >= 0.0:
        raise ValueError(f"Invalid learning rate: {lr}; it must be at least 0")


def check_not_negative(**values: float | Tensor) -> None:
    """Refuse a value under zero (or no number at all), naming it."""
    for name, value in values.items():
        if not value >= 0.0:
            raise ValueError(f"Invalid {name} value: {value}; it must be at least 0")


def check_betas(betas: tuple[float | Tensor, float | Tensor]) -> None:
    """Refuse decay rates outside [0, 1)."""
    for i, beta in enumerate(betas):
        if not 0.0 <= beta < 1.0:
            raise ValueError(f"Invalid beta parameter at index {i}: {beta}; it must be in [0, 1)")


def check_implementation(*, foreach: bool | None, fused: bool | None, differentiable: bool) -> None:
    """Refuse choices of implementation that contradict each other."""
    if fused and differentiable:
        raise RuntimeError("`fused` does not support `differentiable`; give only one of them")
    if fused and foreach:
        raise RuntimeError("`fused` and `foreach` cannot be `True` together.")


def to_scalar(value: Any) -> Any:
    """A tensor of one element without its dimensions; anything else as it is."""
    return value.squeeze() if isinstance(value, Tensor) and value.dim() != 0 else value


def number(value: Any, differentiable: bool = False) -> Any:
    """A tensor's value as a Python number; the tensor itself, without dimensions, if gradients flow through it."""
    if not isinstance(value, Tensor):
        return value
    return to_scalar(value) if differentiable and value.requires_grad else value.item()
