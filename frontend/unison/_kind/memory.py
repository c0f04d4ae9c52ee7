"""What tensors take of a device's memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from unison._kind.which import Devices
from unison_core.errors import NotSupportedError

__all__ = ["Memory"]


class Memory(Devices):
    """Numbers are bytes. What is reserved is what tensors use and what the library holds for tensors to come."""

    def _told(self, device: Any, *names: str) -> Mapping[str, int]:
        """What the backend says, all of `names` in it."""
        found = self._device(device)
        told = found.backend.memory(found)
        for name in names:
            if name not in told:
                raise NotSupportedError(f"backend {found.type} does not say {name!r} of its devices' memory")
        return told

    def memory_allocated(self, device: Any = None) -> int:
        """What tensors use.

        Raises:
            RuntimeError: there is no such device.
            NotImplementedError: its backend does not count.
        """
        return self._told(device, "used")["used"]

    def max_memory_allocated(self, device: Any = None) -> int:
        """The most that tensors used since the start, or since `reset_peak_memory_stats`."""
        return self._told(device, "peak")["peak"]

    def memory_reserved(self, device: Any = None) -> int:
        """What tensors use and what is held for later."""
        told = self._told(device, "used", "held")
        return told["used"] + told["held"]

    def max_memory_reserved(self, device: Any = None) -> int:
        """The most that was reserved since the start, or since `reset_peak_memory_stats`."""
        return self._told(device, "peak_held")["peak_held"]

    def reset_peak_memory_stats(self, device: Any = None) -> None:
        """Begin to count the most anew, from what is in use now."""
        found = self._device(device)
        found.backend.reset_peak_memory(found)

    def mem_get_info(self, device: Any = None) -> tuple[int, int]:
        """(free, total) of the device, all programs counted.

        Raises:
            NotImplementedError: the driver does not tell what is free.
        """
        told = self._told(device, "free", "total")
        return told["free"], told["total"]

    def memory_stats(self, device: Any = None) -> dict[str, int]:
        """What is known, under torch's names: `allocated_bytes.all.current`, `reserved_bytes.all.peak` and so on."""
        told = self._told(device, "used", "held", "peak", "peak_held")
        return {
            "allocated_bytes.all.current": told["used"],
            "allocated_bytes.all.peak": told["peak"],
            "reserved_bytes.all.current": told["used"] + told["held"],
            "reserved_bytes.all.peak": told["peak_held"],
        }

    def memory_summary(self, device: Any = None, abbreviated: bool = False) -> str:
        """A table for people, in MiB."""
        told = self._told(device, "used", "held", "peak", "peak_held")
        rows = {
            "in use by tensors": (told["used"], told["peak"]),
            "reserved": (told["used"] + told["held"], told["peak_held"]),
        }
        lines = [f"{self._device(device)}, MiB{'now':>20}{'at most':>14}"]
        lines += [
            f"{name:<20}{now / 2**20:>14.1f}{most / 2**20:>14.1f}" for name, (now, most) in rows.items()
        ]
        return "\n".join(lines)

    def empty_cache(self) -> None:
        """Give memory that is held for later back to the device; without such a device, nothing."""
        if self.is_available():
            found = self._device()
            found.backend.release_memory(found)

    def set_per_process_memory_fraction(self, fraction: float, device: Any = None) -> None:
        """Let tensors take this share of the device's memory at most.

        Raises:
            ValueError: fraction is not between 0 and 1.
            NotImplementedError: the library cannot limit what it takes.
        """
        if not isinstance(fraction, (int, float)):
            raise TypeError("Invalid type for fraction argument, must be `float`")
        if not 0 <= fraction <= 1:
            raise ValueError(f"Invalid fraction value: {fraction}. Allowed range: 0~1")
        found = self._device(device)
        total = self._told(found, "total")["total"]
        found.backend.limit_memory(found, max(1, int(fraction * total)))

    def get_per_process_memory_fraction(self, device: Any = None) -> float:
        """The share that tensors may take: 1 where nothing was set."""
        told = self._told(device, "total")
        return told["limit"] / told["total"] if "limit" in told else 1.0
