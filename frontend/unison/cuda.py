"""The questions that programs ask of `torch.cuda`, answered for the devices that a backend of that name drives.

Devices are used like any other, `x.to("cuda:0")`; nothing here is needed for that. May import core and `unison.random`.
"""

from __future__ import annotations

from typing import Any

from unison_core import devices
from unison_core.errors import DeviceError
from unison_core.plugins.loading import backends

__all__ = [
    "current_device",
    "device_count",
    "empty_cache",
    "get_device_name",
    "is_available",
    "manual_seed",
    "manual_seed_all",
    "synchronize",
]

_KIND = __name__.rpartition(".")[2]


def device_count() -> int:
    """How many such devices there are; asking loads no library that is not needed to count them."""
    usable = [r for r in backends() if r.name == _KIND and r.status in ("available", "loaded")]
    return max((len(r.devices) for r in usable), default=0)


def is_available() -> bool:
    """Whether there is such a device."""
    return device_count() > 0


def _device(device: Any) -> devices.Device:
    if not is_available():
        raise DeviceError(
            f"there is no {_KIND} device here: unison.backends() lists what was found, and why not more"
        )
    named = device is None or isinstance(device, int)
    return devices.canonical(devices.get(_KIND, device) if named else devices.get(device))


def current_device() -> int:
    """The index that "cuda" without one means.

    Raises:
        RuntimeError: there is no such device.
    """
    return int(_device(None).index or 0)


def get_device_name(device: Any = None) -> str:
    """The hardware and the library, in words.

    Raises:
        RuntimeError: there is no such device.
    """
    found = _device(device)
    return found.backend.describe(found)


def synchronize(device: Any = None) -> None:
    """Wait until everything asked of the device is done.

    Raises:
        RuntimeError: there is no such device.
    """
    found = _device(device)
    found.backend.synchronize(found)


def empty_cache() -> None:
    """Nothing: memory goes back when tensors die, or is kept by the device's own library."""


def manual_seed(seed: int) -> None:
    """`unison.manual_seed`: one stream of numbers serves all devices. Without such a device, nothing."""
    if is_available():
        import unison

        unison.manual_seed(seed)


manual_seed_all = manual_seed
