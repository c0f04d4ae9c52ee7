"""Putting the themes together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from unison_core.arraykit.attention import Attention
from unison_core.arraykit.batch_norm import BatchNorm
from unison_core.arraykit.creation import Creation
from unison_core.arraykit.decomposition import Decomposition
from unison_core.arraykit.elementwise import Elementwise
from unison_core.arraykit.embedding import Embedding
from unison_core.arraykit.folding import Folding
from unison_core.arraykit.fourier import Fourier
from unison_core.arraykit.indexing import Indexing
from unison_core.arraykit.linalg import Linalg
from unison_core.arraykit.loss import Loss
from unison_core.arraykit.movement import Movement
from unison_core.arraykit.normalization import Normalization
from unison_core.arraykit.optimizer import Optimizer
from unison_core.arraykit.pooling import Pooling
from unison_core.arraykit.random import Random
from unison_core.arraykit.recurrent import Recurrent
from unison_core.arraykit.reduction import Reduction
from unison_core.arraykit.softmax import Softmax
from unison_core.arraykit.sorting import Sorting
from unison_core.backend import merge_kernels
from unison_core.dtypes import DType

__all__ = ["ArrayKit", "kernels"]


class ArrayKit:
    """What the themes need to know of a library.

    xp: its namespace (`numpy`, `cupy`). native: the library's dtype objects. assign(target, source) writes in place.
    """

    def __init__(self, xp: Any, native: Mapping[DType, Any]) -> None:
        self.xp = xp
        self.native = dict(native)
        self.dtype_of = {dtype: ours for ours, dtype in self.native.items()}
        self.floating = frozenset(n for d, n in self.native.items() if d.is_floating_point)
        self.half = frozenset(n for d, n in self.native.items() if d.is_floating_point and d.bits == 16)

    def wide(self, x: Any) -> Any:
        """x in float32 if it is of a half type, else x: what accumulations start from."""
        return x.astype(self.xp.float32) if x.dtype in self.half else x

    def require_floating(self, x: Any) -> None:
        """Refuse an array that is not floating: libraries would convert it.

        Raises:
            TypeError: the dispatcher turns it into the operator's own error.
        """
        if x.dtype not in self.floating:
            raise TypeError(f"{x.dtype} is not a floating type")


def kernels(xp: Any, native: Mapping[DType, Any]) -> dict[str, Callable[..., Any]]:
    """Operator name -> kernel on arrays of `xp`."""
    kit = ArrayKit(xp, native)
    themes = (
        Attention,
        BatchNorm,
        Creation,
        Elementwise,
        Embedding,
        Fourier,
        Indexing,
        Linalg,
        Loss,
        Movement,
        Normalization,
        Optimizer,
        Pooling,
        Folding,
        Random,
        Recurrent,
        Reduction,
        Softmax,
        Sorting,
        Decomposition,
    )
    return merge_kernels(*[theme(kit).table() for theme in themes])
