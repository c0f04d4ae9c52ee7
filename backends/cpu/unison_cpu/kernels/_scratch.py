"""Memory that kernels compute in and give back: kept by purpose and thread, since fresh pages cost more than passes."""

from __future__ import annotations

import threading
from math import prod
from typing import Any

import numpy as np

__all__ = ["scratch"]


class _Scratch(threading.local):
    """Buffers by purpose, kept for the next call of the thread."""

    def __init__(self) -> None:
        self.buffers: dict[str, Any] = {}


_scratch = _Scratch()
# Larger buffers are given back: they would outlive the one call that needed them.
_KEEP_BYTES = 1 << 26


def scratch(purpose: str, shape: tuple[int, ...], dtype: Any) -> Any:
    """An uninitialised array whose memory is reused by the next call with the same purpose in this thread."""
    nbytes = prod(shape) * dtype.itemsize
    if nbytes > _KEEP_BYTES:
        return np.empty(shape, dtype)
    buffer = _scratch.buffers.get(purpose)
    if buffer is None or buffer.nbytes < nbytes:
        buffer = _scratch.buffers[purpose] = np.empty(nbytes, np.uint8)
    return buffer[:nbytes].view(dtype).reshape(shape)
