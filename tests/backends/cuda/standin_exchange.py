"""The stand-in's DLPack and `__cuda_array_interface__`: NumPy's capsules with CUDA written into them.

As CuPy does: a stream that the protocol does not know is refused, the current device's stream is waited for, capsules
say CUDA, host memory is not taken, and memory taken through DLPack has a size that says little (the sum of the
lengths instead of their product).
"""

from __future__ import annotations

import ctypes
from typing import Any

import ml_dtypes
import numpy as np

from tests.backends.cuda import standin, standin_streams

__all__ = ["UnownedMemory", "add", "kind_in"]

HOST, CUDA, MANAGED = 1, 2, 13
INT, BFLOAT = 0, 4
LEGACY = 1


class UnownedMemory(standin.BaseMemory):
    """Memory that somebody else frees."""

    def __init__(self, ptr: int, size: int, owner: object, device_id: int = -1) -> None:
        if device_id < 0 and not ptr:
            raise RuntimeError("UnownedMemory requires explicit device ID for a null pointer.")
        self.ptr, self.size, self._owner, self.device_id = ptr, size, owner, max(device_id, 0)


class _DLPackMemory(standin.BaseMemory):
    """What a capsule held."""

    def __init__(self, array: Any) -> None:
        self._owner, self.ptr, self.device_id = array, array.ctypes.data, 0
        self.size = array.itemsize * sum(array.shape)


class _DLTensor(ctypes.Structure):
    """The beginning of the protocol's structure."""

    _fields_ = [
        *(("data", ctypes.c_void_p), ("kind", ctypes.c_int32), ("index", ctypes.c_int32)),
        *(("ndim", ctypes.c_int32), ("code", ctypes.c_uint8), ("bits", ctypes.c_uint8)),
    ]


def _look(capsule: Any) -> _DLTensor:
    """What a capsule says, to be changed; the newer kind has four words of its own first."""
    name = b"dltensor_versioned" if "versioned" in repr(capsule) else b"dltensor"
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return _DLTensor.from_address(pointer(capsule, name) + (32 if b"_" in name else 0))


def kind_in(capsule: Any) -> int:
    """The device type in a capsule."""
    return _look(capsule).kind


def _give(
    self: Any, *, stream: Any = None, max_version: Any = None, dl_device: Any = None, copy: Any = None
) -> Any:
    if not isinstance(max_version, (tuple, type(None))):
        raise TypeError(
            f"Argument 'max_version' has incorrect type (expected tuple, got {type(max_version)})"
        )
    if dl_device is not None and dl_device not in {(CUDA, 0), (HOST, 0)}:
        raise BufferError("unsupported device requested.")
    to_host = dl_device == (HOST, 0)
    if copy is True and not to_host:
        raise BufferError("copy=True only supported for copy to CPU.")
    if copy is False and to_host:
        raise ValueError("GPU memory cannot be exported to CPU without copy.")
    if not to_host:
        _wait(LEGACY if stream is None else stream)
    a = self._a.copy() if to_host else self._a
    if a.dtype.kind == "V":
        # CuPy gives and takes bfloat16, NumPy does not.
        a = a.view(np.int16)
    capsule = np.asarray(_Writable(a, self)).__dlpack__(max_version=max_version)
    said = _look(capsule)
    said.kind = HOST if to_host else CUDA
    said.code = BFLOAT if self._a.dtype.kind == "V" else said.code
    return capsule


def _wait(stream: int) -> None:
    if stream < -1 or stream == 0:
        raise ValueError(
            f"On CUDA, the valid stream for the DLPack protocol is -1, 1, 2, or any larger value, not {stream}"
        )
    current = standin.get_current_stream()
    if stream >= 0 and stream != (current.ptr or LEGACY):
        event = current.record()
        standin_streams.work.append((stream, f"wait {event.ptr}"))


class _Given:
    def __init__(self, capsule: Any) -> None:
        self.capsule = capsule

    def __dlpack__(self, **_: Any) -> Any:
        return self.capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return HOST, 0


def _from_dlpack(array: Any, *, device: Any = None, copy: Any = None) -> Any:
    if not hasattr(array, "__dlpack_device__"):
        capsule = array
    else:
        if array.__dlpack_device__()[0] == HOST:
            raise TypeError("CPU arrays cannot be directly imported to CuPy.")
        current = standin.get_current_stream().ptr or LEGACY
        capsule = array.__dlpack__(stream=current, max_version=(1, 0), copy=copy)
    said = _look(capsule)
    if said.kind not in {CUDA, MANAGED}:
        raise RuntimeError(
            "CuPy is built against CUDA, different from the backend that backs the incoming tensor"
        )
    narrow = said.code == BFLOAT
    said.kind, said.code = HOST, INT if narrow else said.code
    a = np.from_dlpack(_Given(capsule))
    out = standin.ndarray.__new__(standin.ndarray)
    view = np.asarray(_Writable(a))
    out._a, out._mem = view.view(ml_dtypes.bfloat16) if narrow else view, _DLPackMemory(a)
    return out


class _Writable:
    """The memory of an array, which may be written, and whoever keeps it."""

    def __init__(self, array: Any, owner: Any = None) -> None:
        self.array, self.owner = array, owner
        shown = array.__array_interface__
        self.__array_interface__ = {**shown, "data": (shown["data"][0], False)}


def _described(self: Any) -> dict[str, Any]:
    a = self._a
    return {
        "shape": a.shape,
        "typestr": a.dtype.str,
        "descr": a.dtype.descr,
        "stream": standin.get_current_stream().ptr or LEGACY,
        "version": 3,
        "strides": None if a.flags.c_contiguous else a.strides,
        "data": (self.data.ptr if a.size else 0, False),
    }


def _asarray(x: Any, dtype: Any = None) -> Any:
    if isinstance(x, standin.ndarray):
        return x
    shown = getattr(x, "__cuda_array_interface__", None)
    if shown is None:
        return standin._array(x, dtype)
    if shown.get("stream") is not None:
        standin_streams.work.append((shown["stream"], "synchronize"))
    kind, shape, strides = np.dtype(shown["typestr"]), shown["shape"], shown.get("strides")
    reach = (
        [abs(n * s) for n, s in zip(shape, strides, strict=True)]
        if strides
        else [kind.itemsize * int(np.prod(shape))]
    )
    memory = UnownedMemory(shown["data"][0], max([0, *reach]), x, 0)
    return standin.ndarray(shape, kind, standin.MemoryPointer(memory, 0), strides)


def add(cupy: Any) -> None:
    """Give the stand-in what CuPy has of it."""
    standin.ndarray.__dlpack__ = _give  # type: ignore[attr-defined]
    standin.ndarray.__dlpack_device__ = lambda self: (CUDA, self._mem.device_id)  # type: ignore[attr-defined]
    standin.ndarray.__cuda_array_interface__ = property(_described)  # type: ignore[attr-defined]
    cupy.from_dlpack, cupy.asarray = _from_dlpack, _asarray
    cupy.cuda.UnownedMemory = UnownedMemory
