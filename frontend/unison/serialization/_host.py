"""The one place where tensors and NumPy arrays meet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unison_core import devices
from unison_core.handle import wrap

__all__ = ["bytes_of", "from_array", "itemsize_of", "numpy_dtype", "owner_of", "strided", "to_array"]

Bytes = NDArray[np.uint8]


def numpy_dtype(name: str) -> np.dtype[Any]:
    """NumPy's element type of that name; bfloat16 is the one that ml_dtypes supplies."""
    if name == "bfloat16":
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(name)


def itemsize_of(name: str) -> int:
    """Bytes per element."""
    return numpy_dtype(name).itemsize


def to_array(tensor: Any) -> NDArray[Any]:
    """The tensor as a NumPy array: its own memory where the host holds it, else a copy."""
    array: NDArray[Any] = tensor.detach().to("cpu").numpy()
    return array


def from_array(array: NDArray[Any]) -> Any:
    """A host tensor on the array's memory; what the array is a view of is the tensor's storage."""
    return wrap(array, devices.host())


def owner_of(array: NDArray[Any]) -> NDArray[Any]:
    """The array whose memory this one shows part of, if that memory is one piece; else the array."""
    owner: Any = array
    # NumPy puts objects that are no arrays between a view with odd strides and its owner.
    while hasattr(getattr(owner, "base", None), "base"):
        owner = owner.base
    whole = isinstance(owner, np.ndarray) and (owner.flags.c_contiguous or owner.flags.f_contiguous)
    return owner if whole else array


def strided(raw: Bytes, dtype: str, offset: int, size: Sequence[int], stride: Sequence[int]) -> NDArray[Any]:
    """A view of raw bytes, offset and strides counted in elements; NumPy refuses to leave the bytes."""
    kind = numpy_dtype(dtype)
    start = offset * kind.itemsize if raw.size else 0
    steps = [step * kind.itemsize for step in stride]
    return np.ndarray(tuple(size), kind, raw, start, steps)


def bytes_of(address: int, count: int) -> Bytes:
    """The host memory [address, address + count) as bytes; the caller keeps its owner alive."""
    return np.asarray(_Window(address, count)) if count else np.empty(0, np.uint8)


class _Window:
    def __init__(self, address: int, count: int) -> None:
        self.__array_interface__ = {
            "data": (address, True),
            "shape": (count,),
            "typestr": "|u1",
            "version": 3,
        }
