"""What a DLPack capsule says of its device: C structures of the protocol, read where they lie."""

from __future__ import annotations

import ctypes
from typing import Any

__all__ = ["device_type"]


class _Tensor(ctypes.Structure):
    """The beginning of DLTensor."""

    _fields_ = [("data", ctypes.c_void_p), ("kind", ctypes.c_int32), ("index", ctypes.c_int32)]


class _Versioned(ctypes.Structure):
    """The beginning of DLManagedTensorVersioned, since DLPack 1.0; DLManagedTensor begins with its DLTensor."""

    _fields_ = [
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("context", ctypes.c_void_p),
        ("deleter", ctypes.c_void_p),
        ("flags", ctypes.c_uint64),
        ("tensor", _Tensor),
    ]


_is_valid = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.c_char_p)(
    ("PyCapsule_IsValid", ctypes.pythonapi)
)
_pointer = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
    ("PyCapsule_GetPointer", ctypes.pythonapi)
)


def device_type(capsule: Any) -> int | None:
    """The type of device in DLPack's numbering; None if it is no capsule of DLPack, or has been taken already."""
    for name, place in ((b"dltensor", 0), (b"dltensor_versioned", _Versioned.tensor.offset)):
        if _is_valid(capsule, name):
            return int(_Tensor.from_address(_pointer(capsule, name) + place).kind)
    return None
