"""What every loss has: how the losses of the elements are reduced."""

from __future__ import annotations

import warnings
from typing import Any

from unison._tensor import Tensor
from unison.nn.modules.module import Module

__all__ = ["Loss", "WeightedLoss"]


class Loss(Module):
    """A loss that returns the mean, the sum or, for reduction="none", all losses of the elements.

    ``size_average`` and ``reduce`` are PyTorch's old words for it: they warn, and take precedence.
    """

    __constants__ = ["reduction"]
    reduction: str

    def __init__(self, size_average: Any = None, reduce: Any = None, reduction: str = "mean") -> None:
        super().__init__()
        if size_average is not None or reduce is not None:
            reduction = _old_reduction(size_average, reduce)
        self.reduction = reduction


class WeightedLoss(Loss):
    """A loss with a weight for each class, kept as a buffer."""

    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)


def _old_reduction(size_average: Any, reduce: Any) -> str:
    if reduce is not None and not reduce:
        reduction = "none"
    elif size_average is None or size_average:
        reduction = "mean"
    else:
        reduction = "sum"
    warnings.warn(
        f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead.",
        stacklevel=4,
    )
    return reduction
