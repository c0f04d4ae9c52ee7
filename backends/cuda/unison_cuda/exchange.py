"""Memory shared with other libraries for CUDA: DLPack and `__cuda_array_interface__`, through CuPy's own.

CuPy's protocols mind streams: who takes memory waits for what the giver's current stream was asked to do. That stream
is asked of the current device, so each call is made on the array's own.
"""

from __future__ import annotations

from typing import Any

import cupy

__all__ = ["described", "give", "take", "take_described"]


def give(array: Any, stream: int | None, options: dict[str, Any]) -> Any:
    """A capsule of the array's memory; CuPy copies to the host, where that is asked for, and nowhere else.

    Raises:
        BufferError: another device is asked for.
    """
    if options.get("dl_device") is not None:
        kind, index = options["dl_device"]
        options["dl_device"] = (int(kind), int(index))
    with cupy.cuda.Device(array.device.id):
        if options.get("copy") and options.get("dl_device") in {None, array.__dlpack_device__()}:
            array, options["copy"] = array.copy(), None
        return array.__dlpack__(stream=stream, **options)


def take(source: Any) -> Any:
    """An array on the memory of an object with `__dlpack__`, or of a capsule.

    CuPy does not look at the mark by which a capsule says that its memory is for reading only.
    """
    return _held(cupy.from_dlpack(source))


def described(array: Any) -> dict[str, Any]:
    """`__cuda_array_interface__`: with the stream that is to be waited for, as its third version wants."""
    with cupy.cuda.Device(array.device.id):
        return dict(array.__cuda_array_interface__)


def take_described(source: Any) -> Any:
    """An array on the memory that `__cuda_array_interface__` describes, or a copy if that is for reading only.

    Raises:
        ValueError: there are negative strides, which CuPy would take.
    """
    said = source.__cuda_array_interface__
    if any(step < 0 for step in said.get("strides") or ()):
        raise ValueError("tensors have no negative strides: copy the array first")
    found = cupy.asarray(source)
    return found.copy() if said["data"][1] else _held(found)


def _held(array: Any) -> Any:
    """The same memory under an owner whose size is the reach of the elements.

    CuPy gives what it took through DLPack a size that has nothing to do with it; the C kit looks for overlaps by size.
    """
    if not array.size or any(step < 0 for step in array.strides):
        return array
    steps = zip(array.shape, array.strides, strict=True)
    size = sum((n - 1) * step for n, step in steps) + array.dtype.itemsize
    memory = cupy.cuda.UnownedMemory(array.data.ptr, size, array, array.device.id)
    return cupy.ndarray(array.shape, array.dtype, cupy.cuda.MemoryPointer(memory, 0), array.strides)
