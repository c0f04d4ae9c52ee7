"""A backend on the C kit: what remains to be written is the runtime, and which devices there are."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal

from unison_core import ckit, dtypes
from unison_core.backend import Backend
from unison_core.ckit.array import CArray
from unison_core.ckit.kit import CKit
from unison_core.ckit.runtime import Runtime
from unison_core.devices import Device
from unison_core.dtypes import DType
from unison_core.queues import Mark, Queue
from unison_core.spec import Shape

__all__ = ["CBackend"]


class _RuntimeQueue(Queue):
    """A runtime does everything in the order in which it was asked."""

    __slots__ = ("runtime",)

    def __init__(self, device: Device, runtime: Runtime) -> None:
        super().__init__(device)
        self.runtime = runtime

    def done(self) -> bool:
        return self.runtime.done()

    def mark(self, *, timing: bool = False, blocking: bool = False) -> Mark:
        return self.runtime.mark()


class CBackend(Backend):
    """Arrays over a runtime's buffers, and the kit's kernels on them."""

    array_class: ClassVar[type] = CArray

    def __init__(self) -> None:
        self.kit = CKit(self.runtime)
        super().__init__()

    @abstractmethod
    def runtime(self, device: Device) -> Runtime:
        """The runtime of one device, opened on first use."""

    @abstractmethod
    def host_array(self, shape: Shape, dtype: DType) -> Any:
        """A new contiguous numpy.ndarray: core itself does not know NumPy."""

    def native_dtypes(self) -> Mapping[DType, Any]:
        """Core's own dtypes."""
        return {d: d for d in dtypes.ALL}

    def kernels(self) -> Mapping[str, Callable[..., Any]]:
        """The kit's."""
        return ckit.kernels(self.kit)

    def inplace_kernels(self) -> Mapping[str, Callable[..., Any]]:
        """Elementwise kernels write where they are told."""
        return ckit.inplace_kernels(self.kit)

    def from_host(self, array: Any, device: Device) -> CArray:
        """A copy with the same elements, in row-major order."""
        data = array if array.flags.c_contiguous else array.copy(order="C")
        out = self.kit.empty(array.shape, dtypes.BY_NAME[array.dtype.name], self.runtime(device))
        if out.size:
            out.runtime.copy_in(out.buffer, 0, data)
        return out

    def to_host(self, array: CArray) -> Any:
        """A copy on the host."""
        x = self.kit.contiguous(array)
        out = self.host_array(x.shape, x.dtype)
        if x.size:
            x.runtime.copy_out(x.buffer, x.offset * x.dtype.itemsize, out)
        return out

    def assign(self, target: CArray, source: CArray) -> None:
        """Through a copy where the two may overlap."""
        self.kit.assign(target, source)

    def strides(self, array: CArray) -> Shape:
        """As kept."""
        return array.strides

    def offset(self, array: CArray) -> int:
        """As kept."""
        return array.offset

    def synchronize(self, device: Device) -> None:
        """Wait until everything asked of the device is done."""
        self.runtime(device).synchronize()

    def memory(self, device: Device) -> Mapping[str, int]:
        """What the runtime's pool says."""
        return self.runtime(device).memory()

    def reset_peak_memory(self, device: Device) -> None:
        """The runtime's."""
        self.runtime(device).reset_peak_memory()

    def release_memory(self, device: Device) -> None:
        """The runtime's."""
        self.runtime(device).release_memory()

    def limit_memory(self, device: Device, size: int) -> None:
        """The runtime's."""
        self.runtime(device).limit_memory(size)

    def queue(self, device: Device, priority: int = 0) -> Queue:
        """The one of the runtime."""
        return _RuntimeQueue(device, self.runtime(device))

    def current_queue(self, device: Device) -> Queue:
        """The one of the runtime."""
        return _RuntimeQueue(device, self.runtime(device))

    def default_queue(self, device: Device) -> Queue:
        """The one of the runtime."""
        return _RuntimeQueue(device, self.runtime(device))

    def properties(self, device: Device) -> Mapping[str, Any]:
        """From the device's facts."""
        facts = self.runtime(device).facts
        return {
            "name": facts.name,
            "total_memory": facts.memory,
            "multi_processor_count": facts.units,
            "shared_memory_per_block": facts.local_memory,
            "max_threads_per_block": facts.group,
            "is_integrated": facts.unified,
            "driver": facts.driver,
        }

    def describe(self, device: Device) -> str:
        """The device's name and driver."""
        facts = self.runtime(device).facts
        return f"{facts.name}, {facts.driver}"

    def claims(self, device: Device) -> frozenset[str]:
        """What the device's facts allow. No kernel's result depends on the order in which work-items run."""
        facts = self.runtime(device).facts
        badges = {*super().claims(device), "deterministic"}
        if not facts.fp64:
            badges.discard("fp64")
        if facts.ieee:
            badges.add("ieee")
        return frozenset(badges)

    def subnormals(self, device: Device) -> Literal["preserve", "flush"]:
        """As the device's facts say."""
        return self.runtime(device).facts.subnormals
