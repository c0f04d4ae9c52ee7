"""One GPU as the C kit sees it: CuPy's memory pool, compiler and launch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import cupy
import numpy as np

from unison_core.ckit.array import CArray
from unison_core.ckit.product import Product
from unison_core.ckit.runtime import DeviceFacts, Runtime
from unison_core.errors import KernelError, OutOfMemoryError
from unison_cuda import precision, products
from unison_cuda.memory import counters

__all__ = ["CudaRuntime", "no_room"]


class CudaRuntime(Runtime):
    """Buffers are CuPy's memory objects. Work goes to CuPy's current stream."""

    dialect = "cuda"

    def __init__(self, index: int) -> None:
        super().__init__()
        self.index = index
        self.facts = _facts(index)

    def allocate(self, size: int) -> Any:
        try:
            with cupy.cuda.Device(self.index):
                return cupy.cuda.alloc(max(size, 1)).mem
        except cupy.cuda.memory.OutOfMemoryError as error:
            raise no_room(error) from error

    def copy_in(self, buffer: Any, position: int, data: Any) -> None:
        # What is not pinned, the driver has copied elsewhere when this returns.
        raw = np.frombuffer(data, np.uint8)
        with cupy.cuda.Device(self.index):
            stream = cupy.cuda.get_current_stream()
            cupy.cuda.MemoryPointer(buffer, position).copy_from_host_async(
                raw.ctypes.data, raw.nbytes, stream
            )

    def copy_out(self, buffer: Any, position: int, data: Any) -> None:
        raw = np.frombuffer(data, np.uint8)
        with cupy.cuda.Device(self.index):
            stream = cupy.cuda.get_current_stream()
            cupy.cuda.MemoryPointer(buffer, position).copy_to_host_async(raw.ctypes.data, raw.nbytes, stream)
            stream.synchronize()

    def copy_within(self, target: Any, to: int, source: Any, at: int, size: int) -> None:
        cupy.cuda.MemoryPointer(target, to).copy_from_device_async(cupy.cuda.MemoryPointer(source, at), size)

    def compile(self, source: str, entry: str, label: str) -> Any:
        # Contraction is off as in every other target: what is fused is written fma.
        try:
            module = cupy.RawModule(code=source, options=("--std=c++17", "--fmad=false"))
            return module.get_function(entry)
        except cupy.cuda.compiler.CompileException as error:
            lines = "\n".join(f"{n:5d}  {line}" for n, line in enumerate(source.splitlines(), 1))
            raise KernelError(
                f"{self.facts.name} could not compile kernel {entry!r} of operator {label}:\n{lines}\n{error}"
            ) from error

    def launch(self, kernel: Any, groups: int, group: int, buffers: Sequence[Any], params: bytes) -> None:
        given = np.frombuffer(params, _struct(len(params)))
        kernel((groups,), (group,), (*(b.ptr for b in buffers), given))

    def product(
        self, how: Product, a: CArray, b: CArray, out: CArray, start: Callable[[], object] | None
    ) -> bool:
        """By cuBLAS."""
        return products.serve(how, a, b, out, start, cut=precision.cut())

    def synchronize(self) -> None:
        cupy.cuda.Device(self.index).synchronize()

    def memory(self) -> dict[str, int]:
        with cupy.cuda.Device(self.index):
            pool, counter = cupy.get_default_memory_pool(), counters[self.index]
            total = pool.total_bytes()
            counter.peak_held = max(counter.peak_held, total)
            told = {
                "used": counter.used,
                "peak": counter.peak,
                "held": max(total - counter.used, 0),
                "peak_held": counter.peak_held,
                "total": self.facts.memory,
                "free": cupy.cuda.runtime.memGetInfo()[0],
            }
            limit = pool.get_limit()
            return told | ({"limit": limit} if limit else {})

    def reset_peak_memory(self) -> None:
        with cupy.cuda.Device(self.index):
            counter = counters[self.index]
            counter.peak, counter.peak_held = counter.used, cupy.get_default_memory_pool().total_bytes()

    def release_memory(self) -> None:
        with cupy.cuda.Device(self.index):
            pool, counter = cupy.get_default_memory_pool(), counters[self.index]
            counter.peak_held = max(counter.peak_held, pool.total_bytes())
            pool.free_all_blocks()
        cupy.get_default_pinned_memory_pool().free_all_blocks()

    def limit_memory(self, size: int) -> None:
        with cupy.cuda.Device(self.index):
            cupy.get_default_memory_pool().set_limit(size=size if size < self.facts.memory else 0)


@cache
def _struct(size: int) -> np.dtype[Any]:
    """A structure of that size: CuPy passes arrays of one structure by value."""
    return np.dtype([("params", np.void, size)])


def _facts(index: int) -> DeviceFacts:
    found = cupy.cuda.runtime.getDeviceProperties(index)
    capability = f"{found['major']}.{found['minor']}"
    driver = cupy.cuda.runtime.driverGetVersion()
    return DeviceFacts(
        name=found["name"].decode(),
        driver=f"compute capability {capability}, driver CUDA {driver // 1000}.{driver % 1000 // 10}",
        fp64=True,
        fp16=True,
        local_memory=found["sharedMemPerBlock"],
        group=found["maxThreadsPerBlock"],
        units=found["multiProcessorCount"],
        memory=found["totalGlobalMem"],
        allocation=found["totalGlobalMem"],
    )


def no_room(error: Exception) -> OutOfMemoryError:
    """CuPy's complaint as the framework's error."""
    return OutOfMemoryError(f"CUDA out of memory: {error}")
