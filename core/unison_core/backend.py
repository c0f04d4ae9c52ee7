"""The backend contract: what a package must supply so that Unison runs on its device.

A backend is one subclass of `Backend` with a table of kernels. Kernels take the backend's arrays positionally
and attributes by keyword, are named like the operators, and know nothing of gradients or devices' names. A device
handle is passed only where arrays cannot tell it: creation kernels and copies from the host.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from unison_core.dispatch import promotion
from unison_core.dtypes import DType, bfloat16, complex64, float16, float64
from unison_core.errors import NotSupportedError, RegistrationError
from unison_core.queues import Queue
from unison_core.sharing import Sharing

if TYPE_CHECKING:
    from unison_core.devices import Device
    from unison_core.operator import Operator
    from unison_core.precision import Precision

__all__ = ["BADGES", "CONTRACT", "Backend", "Kernel", "merge_kernels"]

CONTRACT = 1
"""The version of this contract; a manifest names the one it was written for."""

BADGES = frozenset(
    {"fp64", "fp16", "bf16", "complex", "strided", "async", "dlpack", "deterministic", "bitexact"}
    | {"tightsum", "ieee", "graph", "distributed", "arrayapi"}
)
"""What a backend may claim beyond a level of conformance; a badge that is claimed and failed fails the level."""

_BADGE_OF = {float64: "fp64", float16: "fp16", bfloat16: "bf16", complex64: "complex"}

Kernel = Callable[..., Any]


def merge_kernels(
    *tables: Mapping[str, Kernel], override: Mapping[str, Kernel] | None = None
) -> dict[str, Kernel]:
    """One table of several; a name may appear twice only through `override`.

    Raises:
        ValueError: two tables define the same kernel.
    """
    merged: dict[str, Kernel] = {}
    for table in tables:
        for name, kernel in table.items():
            if name in merged:
                raise RegistrationError(f"kernel {name!r} is given twice: {merged[name]!r} and {kernel!r}")
            merged[name] = kernel
    merged.update(override or {})
    return merged


class Backend(Sharing, ABC):
    """One kind of device. Subclasses set the class attributes and implement what is abstract."""

    name: ClassVar[str]
    array_class: ClassVar[type]
    indexed: ClassVar[bool] = True
    """Whether devices are counted (`opencl:0`), or there is just one (`cpu`)."""
    aliasing: ClassVar[bool] = True
    """Whether views share memory; a backend without it conforms to a lower level."""

    def __init__(self) -> None:
        self._native: dict[DType, Any] = dict(self.native_dtypes())
        self._dtype_of: dict[Any, DType] = {native: dtype for dtype, native in self._native.items()}
        promotion.learn(self._native)
        self._kernels: dict[str, Kernel] = dict(self.kernels())
        self._inplace: dict[str, Kernel] = dict(self.inplace_kernels())
        self._overlays: dict[str, list[tuple[int, str, Kernel]]] = {}
        self._chosen = threading.local()
        self._check_kernels()

    @abstractmethod
    def native_dtypes(self) -> Mapping[DType, Any]:
        """The library's dtype object for each dtype the device has: what `array.dtype` is, by identity."""

    @abstractmethod
    def kernels(self) -> Mapping[str, Kernel]:
        """Operator name -> kernel."""

    @abstractmethod
    def from_host(self, array: Any, device: Device) -> Any:
        """A new array with the elements of a host array (numpy.ndarray, any strides), which may change afterwards."""

    def from_host_later(self, array: Any, device: Device) -> Any:
        """As `from_host`, but the caller leaves the host array as it is until the device is done with it."""
        return self.from_host(array, device)

    @abstractmethod
    def to_host(self, array: Any) -> Any:
        """The elements as a host array; it may alias only on the host's own backend."""

    @abstractmethod
    def assign(self, target: Any, source: Any) -> None:
        """Write source, broadcast and cast, into target, in place. Overlapping memory is allowed."""

    @abstractmethod
    def strides(self, array: Any) -> tuple[int, ...]:
        """Steps between elements along each dimension, in elements."""

    @abstractmethod
    def offset(self, array: Any) -> int:
        """Elements between the start of the storage and the first element."""

    def between_devices(self, array: Any, device: Device) -> Any:
        """A copy on another device of this backend; by the host unless the backend knows a shorter way."""
        return self.from_host(self.to_host(array), device)

    def inplace_kernels(self) -> Mapping[str, Kernel]:
        """Kernels that take `out=` and write there; `out` may be the first input. Others go through a copy."""
        return {}

    def device_count(self) -> int:
        """How many devices there are now."""
        return 1

    def current_device(self) -> int:
        """The index that a device without an index means, in this thread."""
        return getattr(self._chosen, "index", 0)

    def use_device(self, index: int) -> None:
        """Let a device without an index mean this one, in this thread."""
        self._chosen.index = index

    def native(self, dtype: DType) -> Any:
        """The library's dtype object.

        Raises:
            NotImplementedError: the device has no such type.
        """
        try:
            return self._native[dtype]
        except KeyError:
            raise NotSupportedError(
                f"{self.name} has no {dtype.name}; it has {', '.join(d.name for d in self._native)}"
            ) from None

    def supports(self, dtype: DType) -> bool:
        """Whether the device has the dtype."""
        return dtype in self._native

    def dtype_of(self, array: Any) -> DType:
        """The dtype of an array."""
        return self._dtype_of[array.dtype]

    def scalar(self, value: Any, dtype: DType, device: Device) -> Any:
        """A 0-d array of that value."""
        from unison_core import operator

        full = self.kernel(operator.get("full"))
        if full is None:
            raise NotSupportedError(f"{self.name} has no kernel for full, which makes numbers into arrays")
        return full(shape=(), value=value, dtype=dtype, device=device)

    def adopt(self, result: Any) -> Any:
        """Make an array of what a kernel returned in its place; called only when it is not an `array_class`."""
        raise TypeError(
            f"a kernel of {self.name} returned {type(result).__name__}, not {self.array_class.__name__}"
        )

    def kernel(self, op: Operator) -> Kernel | None:
        """The kernel for `op`, or None."""
        return self._kernels.get(op.name)

    def inplace_kernel(self, op: Operator) -> Kernel | None:
        """The kernel that writes into `out=`, or None."""
        return self._inplace.get(op.name)

    def overlays(self, op: Operator) -> Sequence[tuple[int, str, Kernel]]:
        """Kernels that lie over this backend's, by falling priority: (priority, who, kernel)."""
        return self._overlays.get(op.name, ())

    def overlay(self, source: str, priority: int, kernels: Mapping[str, Kernel]) -> None:
        """Lay single kernels of `source` over this backend's; what they decline (`NotImplemented`) it still serves.

        Raises:
            ValueError: an unknown operator or wrong parameter names.
        """
        from unison_core import operator

        for name, kernel in kernels.items():
            operator.get(name).check_parameters(kernel, f"{source}'s kernel")
            self._overlays.setdefault(name, []).append((priority, source, kernel))
            self._overlays[name].sort(key=lambda entry: -entry[0])

    def is_contiguous(self, array: Any) -> bool:
        """Whether the elements lie in row-major order without gaps."""
        if 0 in array.shape:
            return True
        expected = 1
        for length, stride in zip(reversed(array.shape), reversed(self.strides(array)), strict=True):
            if length != 1 and stride != expected:
                return False
            expected *= length
        return True

    def synchronize(self, device: Device) -> None:
        """Wait until everything asked of the device is done."""

    def queue(self, device: Device, priority: int = 0) -> Queue:
        """A queue of work for the device; priority: the lower, the sooner. Here there is one, which all share."""
        return Queue(device)

    def current_queue(self, device: Device) -> Queue:
        """Where this thread's work for the device goes."""
        return Queue(device)

    def default_queue(self, device: Device) -> Queue:
        """Where work goes that nobody sends elsewhere."""
        return Queue(device)

    def use_queue(self, queue: Queue) -> None:
        """Send what this thread asks of the queue's device there from now on."""

    def memory(self, device: Device) -> Mapping[str, int]:
        """Bytes, by name; empty if the library does not say.

        `used` by tensors and `peak`, the most of it so far; `held` besides by the library for later and `peak_held`,
        the most of both together; `total` of the device, `free` of all programs; `limit`, where one is set.
        """
        return {}

    def reset_peak_memory(self, device: Device) -> None:
        """Begin to count `peak` and `peak_held` anew, from what they are now."""

    def release_memory(self, device: Device) -> None:
        """Give what the library holds for later back to the device."""

    def limit_memory(self, device: Device, size: int) -> None:
        """Let tensors take `size` bytes at most, as if the device had no more.

        Raises:
            NotImplementedError: the library cannot.
        """
        raise NotSupportedError(f"{self.name} cannot limit what tensors take of {device}'s memory")

    def pin(self, array: Any) -> Any:
        """A host array's copy in memory from which copies to this backend's devices need no detour, or itself."""
        return array

    def is_pinned(self, array: Any) -> bool:
        """Whether a host array lies in such memory."""
        return False

    def reaches(self, here: Device, there: Device) -> bool:
        """Whether the first device reads the second one's memory without a detour."""
        return here is there

    def properties(self, device: Device) -> Mapping[str, Any]:
        """Facts of the hardware under the names of torch's device properties: at least `name` and `total_memory`."""
        return {"name": self.describe(device), "total_memory": self.memory(device).get("total", 0)}

    def allow(self, precision: Precision) -> None:
        """Multiply float32 numbers as exactly as this says, or more so; told when loaded and at every change."""

    def describe(self, device: Device) -> str:
        """A line for people: the hardware, the library, its version."""
        return self.name

    def claims(self, device: Device) -> frozenset[str]:
        """The conformance badges (of `BADGES`) that the device says it has: here what its dtypes and views imply.

        A device without the badge of a dtype (`fp64`, `fp16`, `bf16`, `complex`) refuses that dtype even if other
        devices of the backend have it.
        """
        badges = {badge for dtype, badge in _BADGE_OF.items() if dtype in self._native}
        return frozenset(badges | ({"strided"} if self.aliasing else set()))

    def subnormals(self, device: Device) -> Literal["preserve", "flush"]:
        """Whether arithmetic keeps subnormal float32 numbers, or may replace them by zeros of the same sign."""
        return "preserve"

    def _check_kernels(self) -> None:
        from unison_core import operator

        for name, kernel in [*self._kernels.items(), *self._inplace.items()]:
            operator.get(name).check_parameters(kernel, f"backend {self.name!r}'s kernel")
