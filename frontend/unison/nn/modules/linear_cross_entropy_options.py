"""How LinearCrossEntropyLoss trades memory for time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import unison

__all__ = ["LinearCrossEntropyOptions"]

_POLICIES = ("auto", "accurate", "balanced", "compact")


@dataclass(slots=True, frozen=True)
class LinearCrossEntropyOptions:
    """Asks F.linear_cross_entropy to work through the batch in chunks, so that not all logits exist at once.

    ``batch_chunk_size`` is the number of rows of a chunk; ``chunking_method`` ("auto", "aspect_ratio",
    "aspect_ratio:N" or None) chooses it. ``acc_policy`` and ``acc_dtype`` say how sums over chunks accumulate, and
    ``allow_retain_graph`` whether backward may run twice. ValueError for values outside these.
    """

    allow_retain_graph: bool = False
    batch_chunk_size: int | None = None
    chunking_method: str | None = "auto"
    acc_policy: Literal["accurate", "balanced", "compact", "auto"] = "auto"
    acc_dtype: Any = None

    def __post_init__(self) -> None:
        if self.acc_policy not in _POLICIES:
            raise ValueError(
                f"invalid acc_policy: {self.acc_policy!r}; expected one of {', '.join(_POLICIES)}"
            )
        if not _is_chunking_method(self.chunking_method):
            raise ValueError(
                f"invalid chunking_method: {self.chunking_method!r}; expected 'auto', 'aspect_ratio', "
                "'aspect_ratio:N' with N >= 1, or None"
            )
        size = self.batch_chunk_size
        if size is not None and not (isinstance(size, int) and size > 0):
            raise ValueError(f"batch_chunk_size must be positive int or None, got {size!r}")
        supported = (None, unison.float16, unison.bfloat16, unison.float32, unison.float64)
        if self.acc_dtype not in supported:
            raise ValueError(f"acc_dtype must be one of {supported}, got {self.acc_dtype!r}")


def _is_chunking_method(method: str | None) -> bool:
    if method is None or method == "auto":
        return True
    name, colon, factor = method.partition(":")
    return name == "aspect_ratio" and (not colon or (factor.isdigit() and int(factor) > 0))
