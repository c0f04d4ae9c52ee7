"""The backend: the C kit, one runtime for each device."""

from __future__ import annotations

import threading
from typing import Any

import ml_dtypes
import numpy as np

from unison_core.ckit.backend import CBackend
from unison_core.devices import Device
from unison_core.dtypes import DType
from unison_core.spec import Shape
from unison_opencl.devices import found
from unison_opencl.runtime import OpenCLRuntime

__all__ = ["OpenCLBackend"]


class OpenCLBackend(CBackend):
    """Devices are numbered over all platforms, accelerators first."""

    name = "opencl"

    def __init__(self) -> None:
        self._runtimes: dict[int, OpenCLRuntime] = {}
        self._lock = threading.Lock()
        super().__init__()

    def device_count(self) -> int:
        """How many the drivers show."""
        return len(found())

    def runtime(self, device: Device) -> OpenCLRuntime:
        """The runtime of one device, opened on first use."""
        index = device.index or 0
        opened = self._runtimes.get(index)
        if opened is None:
            with self._lock:
                opened = self._runtimes.get(index)
                if opened is None:
                    opened = self._runtimes[index] = OpenCLRuntime(found()[index])
        return opened

    def claims(self, device: Device) -> frozenset[str]:
        """Beside what the facts allow: work is only asked for, and marks say when it is done."""
        return super().claims(device) | {"async"}

    def host_array(self, shape: Shape, dtype: DType) -> Any:
        """A new numpy.ndarray."""
        native = ml_dtypes.bfloat16 if dtype.name == "bfloat16" else dtype.name
        return np.empty(shape, dtype=native)
