"""Which devices of a kind there are, and which of them is meant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from unison_core import devices
from unison_core.errors import DeviceError, OperatorError
from unison_core.plugins.loading import BackendRecord, backends, probed

__all__ = ["Devices"]


def _serves(record: BackendRecord) -> bool:
    """Whether it is an accelerator's, and has devices here."""
    manifest = record.manifest
    usable = record.status in ("available", "loaded") and record.devices
    return bool(usable and manifest is not None and manifest.accelerator)


class Devices:
    """name: the backend's; None stands for the accelerator at hand."""

    def __init__(self, name: str | None) -> None:
        self._name = name

    def _record(self) -> BackendRecord | None:
        """The backend, if it has devices. Of several accelerators, the default device's is meant, else the first."""
        if self._name is not None:
            record = probed(self._name)
            return record if record is not None and _serves(record) else None
        found = [r for r in backends() if _serves(r)]
        default = devices.default().type
        return next((r for r in found if r.name == default), found[0] if found else None)

    def _device(self, device: Any = None) -> devices.Device:
        record = self._record()
        if record is None:
            raise DeviceError(
                f"there is no {self._name or 'accelerator'} device here: unison.backends() lists what was found, and "
                "why not more"
            )
        if device is None or isinstance(device, int):
            found = devices.canonical(devices.get(record.name, device))
        else:
            found = devices.canonical(devices.get(device))
        if self._name is not None and found.type != self._name:
            raise OperatorError(f"Expected a {self._name} device, but got: {found}")
        return found

    def device_count(self) -> int:
        """How many such devices there are; asking loads no library that is not needed to count them."""
        record = self._record()
        return len(record.devices) if record else 0

    def is_available(self) -> bool:
        """Whether there is such a device."""
        return self._record() is not None

    def current_device(self) -> int:
        """The index that the kind's name without one means.

        Raises:
            RuntimeError: there is no such device.
        """
        return int(self._device().index or 0)

    def set_device(self, device: Any) -> None:
        """Let the kind's name without an index mean this device, in this thread; a negative number changes nothing.

        Raises:
            RuntimeError: there is no such device.
        """
        if isinstance(device, int) and device < 0:
            return
        found = self._device(device)
        found.backend.use_device(found.index or 0)

    @contextmanager
    def device(self, device: Any) -> Iterator[None]:
        """`set_device` for a block."""
        before = self.current_device()
        self.set_device(device)
        try:
            yield
        finally:
            self.set_device(before)

    @contextmanager
    def device_of(self, obj: Any) -> Iterator[None]:
        """`set_device` to the tensor's device for a block; nothing for tensors elsewhere."""
        where = obj.device
        if where.type != self._name:
            yield
            return
        with self.device(where):
            yield

    def get_device_name(self, device: Any = None) -> str:
        """The hardware's name.

        Raises:
            RuntimeError: there is no such device.
        """
        return str(self.get_device_properties(device).name)

    def get_device_properties(self, device: Any = None) -> SimpleNamespace:
        """What the driver tells: `name`, `total_memory` in bytes, and what else it knows, under torch's names.

        Raises:
            RuntimeError: there is no such device.
        """
        found = self._device(device)
        return SimpleNamespace(**found.backend.properties(found))

    def synchronize(self, device: Any = None) -> None:
        """Wait until everything asked of the device is done.

        Raises:
            RuntimeError: there is no such device.
        """
        found = self._device(device)
        found.backend.synchronize(found)

    def manual_seed(self, seed: int) -> None:
        """`unison.manual_seed`: one stream of numbers serves all devices. Without such a device, nothing."""
        if self.is_available():
            import unison

            unison.manual_seed(seed)
