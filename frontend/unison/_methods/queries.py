"""What a tensor tells about itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from unison import _layouts
from unison.functions import numeric
from unison_core import devices
from unison_core.dtypes import DType
from unison_core.errors import OperatorError
from unison_core.handle import wrap
from unison_core.plugins.loading import loaded
from unison_core.spec import numel

if TYPE_CHECKING:
    from unison_core.devices import Device

__all__ = ["Queries"]


class Queries:
    """Facts of dtype, size, device and memory; no method computes on the elements but the comparisons of tensors."""

    __slots__ = ()

    array: Any
    device: Device
    node: Any
    tracked: bool
    dtype: DType
    shape: Any
    to: Any

    allclose = numeric.allclose
    equal = numeric.equal
    is_complex = numeric.is_complex
    is_floating_point = numeric.is_floating_point
    is_nonzero = numeric.is_nonzero
    is_same_size = numeric.is_same_size
    is_signed = numeric.is_signed
    is_conj = numeric.is_conj
    is_neg = numeric.is_neg
    is_inference = numeric.is_inference
    isclose = numeric.isclose

    is_sparse = False
    is_sparse_csr = False
    is_quantized = False
    is_nested = False
    is_mkldnn = False

    @property
    def layout(self) -> Any:
        """How its elements are stored: always `unison.strided`."""
        return _layouts.strided

    @property
    def is_cpu(self) -> bool:
        """Whether the host's backend holds it."""
        return self.device.type == "cpu"

    @property
    def is_cuda(self) -> bool:
        """Whether a backend named cuda holds it."""
        return self.device.type == "cuda"

    @property
    def is_meta(self) -> bool:
        """Whether it has a shape and a dtype, but no elements."""
        return self.device.type == "meta"

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all its elements."""
        return numel(self.array.shape) * self.dtype.itemsize

    @property
    def retains_grad(self) -> bool:
        """Whether this non-leaf keeps its gradient."""
        hooks = getattr(self.node, "hooks", None)
        return hooks is not None and any(ref() is self for ref in hooks.retained)

    @property
    def output_nr(self) -> int:
        """Which of its node's results it is."""
        return int(getattr(self.node, "index", 0))

    def nelement(self) -> int:
        """The number of elements."""
        return numel(self.array.shape)

    def ndimension(self) -> int:
        """The number of dimensions."""
        return len(self.array.shape)

    def get_device(self) -> int:
        """The index of its device; -1 on the host."""
        return -1 if self.device.is_host else self.device.index or 0

    def cuda(self, device: Any = None, non_blocking: bool = False, memory_format: Any = None) -> Any:
        """Itself on a device of that kind: the current one, or the one with that index or name.

        Raises:
            RuntimeError: there is none.
        """
        named = "cuda" if device is None else f"cuda:{device}" if isinstance(device, int) else device
        return self.to(device=named, non_blocking=non_blocking)

    def is_pinned(self, device: Any = None) -> bool:
        """Whether it lies in host memory from which copies to a device in use need no detour."""
        return self.device.is_host and any(b.is_pinned(self.array) for b in loaded())

    def pin_memory(self, device: Any = None) -> Any:
        """A copy in such memory of the device's backend, by default the accelerator's; itself where there is no such.

        Raises:
            RuntimeError: there is no accelerator, or the tensor is not on the host.
        """
        if not self.device.is_host:
            raise OperatorError(f"cannot pin a tensor on {self.device}: only dense CPU tensors can be pinned")
        from unison._kind import Kind

        where = Kind(None if device is None else devices.get(device).type)._device()
        array = where.backend.pin(self.array)
        return self if array is self.array else wrap(array, self.device)

    def record_stream(self, stream: Any) -> None:
        """Keep the memory from other use, when the tensor is gone, until stream has done what it was asked so far."""
        stream._queue.hold(self.array)
