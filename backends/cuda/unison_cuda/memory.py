"""What is counted of CuPy's memory: its pools say what is in use now, not what the most of it was."""

from __future__ import annotations

import threading
from typing import Any

import cupy

__all__ = ["Counter", "counted", "counters"]


class Counter:
    """Bytes of one device in use, and the most of them so far; blocks are as long as the pool made them."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.used = self.peak = self.peak_held = 0

    def take(self, size: int) -> None:
        with self.lock:
            self.used += size
            self.peak = max(self.peak, self.used)

    def give(self, size: int) -> None:
        with self.lock:
            self.used -= size


class _Counters(dict[int, Counter]):
    def __missing__(self, index: int) -> Counter:
        return self.setdefault(index, Counter())


counters = _Counters()
"""By the index of the device."""


class _Counted(cupy.cuda.BaseMemory):  # type: ignore[misc]
    """Memory of CuPy's that says when it comes and goes."""

    def __init__(self, memory: Any) -> None:
        self.ptr, self.size, self.device_id = memory.ptr, memory.size, memory.device_id
        self.memory = memory
        self.counter = counters[memory.device_id]
        self.counter.take(memory.size)

    def __del__(self) -> None:
        if hasattr(self, "counter"):
            self.counter.give(self.size)


def counted() -> None:
    """Let CuPy's allocator, whichever it is, be counted from now on."""
    inner = cupy.cuda.get_allocator()
    if getattr(inner, "counts", False):
        return

    def allocate(size: int) -> Any:
        return cupy.cuda.MemoryPointer(_Counted(inner(size).mem), 0)

    allocate.counts = True  # type: ignore[attr-defined]
    cupy.cuda.set_allocator(allocate)
