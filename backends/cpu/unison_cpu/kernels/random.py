"""Random bits from NumPy's own Philox4x64-10 (Note [Random streams] in core's ops.random)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from unison_core.dtypes import DType

__all__ = ["KERNELS"]

_MASK = 2**64 - 1


def random_bits(*, shape: tuple[int, ...], seed: int, stream: int, dtype: DType, device: Any) -> Any:
    """NumPy advances the counter before the first block, so it starts one block early."""
    count = math.prod(shape)
    counter = (((stream & _MASK) << 128) - 1) % 2**256
    words = np.random.Philox(key=seed & _MASK, counter=counter).random_raw(-(-count * dtype.itemsize // 8))
    return words.view(np.int64 if dtype.itemsize == 8 else np.int32)[:count].reshape(shape)


KERNELS = {"random_bits": random_bits}
