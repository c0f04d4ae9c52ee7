"""Random bits from NumPy's own Philox4x64-10 (Note [Random streams] in core's ops.random)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from unison_core.dtypes import DType, int32

__all__ = ["KERNELS"]

_MASK = 2**64 - 1


def random_bits(*, shape: tuple[int, ...], seed: int, stream: int, dtype: DType, device: Any) -> Any:
    """NumPy advances the counter before the first block, so it starts one block early."""
    count = math.prod(shape)
    counter = (((stream & _MASK) << 128) - 1) % 2**256
    words = np.random.Philox(key=seed & _MASK, counter=counter).random_raw(-(-count * dtype.itemsize // 8))
    return words.view(np.int64 if dtype.itemsize == 8 else np.int32)[:count].reshape(shape)


def dropout(x: Any, *, p: float, seed: int, stream: int) -> Any:
    """The operator's body in integers: the top 24 bits of a word are at least p * 2^24."""
    least = math.ceil(float(np.float32(p)) * 2**24)
    if least >= 2**24:
        return np.zeros_like(x)
    bits = random_bits(shape=x.shape, seed=seed, stream=stream, dtype=int32, device=None)
    out = np.asarray(np.multiply(x, x.dtype.type(1 / (1 - p))))
    np.copyto(out, x.dtype.type(0), where=bits.view(np.uint32) < np.uint32(least << 8))
    return out


KERNELS = {"dropout": dropout, "random_bits": random_bits}
