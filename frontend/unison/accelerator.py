"""`torch.accelerator`: the same questions whichever accelerator a program finds.

Of several kinds the default device's is meant (`unison.set_default_device("opencl")`), else the first by name. Start
reading in `unison._kind`.
"""

from __future__ import annotations

from typing import Any

from unison._kind import Kind
from unison_core import devices

__all__ = [
    "current_accelerator",
    "current_device_idx",
    "current_device_index",
    "current_stream",
    "device_count",
    "device_index",
    "empty_cache",
    "get_memory_info",
    "is_available",
    "max_memory_allocated",
    "max_memory_reserved",
    "memory_allocated",
    "memory_reserved",
    "memory_stats",
    "reset_peak_memory_stats",
    "set_device_idx",
    "set_device_index",
    "set_stream",
    "synchronize",
]

_kind = Kind(None)

current_device_index = current_device_idx = _kind.current_device
current_stream = _kind.current_stream
device_count = _kind.device_count
device_index = _kind.device
empty_cache = _kind.empty_cache
get_memory_info = _kind.mem_get_info
is_available = _kind.is_available
max_memory_allocated = _kind.max_memory_allocated
max_memory_reserved = _kind.max_memory_reserved
memory_allocated = _kind.memory_allocated
memory_reserved = _kind.memory_reserved
memory_stats = _kind.memory_stats
reset_peak_memory_stats = _kind.reset_peak_memory_stats
set_device_index = set_device_idx = _kind.set_device
set_stream = _kind.set_stream
synchronize = _kind.synchronize


def current_accelerator(check_available: bool = False) -> Any:
    """The kind of accelerator at hand, as a device without an index; None where there is none."""
    record = _kind._record()
    return None if record is None else devices.get(record.name)
