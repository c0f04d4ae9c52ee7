"""The backend: CuPy's arrays, the kernels of two kits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import cupy
import ml_dtypes
import numpy as np

from unison_core import dtypes
from unison_core.backend import Backend
from unison_core.ckit import CKit
from unison_core.devices import Device
from unison_core.dtypes import DType
from unison_cuda import kernels
from unison_cuda.bridge import Bridge
from unison_cuda.runtime import CudaRuntime, no_room

__all__ = ["CudaBackend"]


class CudaBackend(Backend):
    """Every GPU that the driver shows."""

    name = "cuda"
    array_class: ClassVar[type] = cupy.ndarray

    def __init__(self) -> None:
        self._runtimes: dict[int, CudaRuntime] = {}
        self._lock = threading.Lock()
        self.kit = CKit(lambda device: self.runtime(device.index or 0))
        self.bridge = Bridge(self.native_dtypes(), self.runtime)
        super().__init__()

    def native_dtypes(self) -> Mapping[DType, Any]:
        """NumPy's dtype objects, which CuPy uses, and ml_dtypes' bfloat16."""
        names = {d: np.dtype(d.name) for d in dtypes.ALL if d is not dtypes.bfloat16}
        return {**names, dtypes.bfloat16: np.dtype(ml_dtypes.bfloat16)}

    def kernels(self) -> Mapping[str, Callable[..., Any]]:
        """See `unison_cuda.kernels`."""
        return kernels.table(self.native_dtypes(), self.bridge, self.kit)

    def inplace_kernels(self) -> Mapping[str, Callable[..., Any]]:
        """The C kit's elementwise kernels."""
        return kernels.inplace(self.native_dtypes(), self.bridge, self.kit)

    def device_count(self) -> int:
        """As the driver says."""
        return int(cupy.cuda.runtime.getDeviceCount())

    def current_device(self) -> int:
        """CuPy's."""
        return int(cupy.cuda.runtime.getDevice())

    def runtime(self, index: int) -> CudaRuntime:
        """The runtime of one device, opened on first use."""
        with self._lock:
            if index not in self._runtimes:
                self._runtimes[index] = CudaRuntime(index)
            return self._runtimes[index]

    def from_host(self, array: Any, device: Device) -> Any:
        """A copy with the same elements, in row-major order; the host may change its array at once."""
        try:
            with cupy.cuda.Device(device.index or 0):
                return cupy.array(array, order="C", blocking=True)
        except cupy.cuda.memory.OutOfMemoryError as error:
            raise no_room(error) from error

    def to_host(self, array: Any) -> Any:
        """A copy on the host, when all work before is done."""
        return cupy.asnumpy(array)

    def between_devices(self, array: Any, device: Device) -> Any:
        """From GPU to GPU, directly where they can reach each other."""
        with cupy.cuda.Device(device.index or 0):
            return cupy.array(array, order="C")

    def assign(self, target: Any, source: Any) -> None:
        """The C kit's casts, which see overlaps."""
        self.kit.assign(self.bridge.lend(target), self.bridge.lend(source))

    def strides(self, array: Any) -> tuple[int, ...]:
        """CuPy's byte strides in elements."""
        return tuple(s // array.dtype.itemsize for s in array.strides)

    def offset(self, array: Any) -> int:
        """Distance from the memory's start."""
        return int(array.data.ptr - array.data.mem.ptr) // array.dtype.itemsize

    def synchronize(self, device: Device) -> None:
        """Wait until everything asked of the device is done."""
        self.runtime(device.index or 0).synchronize()

    def memory(self, device: Device) -> Mapping[str, int]:
        """What CuPy's pool says."""
        return self.runtime(device.index or 0).memory()

    def describe(self, device: Device) -> str:
        """GPU, compute capability and driver, CuPy's version."""
        facts = self.runtime(device.index or 0).facts
        return f"{facts.name}, {facts.driver}, CuPy {cupy.__version__}"

    def claims(self, device: Device) -> frozenset[str]:
        """Beside the dtypes: correctly rounded division and roots, since nothing is compiled with fast arithmetic."""
        return super().claims(device) | {"ieee"}
