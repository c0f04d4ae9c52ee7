"""The C kit: every primitive in a small dialect of C, for devices that have a compiler, buffers and a launch.

A backend implements `runtime.Runtime` and derives its class from `backend.CBackend`; the kit brings strided arrays,
kernel sources (`sources/`) and the Python around them, one module per theme. To add a kernel: an expression in
`expressions/` if it is elementwise, else a source file and a method in its theme's module. Start reading in `kit`,
then `sources/map.c`. Imports core only; NumPy is not known here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from unison_core.backend import merge_kernels
from unison_core.ckit.array import CArray
from unison_core.ckit.attention import Attention
from unison_core.ckit.batch_norm import BatchNorm
from unison_core.ckit.convolution import Convolution
from unison_core.ckit.creation import Creation
from unison_core.ckit.decomposition import Decomposition
from unison_core.ckit.elementwise import Elementwise
from unison_core.ckit.embedding import Embedding
from unison_core.ckit.folding import Folding
from unison_core.ckit.indexing import Indexing
from unison_core.ckit.kit import CKit
from unison_core.ckit.linalg import Linalg
from unison_core.ckit.loss import Loss
from unison_core.ckit.movement import Movement
from unison_core.ckit.normalization import Normalization
from unison_core.ckit.optimizer import Optimizer
from unison_core.ckit.pooling import Pooling
from unison_core.ckit.random import Random
from unison_core.ckit.reduction import Reduction
from unison_core.ckit.runtime import DeviceFacts, Runtime
from unison_core.ckit.scan import Scan
from unison_core.ckit.softmax import Softmax
from unison_core.ckit.sorting import Sorting

__all__ = ["CArray", "CKit", "DeviceFacts", "Runtime", "inplace_kernels", "kernels"]


def kernels(kit: CKit) -> dict[str, Callable[..., Any]]:
    """Operator name -> kernel."""
    themes = (
        Attention,
        BatchNorm,
        Convolution,
        Creation,
        Decomposition,
        Elementwise,
        Embedding,
        Folding,
        Indexing,
        Linalg,
        Loss,
        Movement,
        Normalization,
        Optimizer,
        Pooling,
        Random,
        Reduction,
        Scan,
        Softmax,
        Sorting,
    )
    return merge_kernels(*[theme(kit).table() for theme in themes])


def inplace_kernels(kit: CKit) -> dict[str, Callable[..., Any]]:
    """Operator name -> kernel that takes `out=`."""
    return Elementwise(kit).inplace()
