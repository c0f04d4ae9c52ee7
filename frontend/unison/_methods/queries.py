"""What a tensor tells about itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from unison import _layouts
from unison.functions import numeric
from unison_core.dtypes import DType
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
        """Whether its memory is page-locked: never, backends copy through their own staging memory."""
        return False

    def pin_memory(self, device: Any = None) -> Any:
        """Itself: see `is_pinned`."""
        return self
