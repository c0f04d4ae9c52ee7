"""Queues of work, and marks in them: what streams and events of the frontend stand on.

The classes here serve every device that works through what it is asked in one order: they wait where a device with
queues of its own would only take note. A backend whose library has streams returns its own subclasses from
`Backend.queue` and its neighbours.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unison_core.devices import Device

__all__ = ["Mark", "Queue"]


class Mark:
    """A point in a queue's work, reached as soon as everything asked for before it is done."""

    __slots__ = ("moment",)

    def __init__(self) -> None:
        self.moment = time.perf_counter()

    def reached(self) -> bool:
        """Whether it is; asking does not wait."""
        return True

    def wait(self) -> None:
        """Let the host wait until it is."""

    def milliseconds_until(self, later: Any) -> float:
        """The time between two marks that have been reached, both set with `timing`."""
        return float(later.moment - self.moment) * 1e3


class Queue:
    """Work of one device, done in the order in which it is asked for; `device` has this queue alone."""

    __slots__ = ("device",)

    def __init__(self, device: Device) -> None:
        self.device = device

    @property
    def handle(self) -> int:
        """What tells queues of a device apart, and what the device's library calls this one."""
        return 0

    def done(self) -> bool:
        """Whether nothing is left to do; asking does not wait where the library can tell."""
        self.synchronize()
        return True

    def synchronize(self) -> None:
        """Let the host wait until everything is done."""
        self.device.backend.synchronize(self.device)

    def mark(self, *, timing: bool = False, blocking: bool = False) -> Mark:
        """A mark behind everything asked for so far.

        timing: the time at which it is reached is kept. blocking: who waits for it sleeps instead of spinning.
        """
        self.synchronize()
        return Mark()

    def wait(self, mark: Mark) -> None:
        """Start nothing that is asked for from now on before the mark, of whichever queue, has been reached."""
        mark.wait()

    def hold(self, array: Any) -> None:
        """Keep the array's memory from being given out again until what was asked of this queue so far is done."""
