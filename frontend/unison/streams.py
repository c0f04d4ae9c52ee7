"""Streams and events: the order in which a device works, and points in it. May import core.

Most devices have one queue, and a stream of theirs is that queue; programs written for several run there as well, one
thing after the other.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from unison_core import devices
from unison_core.errors import DeviceError, OperatorError
from unison_core.queues import Mark, Queue

__all__ = ["Event", "Stream", "StreamContext"]


class Stream:
    """A queue of work for a device; a context manager that sends this thread's work there.

    device: None is the default device. priority: the lower, the sooner, where the device knows priorities.

    Raises:
        RuntimeError: there is no such device.
    """

    __slots__ = ("__weakref__", "_blocks", "_queue")

    def __init__(self, device: Any = None, *, priority: int = 0) -> None:
        found = devices.canonical(device)
        self._queue: Queue = found.backend.queue(found, priority)
        self._blocks: list[StreamContext] = []

    @classmethod
    def _of(cls, queue: Queue) -> Self:
        self = cls.__new__(cls)
        self._queue, self._blocks = queue, []
        return self

    @property
    def device(self) -> Any:
        """The device that it works for."""
        return self._queue.device

    @property
    def device_index(self) -> int:
        """The device's number."""
        return self._queue.device.index or 0

    @property
    def stream_id(self) -> int:
        """What tells streams of one device apart; 0 is the default stream."""
        return self._queue.handle

    def query(self) -> bool:
        """Whether all work is done."""
        return self._queue.done()

    def synchronize(self) -> None:
        """Wait on the host until all work is done."""
        self._queue.synchronize()

    def record_event(self, event: Event | None = None) -> Event:
        """Record event, or a new one, behind all work asked for so far."""
        event = type(self)._event(self.device) if event is None else event
        event.record(self)
        return event

    @classmethod
    def _event(cls, device: Any) -> Event:
        return Event(device)

    def wait_event(self, event: Event) -> None:
        """Let work asked for from now on wait for event; one that was never recorded is no reason to wait."""
        event.wait(self)

    def wait_stream(self, stream: Stream) -> None:
        """Let work asked for from now on wait for all that the other stream has been asked so far."""
        self._queue.wait(stream._queue.mark())

    def __enter__(self) -> Self:
        self._blocks.append(StreamContext(self))
        self._blocks[-1].__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._blocks.pop().__exit__(kind, error, trace)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Stream):
            return NotImplemented
        return self.device is other.device and self.stream_id == other.stream_id

    def __hash__(self) -> int:
        return hash((self.device, self.stream_id))

    def __repr__(self) -> str:
        return f"<unison.Stream device={self.device} stream_id={self.stream_id:#x}>"


class Event:
    """A point in a stream's work.

    enable_timing: it takes the time. blocking: who waits for it sleeps meanwhile. interprocess: not supported.

    Raises:
        RuntimeError: there is no such device, or interprocess is asked for.
    """

    __slots__ = ("_blocking", "_mark", "_timing", "device")

    def __init__(
        self,
        device: Any = None,
        *,
        enable_timing: bool = False,
        blocking: bool = False,
        interprocess: bool = False,
    ) -> None:
        if interprocess:
            raise OperatorError("events cannot be shared between processes; leave interprocess=False")
        self.device = devices.canonical(device)
        self._timing, self._blocking = enable_timing, blocking
        self._mark: Mark | None = None

    def record(self, stream: Stream | None = None) -> None:
        """Stand behind all work that stream, or the current one, was asked for so far.

        Raises:
            RuntimeError: the stream is another device's.
        """
        queue = self.device.backend.current_queue(self.device) if stream is None else stream._queue
        if queue.device is not self.device:
            raise DeviceError(
                f"Event device {self.device} does not match recording stream's device {queue.device}"
            )
        self._mark = queue.mark(timing=self._timing, blocking=self._blocking)

    def wait(self, stream: Stream | None = None) -> None:
        """Let work that stream, or the current one, is asked for from now on wait until the event is reached."""
        if self._mark is not None:
            queue = self.device.backend.current_queue(self.device) if stream is None else stream._queue
            queue.wait(self._mark)

    def query(self) -> bool:
        """Whether it has been reached; True before it was recorded."""
        return self._mark is None or self._mark.reached()

    def synchronize(self) -> None:
        """Wait on the host until it is reached."""
        if self._mark is not None:
            self._mark.wait()

    def elapsed_time(self, end_event: Event) -> float:
        """Milliseconds from this event to end_event, both reached.

        Raises:
            ValueError: one of them takes no time, or was never recorded.
            RuntimeError: one of them has not been reached.
        """
        if not (self._timing and end_event._timing):
            raise ValueError("Both events must be created with argument 'enable_timing=True'.")
        if self._mark is None or end_event._mark is None:
            raise ValueError("Both events must be recorded before calculating elapsed time.")
        if not (self.query() and end_event.query()):
            raise OperatorError(
                "Both events must be completed before calculating elapsed time: call synchronize() of the later one"
            )
        return self._mark.milliseconds_until(end_event._mark)

    def __repr__(self) -> str:
        return f"<unison.Event device={self.device} {'recorded' if self._mark else 'not recorded'}>"


class StreamContext:
    """Within the block this thread's work for the stream's device goes to the stream; None changes nothing."""

    __slots__ = ("_before", "stream")

    def __init__(self, stream: Stream | None) -> None:
        self.stream = stream
        self._before: Queue | None = None

    def __enter__(self) -> None:
        if self.stream is not None:
            queue = self.stream._queue
            self._before = queue.device.backend.current_queue(queue.device)
            queue.device.backend.use_queue(queue)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            self._before.device.backend.use_queue(self._before)
