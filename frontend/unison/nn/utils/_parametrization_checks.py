"""What a parametrization must not change."""

from __future__ import annotations

from typing import Any

from unison._tensor import Tensor

__all__ = ["check_alike", "check_tensor", "inverse_of"]


def inverse_of(parametrization: Any, value: Any) -> Any:
    """What right_inverse makes of value; value itself where there is none or it is not implemented."""
    if not hasattr(parametrization, "right_inverse"):
        return value
    try:
        return parametrization.right_inverse(value)
    except NotImplementedError:
        return value


def check_tensor(value: Any, what: str) -> None:
    """Raise ValueError unless value is a tensor."""
    if not isinstance(value, Tensor):
        raise ValueError(f"{what} is of type {type(value).__name__}, not a tensor.")


def check_alike(what: str, value: Any, shape: Any, dtype: Any) -> None:
    """Raise ValueError unless value is a tensor of this shape and dtype."""
    if not isinstance(value, Tensor):
        raise ValueError(f"A parametrization must return a tensor. Got {type(value).__name__}.")
    for name, before, after in (("dtype", dtype, value.dtype), ("shape", shape, value.shape)):
        if before != after:
            raise ValueError(
                f"Registering a parametrization may not change the {name} of the tensor, unless `unsafe` flag is "
                f"enabled.\nunparametrized {name}: {before}\nparametrized {name}: {after} ({what})"
            )
