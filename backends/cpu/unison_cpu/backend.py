"""The backend's storage, and its table of kernels: the array kit on NumPy, with overrides from `kernels`."""

from __future__ import annotations

import platform
import warnings
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from unison_core import arraykit, dtypes
from unison_core.arraykit.movement import storage
from unison_core.backend import Backend, merge_kernels
from unison_core.devices import Device
from unison_core.dtypes import DType
from unison_cpu import exchange
from unison_cpu import kernels as overrides

__all__ = ["CpuBackend"]

# NumPy reports overflow and division by zero as warnings; tensors carry inf and NaN instead, as in torch. The
# filter names our modules alone, so the user's own NumPy code keeps its warnings.
warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"unison(_\w+)?(\..*)?$")


def _bfloat16() -> dict[DType, Any]:
    """bfloat16 needs ml_dtypes; without it the backend has every other type."""
    try:
        import ml_dtypes
    except ImportError:
        return {}
    return {dtypes.bfloat16: np.dtype(ml_dtypes.bfloat16)}


class CpuBackend(Backend):
    """NumPy arrays on the host."""

    name = "cpu"
    array_class: ClassVar[type] = np.ndarray
    indexed = False

    def native_dtypes(self) -> Mapping[DType, Any]:
        """NumPy's dtype objects, and ml_dtypes' bfloat16."""
        names = {d: np.dtype(d.name) for d in dtypes.ALL if d is not dtypes.bfloat16}
        return {**names, **_bfloat16()}

    def kernels(self) -> Mapping[str, Callable[..., Any]]:
        """The array kit's kernels, replaced where NumPy has something better."""
        native = self.native_dtypes()
        return merge_kernels(arraykit.kernels(np, native), override=overrides.table(native))

    def inplace_kernels(self) -> Mapping[str, Callable[..., Any]]:
        """NumPy's ufuncs write into `out` themselves."""
        return {name: kernel for name, kernel in self._kernels.items() if isinstance(kernel, np.ufunc)}

    def adopt(self, result: Any) -> Any:
        """NumPy turns 0-d results into scalars; make arrays of them again."""
        return np.asarray(result)

    def scalar(self, value: Any, dtype: DType, device: Device) -> Any:
        """A 0-d array of that value."""
        return np.array(value, dtype=self.native(dtype))

    def from_host(self, array: Any, device: Device) -> Any:
        """A copy with the same elements, in row-major order."""
        return np.array(array, order="C")

    def to_host(self, array: Any) -> Any:
        """The array itself."""
        return array

    def assign(self, target: Any, source: Any) -> None:
        """NumPy broadcasts, casts and handles overlap."""
        if source.dtype.kind == "c" and target.dtype.kind != "c":
            source = source.real
        target[...] = source

    def strides(self, array: Any) -> tuple[int, ...]:
        """NumPy's byte strides in elements."""
        item = array.dtype.itemsize
        return tuple(s // item for s in array.strides)

    def offset(self, array: Any) -> int:
        """Distance from the owner's first element."""
        owner = storage(array)
        return int((array.ctypes.data - owner.ctypes.data) // array.dtype.itemsize) if array.size else 0

    def to_dlpack(self, array: Any, *, stream: int | None = None, **options: Any) -> Any:
        """See `unison_cpu.exchange`."""
        return exchange.give(array, stream, options)

    def from_dlpack(self, source: Any) -> Any:
        """See `unison_cpu.exchange`."""
        return exchange.take(source)

    def address(self, array: Any) -> int:
        """NumPy's."""
        return int(array.ctypes.data)

    def describe(self, device: Device) -> str:
        """Processor and NumPy version."""
        return f"{platform.processor() or platform.machine()}, NumPy {np.__version__}"

    def claims(self, device: Device) -> frozenset[str]:
        """Beside the dtypes: memory is shared through DLPack, and the same call gives the same bits."""
        return super().claims(device) | {"deterministic", "dlpack"}
