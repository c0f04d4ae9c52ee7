"""Memory shared with other libraries: DLPack on every device that speaks it, `__cuda_array_interface__` for CUDA."""

from __future__ import annotations

from typing import Any

from unison_core import devices, ops, plugins
from unison_core.errors import OperatorError, OperatorTypeError
from unison_core.handle import wrap

__all__ = ["cuda_array_interface", "device_of", "from_dlpack", "given", "shared", "to_dlpack"]

_CUDA = 2
_TYPES = {
    1: "the host",
    _CUDA: "CUDA",
    3: "CUDA's host memory",
    4: "OpenCL",
    7: "Vulkan",
    8: "Metal",
    10: "ROCm",
    11: "ROCm's host memory",
    13: "CUDA's managed memory",
    14: "oneAPI",
}
"""The types of devices that the protocol numbers."""


def given(
    input: Any,
    *,
    stream: int | None = None,
    max_version: tuple[int, int] | None = None,
    dl_device: tuple[int, int] | None = None,
    copy: bool | None = None,
) -> Any:
    """A DLPack capsule of the tensor's memory, shared; what is asked of the device until now is done before it is used.

    stream: the consumer's, as the protocol numbers them (on CUDA 1 the default, 2 the thread's own, -1 not to wait).

    Raises:
        BufferError: the tensor requires a gradient, or DLPack does not describe its memory or its dtype.
        TypeError: stream is no number.
    """
    if input.requires_grad:
        raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
    if stream is not None and (not isinstance(stream, int) or isinstance(stream, bool)):
        raise OperatorTypeError(f"stream must be int or None, not {type(stream).__name__}")
    options = {"max_version": max_version, "dl_device": dl_device, "copy": copy}
    asked = {name: value for name, value in options.items() if value is not None}
    return input.device.backend.to_dlpack(input.array, stream=stream, **asked)


def device_of(input: Any) -> tuple[int, int]:
    """(device type, index) in DLPack's numbering.

    Raises:
        BufferError: DLPack has no number for the device.
    """
    return input.device.backend.dlpack_device(input.array)


def to_dlpack(tensor: Any) -> Any:
    """A DLPack capsule of the tensor's memory, shared; it can be taken once."""
    return given(tensor)


def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: bool | None = None) -> Any:
    """A tensor on the memory of another library's array, or of a DLPack capsule, shared.

    device: where the tensor is to be; elsewhere it is a copy. copy: True always copies, False never.

    Raises:
        RuntimeError: the object does not speak DLPack, its capsule has been taken already, or nobody takes arrays
            of its device; the text says why a backend that could is of no use here.
        BufferError: copy=False, but the tensor is to be elsewhere; or the memory cannot be shared.
        TypeError: tensors have no such dtype.
        ValueError: there are negative strides.
    """
    kind = _device_type(ext_tensor)
    backend = _taker(kind)
    out = _wrapped(backend, backend.from_dlpack(ext_tensor))
    target = out.device if device is None else devices.canonical(device)
    if target is not out.device:
        if copy is False:
            raise BufferError(
                f"from_dlpack: from {out.device} to {target} is a copy, and copy=False forbids one"
            )
        return out.to(target)
    return ops.copy(out) if copy else out


def _device_type(source: Any) -> int:
    if hasattr(source, "__dlpack__") and hasattr(source, "__dlpack_device__"):
        return int(source.__dlpack_device__()[0])
    from unison.functions import _capsules

    kind = _capsules.device_type(source)
    if kind is None:
        raise OperatorError(
            f"from_dlpack takes an object with __dlpack__ and __dlpack_device__, or a capsule that nobody has taken "
            f"yet (it can be taken once), but got {source!r:.80}"
        )
    return kind


def _taker(kind: int) -> Any:
    record = plugins.taking(kind)
    if record is None:
        raise OperatorError(
            f"no backend here takes memory of {_TYPES.get(kind, 'a device')} (DLPack's device type {kind}): copy the "
            "array to the host first"
        )
    return plugins.load(record.name)


def _wrapped(backend: Any, array: Any) -> Any:
    """The array as a tensor of its own device."""
    host = devices.host()
    if backend is host.backend:
        from unison.functions.conversion import from_numpy

        return from_numpy(array)
    if array.dtype not in backend._dtype_of:
        names = ", ".join(d.name for d in backend.native_dtypes())
        raise OperatorTypeError(f"tensors of {backend.name} have no dtype {array.dtype}; they have {names}")
    if any(step < 0 for step in backend.strides(array)):
        raise ValueError("tensors have no negative strides: copy the array first")
    index = backend.dlpack_device(array)[1] if backend.indexed else None
    return wrap(array, devices.canonical(devices.get(backend.name, index)))


def cuda_array_interface(input: Any) -> dict[str, Any]:
    """What libraries for CUDA ask of arrays to share their memory (version 3, with the stream to wait for).

    Raises:
        AttributeError: the tensor is not on a CUDA device, so that `hasattr` says False.
        RuntimeError: it requires a gradient.
    """
    backend = input.device.backend
    found = backend.cuda_array_interface(input.array)
    if found is None:
        raise AttributeError(
            f"Can't get __cuda_array_interface__ on non-CUDA tensor type: this is on {input.device}; .cuda() copies",
            name="__cuda_array_interface__",
        )
    if input.requires_grad:
        raise OperatorError(
            "Can't get __cuda_array_interface__ on Variable that requires grad: use .detach() if its gradient is not "
            "wanted"
        )
    return dict(found)


def shared(source: Any) -> Any:
    """A tensor on the memory that another library's array offers; None if it offers none.

    DLPack is preferred: it knows bfloat16, and which device it is.

    Raises:
        RuntimeError, BufferError, TypeError, ValueError: as `from_dlpack`.
    """
    if hasattr(source, "__dlpack__") and hasattr(source, "__dlpack_device__"):
        return from_dlpack(source)
    if not hasattr(source, "__cuda_array_interface__"):
        return None
    backend = _taker(_CUDA)
    return _wrapped(backend, backend.from_cuda_array_interface(source))
