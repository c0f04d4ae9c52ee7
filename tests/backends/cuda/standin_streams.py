"""The stand-in's streams and events, and host memory that counts as page-locked."""

from __future__ import annotations

import threading
import time
import weakref
from typing import Any

import numpy as np

__all__ = [
    "CUDARuntimeError",
    "Event",
    "Stream",
    "asked",
    "get_current_stream",
    "get_elapsed_time",
    "is_pinned",
    "pin",
    "work",
]


class CUDARuntimeError(RuntimeError):
    """What CuPy's runtime raises."""


work: list[tuple[int, str]] = []
"""What streams were asked to do: (stream, "kernel", "copy", "record N", "wait N" or "synchronize")."""


def asked(stream: Stream | None, what: str) -> None:
    work.append(((stream or get_current_stream()).ptr, what))


class Stream:
    """A stream that does at once what it is asked, and writes it down."""

    _count = 0

    def __init__(
        self, null: bool = False, non_blocking: bool = False, ptds: bool = False, priority: int | None = None
    ) -> None:
        if null:
            self.ptr, self.device_id = 0, -1
        else:
            Stream._count += 1
            self.ptr, self.device_id = 4096 + Stream._count, 0
        self.is_non_blocking, self.priority, self.done = non_blocking, priority or 0, True

    def use(self) -> Stream:
        _here.stream = self
        return self

    def synchronize(self) -> None:
        asked(self, "synchronize")

    def wait_event(self, event: Event) -> None:
        asked(self, f"wait {event.ptr}")

    def record(self, event: Event | None = None) -> Event:
        event = event or Event()
        event.record(self)
        return event


class Event:
    """An event, reached when it is recorded, since streams do everything at once."""

    _count = 0

    def __init__(self, block: bool = False, disable_timing: bool = False, interprocess: bool = False) -> None:
        Event._count += 1
        self.ptr, self.done, self._timed, self._moment = Event._count, True, not disable_timing, None

    def record(self, stream: Stream | None = None) -> None:
        asked(stream, f"record {self.ptr}")
        self._moment = time.perf_counter()

    def synchronize(self) -> None:
        pass


def get_elapsed_time(start: Event, end: Event) -> float:
    """Milliseconds between two events with a time."""
    if start._moment is None or end._moment is None or not (start._timed and end._timed):
        raise CUDARuntimeError("cudaErrorInvalidResourceHandle: invalid resource handle")
    return (end._moment - start._moment) * 1e3


class _Here(threading.local):
    stream: Stream | None = None


_here = _Here()
Stream.null = Stream(null=True)  # type: ignore[attr-defined]


def get_current_stream(device_id: int = -1) -> Stream:
    """This thread's, at first the null stream."""
    return _here.stream or Stream.null  # type: ignore[attr-defined]


def pin(size: int) -> Any:
    """Host memory that counts as page-locked."""
    owner = np.zeros(size, np.uint8)
    _pinned.append(weakref.ref(owner))
    return owner


_pinned: list[Any] = []


def is_pinned(address: int) -> bool:
    owners = [ref() for ref in _pinned]
    return any(o is not None and o.ctypes.data <= address < o.ctypes.data + o.nbytes for o in owners)
