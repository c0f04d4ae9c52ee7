"""Streams and events of a kind of device."""

from __future__ import annotations

from typing import Any

from unison import streams
from unison._kind.which import Devices

__all__ = ["Streams"]


class Streams(Devices):
    """Streams are this thread's affair: another thread has its own current ones."""

    def current_stream(self, device: Any = None) -> streams.Stream:
        """Where this thread's work for the device goes.

        Raises:
            RuntimeError: there is no such device.
        """
        found = self._device(device)
        return streams.Stream._of(found.backend.current_queue(found))

    def set_stream(self, stream: streams.Stream | None) -> None:
        """Send this thread's work for the stream's device there from now on."""
        if stream is not None:
            stream.device.backend.use_queue(stream._queue)

    def stream(self, stream: streams.Stream | None) -> streams.StreamContext:
        """`set_stream` for a block: `with unison.cuda.stream(s):`."""
        return streams.StreamContext(stream)
