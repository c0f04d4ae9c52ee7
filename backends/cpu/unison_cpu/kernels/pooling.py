"""Pooling by the array kit, a few images at a time: what is computed on the way stays in the cache."""

from __future__ import annotations

from typing import Any

import numpy as np

from unison_core import arraykit
from unison_core.arraykit.pooling import Pooling
from unison_core.dtypes import DType

__all__ = ["table"]

_BLOCK = 1 << 18


def table(native: dict[DType, Any]) -> dict[str, Any]:
    """Operator name -> kernel."""
    kit = Pooling(arraykit.ArrayKit(np, native), _BLOCK)
    return {"max_pool_backward": kit.max_pool_backward}
