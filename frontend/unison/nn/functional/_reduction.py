"""What losses share: reducing, and the flags that said so in old programs."""

from __future__ import annotations

import warnings
from typing import Any

from unison_core import ops

__all__ = ["reduced", "settled", "warn_of_broadcasting"]


def settled(reduction: str, size_average: bool | None = None, reduce: bool | None = None) -> str:
    """The reduction, "none", "sum" or "mean"; the deprecated flags decide if given.

    Raises:
        ValueError: reduction is none of them.
    """
    if size_average is not None or reduce is not None:
        if reduce is not None and not reduce:
            name = "none"
        else:
            name = "sum" if size_average is not None and not size_average else "mean"
        warnings.warn(
            f"size_average and reduce args will be deprecated, please use reduction='{name}' instead.",
            stacklevel=3,
        )
        return name
    if reduction not in ("none", "sum", "mean"):
        raise ValueError(f"{reduction} is not a valid value for reduction; it is 'none', 'sum' or 'mean'")
    return reduction


def reduced(losses: Any, reduction: str) -> Any:
    """The losses, their sum or their mean."""
    if reduction == "none":
        return losses
    return (ops.sum if reduction == "sum" else ops.mean)(losses, dim=None, keepdim=False)


def warn_of_broadcasting(input: Any, target: Any) -> None:
    """Warn that input and target differ in shape, which is seldom wanted."""
    if input.array.shape != target.array.shape:
        warnings.warn(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}). This will "
            "likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
            stacklevel=3,
        )
