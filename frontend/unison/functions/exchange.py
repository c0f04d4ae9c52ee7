"""A tensor's elements and memory for others: dtypes, devices, NumPy, pickling; DLPack is `dlpack`'s."""

from __future__ import annotations

from typing import Any

from unison_core import devices, dtypes, ops
from unison_core.dtypes import DType
from unison_core.errors import OperatorError
from unison_core.handle import Handle

__all__ = [
    "array_of",
    "array_wrapped",
    "bfloat16",
    "bool_",
    "byte",
    "cdouble",
    "cfloat",
    "char",
    "copy_of",
    "cpu",
    "data_ptr",
    "deepcopy",
    "double",
    "element_size",
    "float_",
    "frombuffer",
    "half",
    "int_",
    "long",
    "nbytes",
    "of_array",
    "reduce",
    "share_memory_",
    "short",
    "type_",
    "type_as",
    "view_as_complex",
    "view_as_real",
    "view_dtype",
]


def _cast(x: Any, dtype: DType) -> Any:
    return x if x.dtype is dtype else ops.cast(x, dtype=dtype)


def float_(input: Any, memory_format: Any = None) -> Any:
    """In float32."""
    return _cast(input, dtypes.float32)


def double(input: Any, memory_format: Any = None) -> Any:
    """In float64."""
    return _cast(input, dtypes.float64)


def half(input: Any, memory_format: Any = None) -> Any:
    """In float16."""
    return _cast(input, dtypes.float16)


def bfloat16(input: Any, memory_format: Any = None) -> Any:
    """In bfloat16."""
    return _cast(input, dtypes.bfloat16)


def long(input: Any, memory_format: Any = None) -> Any:
    """In int64."""
    return _cast(input, dtypes.int64)


def int_(input: Any, memory_format: Any = None) -> Any:
    """In int32."""
    return _cast(input, dtypes.int32)


def short(input: Any, memory_format: Any = None) -> Any:
    """In int16."""
    return _cast(input, dtypes.int16)


def char(input: Any, memory_format: Any = None) -> Any:
    """In int8."""
    return _cast(input, dtypes.int8)


def byte(input: Any, memory_format: Any = None) -> Any:
    """In uint8."""
    return _cast(input, dtypes.uint8)


def bool_(input: Any, memory_format: Any = None) -> Any:
    """In bool."""
    return _cast(input, dtypes.bool_)


def cfloat(input: Any, memory_format: Any = None) -> Any:
    """In complex64."""
    return _cast(input, dtypes.complex64)


def cdouble(input: Any, memory_format: Any = None) -> Any:
    """In complex128."""
    return _cast(input, dtypes.complex128)


def cpu(input: Any, memory_format: Any = None) -> Any:
    """On the host."""
    return input if input.device.is_host else ops.to_device(input, device=devices.host())


def type_as(input: Any, other: Any) -> Any:
    """In other's dtype, on other's device."""
    return input.to(other)


def type_(input: Any, dtype: Any = None, non_blocking: bool = False) -> Any:
    """In the dtype given, or without one the name of its own: "torch.FloatTensor"."""
    if dtype is None:
        return f"torch.{_LEGACY[input.dtype]}"
    if isinstance(dtype, str):
        dtype = {name: d for d, name in _LEGACY.items()}[dtype.rsplit(".", 1)[-1]]
    return _cast(input, dtype)


_LEGACY = {
    dtypes.bool_: "BoolTensor",
    dtypes.uint8: "ByteTensor",
    dtypes.int8: "CharTensor",
    dtypes.int16: "ShortTensor",
    dtypes.int32: "IntTensor",
    dtypes.int64: "LongTensor",
    dtypes.float16: "HalfTensor",
    dtypes.bfloat16: "BFloat16Tensor",
    dtypes.float32: "FloatTensor",
    dtypes.float64: "DoubleTensor",
    dtypes.complex64: "ComplexFloatTensor",
    dtypes.complex128: "ComplexDoubleTensor",
}


def view_dtype(input: Any, dtype: DType) -> Any:
    """The same bytes as another dtype; the last dimension grows or shrinks with the sizes. Not differentiable.

    Raises:
        RuntimeError: the last dimension does not allow it, or the device keeps no bytes to look at.
    """
    if dtype is input.dtype:
        return ops.view(input, shape=tuple(input.array.shape))
    if not input.device.is_host:
        raise OperatorError(
            f"view(dtype) looks at host memory; the tensor is on {input.device}: use .cpu() first"
        )
    small, big = dtype.itemsize, input.dtype.itemsize
    if small != big and (not input.array.ndim or input.stride(-1) != 1):
        raise OperatorError(
            f"self.size(-1) must be contiguous and not 0-d to view {input.dtype.name} as {dtype.name} (different "
            "element sizes)"
        )
    if small > big and input.array.shape[-1] * big % small:
        raise OperatorError(
            f"self.size(-1) must be divisible by {small // big} to view {input.dtype.name} as {dtype.name} (different "
            f"element sizes), but got {input.array.shape[-1]}"
        )
    from unison_core.handle import alias

    out = alias(input)
    out.array = input.array.view(input.device.backend.native(dtype))
    return out


def view_as_real(input: Any) -> Any:
    """Complex numbers as pairs of real and imaginary part in a new last dimension, on the same memory.

    Raises:
        RuntimeError: input is not complex.
    """
    if not input.dtype.is_complex:
        raise OperatorError(f"view_as_real is only supported for complex tensors, got {input.dtype.name}")
    return ops.view_as_real(input)


def view_as_complex(input: Any) -> Any:
    """Pairs in the last dimension as complex numbers, on the same memory.

    Raises:
        RuntimeError: input is not float32 or float64 with a last dimension of 2, or its strides do not allow it.
    """
    if input.dtype not in (dtypes.float32, dtypes.float64):
        raise OperatorError(
            f"view_as_complex is only supported for floating point tensors, but got {input.dtype.name}"
        )
    if not input.array.ndim or input.array.shape[-1] != 2:
        raise OperatorError(f"Tensor must have a last dimension of size 2, got shape {list(input.shape)}")
    return ops.view_as_complex(input)


def array_of(input: Any, dtype: Any = None, copy: bool | None = None) -> Any:
    """What `numpy.asarray(tensor)` gives: the shared memory, or a copy in another dtype."""
    import numpy as np

    array = input.numpy()
    return np.array(array, dtype=dtype, copy=copy) if dtype is not None or copy else array


def of_array(value: Any) -> Any:
    """A tensor or a number as it is, a NumPy array as a tensor on the host; None for anything else."""
    if isinstance(value, (Handle, bool, int, float, complex)):
        return value
    if not hasattr(value, "__array_interface__"):
        return None
    from unison.functions.conversion import from_numpy

    return from_numpy(value)


def array_wrapped(tensor: Any, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
    """What NumPy's functions make of their results when they were given a tensor: a tensor on the host."""
    from unison.functions.conversion import from_numpy

    return from_numpy(array)


def element_size(input: Any) -> int:
    """Bytes per element."""
    return int(input.dtype.itemsize)


def nbytes(input: Any) -> int:
    """Bytes of all elements."""
    return int(input.array.size) * int(input.dtype.itemsize)


def data_ptr(input: Any) -> int:
    """The address of the first element in the memory of its device.

    Raises:
        RuntimeError: the device's library does not say.
    """
    return int(input.device.backend.address(input.array))


def share_memory_(input: Any) -> Any:
    """Move the elements to memory that other processes may map; they are freed with the tensor.

    Raises:
        RuntimeError: the tensor is not on the host.
    """
    import mmap

    import numpy as np

    if not input.device.is_host:
        raise OperatorError(f"share_memory_() moves host memory; this tensor is on {input.device}")
    shared = np.ndarray(input.array.shape, input.array.dtype, mmap.mmap(-1, max(1, nbytes(input))))
    shared[...] = input.array
    input.array = shared
    return input


def frombuffer(
    buffer: Any, *, dtype: DType, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Any:
    """A vector on the memory of a writable buffer.

    Raises:
        ValueError: the buffer is too small for what is asked.
    """
    import numpy as np

    from unison.functions.conversion import from_numpy

    raw = memoryview(buffer).cast("B")
    size = dtype.itemsize
    if len(raw) == 0 or count == 0:
        raise ValueError(f"both buffer length ({len(raw)}) and count ({count}) must not be 0")
    if not 0 <= offset < len(raw):
        raise ValueError(
            f"offset ({offset} bytes) must be non-negative and no greater than buffer length ({len(raw)} bytes) minus 1"
        )
    if count < 0 and (len(raw) - offset) % size:
        raise ValueError(
            f"buffer length ({len(raw) - offset} bytes) after offset must be a multiple of element size ({size})"
        )
    if count > 0 and offset + count * size > len(raw):
        raise ValueError(
            f"requested buffer length ({count * size} bytes) after offset ({offset} bytes) must not be "
            f"greater than actual buffer length ({len(raw)} bytes)"
        )
    native = devices.host().backend.native(dtype)
    out = from_numpy(np.frombuffer(raw, dtype=native, count=count, offset=offset))
    return out.requires_grad_() if requires_grad else out


def reduce(input: Any, protocol: int = 2) -> Any:
    """How pickle takes a tensor apart."""
    from unison.serialization import _reduce_tensor

    return _reduce_tensor(input)


def deepcopy(input: Any, memo: dict[Any, Any]) -> Any:
    """How copy.deepcopy copies a tensor: leaves only.

    Raises:
        RuntimeError: the tensor has a history.
    """
    from unison.serialization import _deepcopy_tensor

    return _deepcopy_tensor(input, memo)


def copy_of(input: Any) -> Any:
    """How copy.copy copies a tensor: the same memory."""
    from unison.serialization import _copy_tensor

    return _copy_tensor(input)
