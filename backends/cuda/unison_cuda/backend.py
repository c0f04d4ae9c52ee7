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
from unison_core.devices import Device, get
from unison_core.dtypes import DType
from unison_core.precision import Precision
from unison_core.queues import Queue
from unison_cuda import exchange, kernels, memory, queues
from unison_cuda import precision as precisions
from unison_cuda.bridge import Bridge
from unison_cuda.runtime import CudaRuntime, no_room

__all__ = ["CudaBackend"]


_PROPERTIES = {
    "major": "major",
    "minor": "minor",
    "total_memory": "totalGlobalMem",
    "multi_processor_count": "multiProcessorCount",
    "max_threads_per_multi_processor": "maxThreadsPerMultiProcessor",
    "max_threads_per_block": "maxThreadsPerBlock",
    "warp_size": "warpSize",
    "regs_per_multiprocessor": "regsPerMultiprocessor",
    "shared_memory_per_block": "sharedMemPerBlock",
    "shared_memory_per_multiprocessor": "sharedMemPerMultiprocessor",
    "L2_cache_size": "l2CacheSize",
}
"""torch's names of facts -> the driver's."""


class CudaBackend(Backend):
    """Every GPU that the driver shows."""

    name = "cuda"
    array_class: ClassVar[type] = cupy.ndarray

    def __init__(self) -> None:
        self._runtimes: dict[int, CudaRuntime] = {}
        self._lock = threading.Lock()
        self.kit = CKit(lambda device: self.runtime(device.index or 0))
        self.bridge = Bridge(self.native_dtypes(), self.runtime)
        memory.counted()
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

    def use_device(self, index: int) -> None:
        """CuPy's, in this thread."""
        cupy.cuda.Device(index).use()

    def reaches(self, here: Device, there: Device) -> bool:
        """As the driver says."""
        one, other = here.index or 0, there.index or 0
        return one == other or bool(cupy.cuda.runtime.deviceCanAccessPeer(one, other))

    def runtime(self, index: int) -> CudaRuntime:
        """The runtime of one device, opened on first use."""
        opened = self._runtimes.get(index)
        if opened is None:
            with self._lock:
                opened = self._runtimes.setdefault(index, CudaRuntime(index))
        return opened

    def from_host(self, array: Any, device: Device) -> Any:
        """A copy with the same elements, in row-major order; the host may change its array at once.

        CuPy copies what is not pinned into pinned memory of its own first, and then does not wait.
        """
        return self._send(array, device, blocking=self.is_pinned(array))

    def from_host_later(self, array: Any, device: Device) -> Any:
        """Without waiting; of pinned memory without the copy in between."""
        return self._send(array, device, blocking=False)

    def _send(self, array: Any, device: Device, *, blocking: bool) -> Any:
        try:
            with cupy.cuda.Device(device.index or 0):
                return cupy.array(array, order="C", blocking=blocking)
        except cupy.cuda.memory.OutOfMemoryError as error:
            raise no_room(error) from error

    def pin(self, array: Any) -> Any:
        """A copy in CuPy's page-locked memory."""
        pinned = np.frombuffer(cupy.cuda.alloc_pinned_memory(max(array.nbytes, 1)), np.uint8, array.nbytes)
        out = pinned.view(array.dtype).reshape(array.shape)
        out[...] = array
        return out

    def is_pinned(self, array: Any) -> bool:
        """As the driver says of its address."""
        return bool(array.size and cupy.cuda.pinned_memory.is_memory_pinned(array.ctypes.data))

    def to_host(self, array: Any) -> Any:
        """A copy on the host, when all work before is done."""
        return cupy.asnumpy(array)

    def between_devices(self, array: Any, device: Device) -> Any:
        """From GPU to GPU, directly where they can reach each other; each one's stream waits for the other's."""
        there, here = self.current_queue(device), self.current_queue(get("cuda", array.device.id))
        there.wait(here.mark())
        with cupy.cuda.Device(device.index or 0):
            out = cupy.array(array, order="C")
        here.wait(there.mark())
        return out

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

    def queue(self, device: Device, priority: int = 0) -> Queue:
        """A new stream."""
        return queues.new(device, priority)

    def current_queue(self, device: Device) -> Queue:
        """CuPy's current stream."""
        return queues.current(device)

    def default_queue(self, device: Device) -> Queue:
        """CUDA's default stream."""
        return queues.CudaQueue(device, cupy.cuda.Stream.null)

    def use_queue(self, queue: Queue) -> None:
        """Make it CuPy's current stream."""
        queues.use(queue)

    def memory(self, device: Device) -> Mapping[str, int]:
        """What CuPy's pool and the driver say."""
        return self.runtime(device.index or 0).memory()

    def reset_peak_memory(self, device: Device) -> None:
        """Begin to count anew."""
        self.runtime(device.index or 0).reset_peak_memory()

    def release_memory(self, device: Device) -> None:
        """Empty CuPy's pools."""
        self.runtime(device.index or 0).release_memory()

    def limit_memory(self, device: Device, size: int) -> None:
        """The limit of CuPy's pool."""
        self.runtime(device.index or 0).limit_memory(size)

    def properties(self, device: Device) -> Mapping[str, Any]:
        """What the driver says, under torch's names."""
        told = cupy.cuda.runtime.getDeviceProperties(device.index or 0)
        found = {ours: told[theirs] for ours, theirs in _PROPERTIES.items() if theirs in told}
        return found | {"name": told["name"].decode(), "is_integrated": bool(told.get("integrated", 0))}

    def to_dlpack(self, array: Any, *, stream: int | None = None, **options: Any) -> Any:
        """See `unison_cuda.exchange`."""
        return exchange.give(array, stream, options)

    def from_dlpack(self, source: Any) -> Any:
        """See `unison_cuda.exchange`."""
        return exchange.take(source)

    def address(self, array: Any) -> int:
        """The device's address."""
        return int(array.data.ptr) if array.size else 0

    def cuda_array_interface(self, array: Any) -> Mapping[str, Any]:
        """CuPy's."""
        return exchange.described(array)

    def from_cuda_array_interface(self, source: Any) -> Any:
        """See `unison_cuda.exchange`."""
        return exchange.take_described(source)

    def allow(self, precision: Precision) -> None:
        """See `unison_cuda.precision`."""
        precisions.allow(precision)

    def describe(self, device: Device) -> str:
        """GPU, compute capability and driver, CuPy's version."""
        facts = self.runtime(device.index or 0).facts
        return f"{facts.name}, {facts.driver}, CuPy {cupy.__version__}"

    def claims(self, device: Device) -> frozenset[str]:
        """Beside the dtypes: streams and events order work; memory is shared through DLPack; division and roots are
        correctly rounded, since nothing is compiled with fast arithmetic.
        """
        return super().claims(device) | {"async", "dlpack", "ieee"}
