"""What `unison.cuda` is for cuda, for the devices of the backend `opencl`: which there are, streams, memory."""

from __future__ import annotations

from unison._kind import Kind
from unison.streams import Event, Stream, StreamContext
from unison_core.errors import OutOfMemoryError

__all__ = [
    "Event",
    "OutOfMemoryError",
    "Stream",
    "StreamContext",
    "current_device",
    "current_stream",
    "device",
    "device_count",
    "device_of",
    "empty_cache",
    "get_device_name",
    "get_device_properties",
    "get_per_process_memory_fraction",
    "is_available",
    "manual_seed",
    "max_memory_allocated",
    "max_memory_reserved",
    "mem_get_info",
    "memory_allocated",
    "memory_reserved",
    "memory_stats",
    "memory_summary",
    "reset_peak_memory_stats",
    "set_device",
    "set_per_process_memory_fraction",
    "set_stream",
    "stream",
    "synchronize",
]

_kind = Kind(__name__.rpartition(".")[2])

current_device = _kind.current_device
current_stream = _kind.current_stream
device = _kind.device
device_count = _kind.device_count
device_of = _kind.device_of
empty_cache = _kind.empty_cache
get_device_name = _kind.get_device_name
get_device_properties = _kind.get_device_properties
get_per_process_memory_fraction = _kind.get_per_process_memory_fraction
is_available = _kind.is_available
manual_seed = _kind.manual_seed
max_memory_allocated = _kind.max_memory_allocated
max_memory_reserved = _kind.max_memory_reserved
mem_get_info = _kind.mem_get_info
memory_allocated = _kind.memory_allocated
memory_reserved = _kind.memory_reserved
memory_stats = _kind.memory_stats
memory_summary = _kind.memory_summary
reset_peak_memory_stats = _kind.reset_peak_memory_stats
set_device = _kind.set_device
set_per_process_memory_fraction = _kind.set_per_process_memory_fraction
set_stream = _kind.set_stream
stream = _kind.stream
synchronize = _kind.synchronize
