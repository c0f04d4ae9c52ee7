"""The questions that programs ask of `torch.cuda`, answered for the devices that a backend of that name drives.

Devices are used like any other, `x.to("cuda:0")`; nothing here is needed for that. Start reading in `unison._kind`.
"""

from __future__ import annotations

from typing import Any

from unison import streams
from unison._kind import Kind
from unison.cuda import amp
from unison_core.errors import OutOfMemoryError

__all__ = [
    "Event",
    "OutOfMemoryError",
    "Stream",
    "StreamContext",
    "amp",
    "can_device_access_peer",
    "current_device",
    "current_stream",
    "default_stream",
    "device",
    "device_count",
    "device_of",
    "empty_cache",
    "get_device_capability",
    "get_device_name",
    "get_device_properties",
    "get_per_process_memory_fraction",
    "get_rng_state",
    "init",
    "initial_seed",
    "ipc_collect",
    "is_available",
    "is_bf16_supported",
    "is_initialized",
    "manual_seed",
    "manual_seed_all",
    "max_memory_allocated",
    "max_memory_reserved",
    "mem_get_info",
    "memory_allocated",
    "memory_reserved",
    "memory_stats",
    "memory_summary",
    "reset_max_memory_allocated",
    "reset_peak_memory_stats",
    "seed",
    "seed_all",
    "set_device",
    "set_per_process_memory_fraction",
    "set_rng_state",
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
manual_seed_all = _kind.manual_seed
max_memory_allocated = _kind.max_memory_allocated
max_memory_reserved = _kind.max_memory_reserved
mem_get_info = _kind.mem_get_info
memory_allocated = _kind.memory_allocated
memory_reserved = _kind.memory_reserved
memory_stats = _kind.memory_stats
memory_summary = _kind.memory_summary
reset_max_memory_allocated = _kind.reset_peak_memory_stats
reset_peak_memory_stats = _kind.reset_peak_memory_stats
set_device = _kind.set_device
set_per_process_memory_fraction = _kind.set_per_process_memory_fraction
set_stream = _kind.set_stream
stream = _kind.stream
synchronize = _kind.synchronize
StreamContext = streams.StreamContext


class Stream(streams.Stream):
    """A new CUDA stream, which waits for no other; device: None is the current one.

    Raises:
        RuntimeError: there is no such device.
    """

    __slots__ = ()

    def __init__(self, device: Any = None, priority: int = 0) -> None:
        super().__init__(_kind._device(device), priority=priority)

    @property
    def cuda_stream(self) -> int:
        """The address of CUDA's own object."""
        return self.stream_id


class Event(streams.Event):
    """A CUDA event of the current device.

    Raises:
        RuntimeError: there is no such device.
    """

    __slots__ = ()

    def __init__(
        self, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False
    ) -> None:
        super().__init__(
            _kind._device(), enable_timing=enable_timing, blocking=blocking, interprocess=interprocess
        )


def default_stream(device: Any = None) -> streams.Stream:
    """The stream that work goes to where no other is chosen.

    Raises:
        RuntimeError: there is no such device.
    """
    found = _kind._device(device)
    return streams.Stream._of(found.backend.default_queue(found))


def get_device_capability(device: Any = None) -> tuple[int, int]:
    """The compute capability, as in (9, 0).

    Raises:
        RuntimeError: there is no such device.
    """
    told = get_device_properties(device)
    return told.major, told.minor


def can_device_access_peer(device: Any, peer_device: Any) -> bool:
    """Whether the first device reads the second one's memory without a detour.

    Raises:
        RuntimeError: there is no such device.
    """
    here, there = _kind._device(device), _kind._device(peer_device)
    return here.backend.reaches(here, there)


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Whether the device computes in bfloat16; in hardware from compute capability 8.0 on, and else in float32."""
    return is_available() and (including_emulation or get_device_capability()[0] >= 8)


def is_initialized() -> bool:
    """Whether the backend has been loaded."""
    record = _kind._record()
    return record is not None and record.status == "loaded"


def init() -> None:
    """Load the backend now instead of on first use.

    Raises:
        RuntimeError: there is no such device.
    """
    _kind._device()


def ipc_collect() -> None:
    """Nothing: tensors are not shared between processes on the device."""


def seed() -> None:
    """`unison.seed`: one stream of numbers serves all devices. Without such a device, nothing."""
    if is_available():
        import unison

        unison.seed()


seed_all = seed


def initial_seed() -> int:
    """`unison.initial_seed`."""
    import unison

    return int(unison.initial_seed())


def get_rng_state(device: Any = "cuda") -> Any:
    """`unison.get_rng_state`."""
    import unison

    return unison.get_rng_state()


def set_rng_state(new_state: Any, device: Any = "cuda") -> None:
    """`unison.set_rng_state`."""
    import unison

    unison.set_rng_state(new_state)
