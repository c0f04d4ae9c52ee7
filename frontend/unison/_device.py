"""`unison.device`, the way programs name devices."""

from __future__ import annotations

from typing import Any

from unison_core import devices

__all__ = ["device"]


class _Devices(type):
    """Lets `isinstance(d, unison.device)` find core's interned devices."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, devices.Device)


class device(metaclass=_Devices):
    """The device of that name: `device("opencl:1")`, `device("opencl", 1)`; equal names give one object.

    Raises:
        RuntimeError: no backend has that name.
    """

    __slots__ = ()

    def __new__(cls, type: Any, index: int | None = None) -> Any:
        return devices.get(type, index)
