"""Functions of NumPy that are less accurate in float32 than the contract asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from unison_cpu.kernels._blocks import BLOCK, FLOAT32, by_blocks
from unison_cpu.kernels._scratch import scratch

__all__ = ["KERNELS"]

_FLOAT64 = np.dtype(np.float64)


def _wide(function: Any) -> Callable[[Any], Any]:
    """The function of float32 arrays by way of float64, block by block; of other arrays itself."""

    def fill(x: Any, out: Any) -> None:
        wide = scratch("wide", (BLOCK,), _FLOAT64)[: x.size]
        np.copyto(wide, x)
        out[...] = function(wide, out=wide)

    def kernel(x: Any) -> Any:
        if x.dtype != FLOAT32:
            return function(x)
        return by_blocks(fill, x) if x.size > BLOCK else function(x.astype(_FLOAT64)).astype(FLOAT32)

    kernel.__name__ = function.__name__
    return kernel


# NumPy's float32 log and log10 are off by up to 3.8 and 3.5 units in the last place on processors with AVX-512;
# float64's, rounded once, are off by 0.5 and take three times as long as float32's log.
KERNELS = {"log": _wide(np.log), "log10": _wide(np.log10)}
