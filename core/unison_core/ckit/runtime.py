"""What a device must be able to do for the C kit: about ten methods over opaque buffers."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from unison_core.errors import NotSupportedError
from unison_core.queues import Mark

if TYPE_CHECKING:
    from unison_core.ckit.array import CArray
    from unison_core.ckit.product import Product

__all__ = ["DeviceFacts", "Runtime"]


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """What kernels and launches depend on; asked of the driver, never assumed.

    name, driver: for people and for the key of caches. fp64, fp16: arithmetic in these types. ieee: float32 division
    and square root are correctly rounded. subnormals: what happens to those of float32. atomics64: atomic operations
    on 64-bit integers. local_memory: bytes a work-group may share. group: the largest work-group. units: compute
    units. cpu: the device is a processor, whose work-items run one after the other. unified: the device's memory is
    the host's. memory: bytes in all. allocation: the largest single buffer in bytes.
    """

    name: str
    driver: str
    fp64: bool
    fp16: bool = False
    ieee: bool = True
    subnormals: Literal["preserve", "flush"] = "preserve"
    atomics64: bool = True
    local_memory: int = 32768
    group: int = 256
    units: int = 1
    cpu: bool = False
    unified: bool = False
    memory: int = 0
    allocation: int = 0


class Runtime(ABC):
    """One device. Sizes and positions are in bytes; everything is done in the order in which it was asked for.

    `lock` guards what several threads must not do at once (a kernel's arguments are set, then it is launched);
    `programs` is where the kit keeps what it compiled.
    """

    dialect: ClassVar[str]
    """Which header maps the macros of kernel sources: `opencl`, `cuda` or `c`."""

    facts: DeviceFacts

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.programs: dict[Any, Any] = {}

    @abstractmethod
    def allocate(self, size: int) -> Any:
        """A buffer of at least `size` bytes, whose memory returns when nobody holds it.

        Raises:
            OutOfMemoryError: the device has not that much.
        """

    @abstractmethod
    def copy_in(self, buffer: Any, position: int, data: Any) -> None:
        """Copy a contiguous host object (buffer protocol) into the buffer; the host may change it afterwards."""

    @abstractmethod
    def copy_out(self, buffer: Any, position: int, data: Any) -> None:
        """Fill a contiguous, writable host object from the buffer, when all work before is done."""

    @abstractmethod
    def copy_within(self, target: Any, to: int, source: Any, at: int, size: int) -> None:
        """Copy between two buffers of the device; the ranges do not overlap."""

    @abstractmethod
    def compile(self, source: str, entry: str, label: str) -> Any:
        """The kernel `entry` of a program; `label` names the operator that wants it.

        Raises:
            KernelError: the compiler refused; the text shows the source with line numbers.
        """

    @abstractmethod
    def launch(self, kernel: Any, groups: int, group: int, buffers: Sequence[Any], params: bytes) -> None:
        """Start `groups` groups of `group` work-items each on buffers and one struct of parameters."""

    @abstractmethod
    def synchronize(self) -> None:
        """Wait until all work is done.

        Raises:
            KernelError: something asked of the device failed.
        """

    def product(
        self, how: Product, a: CArray, b: CArray, out: CArray, start: Callable[[], object] | None
    ) -> bool:
        """Do a product of matrices by a library of the device's maker; `start` writes into out what it is added to.

        False, and nothing done, where there is no library or it cannot: then the kit's own kernel serves.
        """
        return False

    def mark(self) -> Mark:
        """A mark behind everything asked for so far; a device whose driver has events need not wait for it."""
        self.synchronize()
        return Mark()

    def done(self) -> bool:
        """Whether nothing is left to do, without waiting where the driver can tell."""
        return self.mark().reached()

    def memory(self) -> dict[str, int]:
        """As `Backend.memory`."""
        return {}

    def reset_peak_memory(self) -> None:  # noqa: B027 - where nobody counts
        """As `Backend.reset_peak_memory`."""

    def release_memory(self) -> None:  # noqa: B027 - where nothing is held
        """As `Backend.release_memory`."""

    def limit_memory(self, size: int) -> None:
        """As `Backend.limit_memory`."""
        raise NotSupportedError(f"the driver of {self.facts.name} cannot limit its memory")
