"""CUDA's streams and events as queues and marks."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

import cupy

from unison_core.devices import Device
from unison_core.errors import DeviceError
from unison_core.queues import Mark, Queue

__all__ = ["CudaMark", "CudaQueue", "current", "new", "use"]


class CudaMark(Mark):
    """A CUDA event."""

    __slots__ = ("event",)

    def __init__(self, event: Any) -> None:
        self.event = event

    def reached(self) -> bool:
        return bool(self.event.done)

    def wait(self) -> None:
        self.event.synchronize()

    def milliseconds_until(self, later: Any) -> float:
        return float(cupy.cuda.get_elapsed_time(self.event, later.event))


class CudaQueue(Queue):
    """A CUDA stream. Memory freed is given out again on the stream that it was allocated on: see `hold`."""

    __slots__ = ("stream",)

    def __init__(self, device: Device, stream: Any) -> None:
        super().__init__(device)
        self.stream = stream

    @property
    def handle(self) -> int:
        return int(self.stream.ptr)

    def done(self) -> bool:
        return bool(self.stream.done)

    def synchronize(self) -> None:
        self.stream.synchronize()
        _let_go()

    def mark(self, *, timing: bool = False, blocking: bool = False) -> Mark:
        with cupy.cuda.Device(self.device.index or 0):
            event = cupy.cuda.Event(block=blocking, disable_timing=not timing)
            event.record(self.stream)
        return CudaMark(event)

    def wait(self, mark: Mark) -> None:
        if isinstance(mark, CudaMark):
            self.stream.wait_event(mark.event)
        else:
            mark.wait()

    def hold(self, array: Any) -> None:
        _let_go()
        _held.append((self.mark(), array.data.mem))


_held: deque[tuple[Mark, Any]] = deque()
"""Memory, and when the streams that its pool knows nothing of are done with it."""


_letting_go = threading.Lock()


def _let_go() -> None:
    """One thread at a time: what one has seen reached, another must not have taken away."""
    with _letting_go:
        while _held and _held[0][0].reached():
            _held.popleft()


def new(device: Device, priority: int) -> CudaQueue:
    """A stream that waits for no other, the default one included."""
    with cupy.cuda.Device(device.index or 0):
        return CudaQueue(device, cupy.cuda.Stream(non_blocking=True, priority=priority))


def current(device: Device) -> CudaQueue:
    """CuPy's for this thread."""
    return CudaQueue(device, cupy.cuda.get_current_stream(device.index or 0))


def use(queue: Queue) -> None:
    """Make it CuPy's for this thread.

    Raises:
        RuntimeError: it is not a stream of CUDA.
    """
    if not isinstance(queue, CudaQueue):
        raise DeviceError(f"a queue of {queue.device} cannot take CUDA's work")
    with cupy.cuda.Device(queue.device.index or 0):
        queue.stream.use()
