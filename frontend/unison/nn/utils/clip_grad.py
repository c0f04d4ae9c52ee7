"""Keeping gradients small, in place."""

from __future__ import annotations

import types
import warnings
from collections.abc import Iterable

import unison
from unison._tensor import Tensor

__all__ = ["clip_grad_norm", "clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "get_total_norm"]

_Tensors = Tensor | Iterable[Tensor]


def _listed(tensors: _Tensors) -> list[Tensor]:
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)


def get_total_norm(
    tensors: _Tensors, norm_type: float = 2.0, error_if_nonfinite: bool = False, foreach: bool | None = None
) -> Tensor:
    """The norm of all elements of all tensors, as of one long vector, on the device of the first tensor.

    RuntimeError when it is not finite and error_if_nonfinite is set. ``foreach`` changes nothing.
    """
    tensors = _listed(tensors)
    norm_type = float(norm_type)
    if not tensors:
        return unison.tensor(0.0)
    device = tensors[0].device
    with unison.no_grad():
        norms = [unison.linalg.vector_norm(tensor, norm_type).to(device) for tensor in tensors]
        total = unison.linalg.vector_norm(unison.stack(norms), norm_type)
    if error_if_nonfinite and not unison.isfinite(total):
        raise RuntimeError(
            f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, so it cannot be "
            "clipped. To disable this error and scale the gradients by the non-finite norm anyway, set "
            "`error_if_nonfinite=False`"
        )
    return total


def clip_grads_with_norm_(
    parameters: _Tensors, max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """Multiply the gradients by min(1, max_norm / (total_norm + 1e-6)). ``foreach`` changes nothing."""
    with unison.no_grad():
        # Multiplied also by 1: to compare first would wait for the device.
        factor = (float(max_norm) / (total_norm + 1e-6)).clamp(max=1.0)
        for parameter in _listed(parameters):
            if parameter.grad is not None:
                parameter.grad.mul_(factor.to(parameter.grad.device))


def clip_grad_norm_(
    parameters: _Tensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale the gradients so that their total norm is at most max_norm; return the norm before.

    RuntimeError when the norm is not finite and error_if_nonfinite is set. ``foreach`` changes nothing.
    """
    listed = _listed(parameters)
    if isinstance(parameters, types.GeneratorType) and not listed:
        warnings.warn("`parameters` is an empty generator, no gradient clipping will occur.", stacklevel=2)
    gradients = [parameter.grad for parameter in listed if parameter.grad is not None]
    total_norm = get_total_norm(gradients, norm_type, error_if_nonfinite)
    clip_grads_with_norm_(listed, max_norm, total_norm)
    return total_norm


def clip_grad_norm(
    parameters: _Tensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """clip_grad_norm_ under its old name; warns."""
    warnings.warn(
        "`clip_grad_norm` is deprecated in favor of `clip_grad_norm_`.", FutureWarning, stacklevel=2
    )
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)


def clip_grad_value_(parameters: _Tensors, clip_value: float, foreach: bool | None = None) -> None:
    """Limit every element of the gradients to [-clip_value, clip_value]. ``foreach`` changes nothing."""
    clip_value = float(clip_value)
    with unison.no_grad():
        for parameter in _listed(parameters):
            if parameter.grad is not None:
                parameter.grad.clamp_(-clip_value, clip_value)
