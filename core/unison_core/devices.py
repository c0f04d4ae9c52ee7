"""Devices: interned names such as `cpu` or `opencl:0`, and the backend behind each."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from unison_core.errors import BackendError, DeviceError

if TYPE_CHECKING:
    from unison_core.backend import Backend
    from unison_core.dtypes import DType

__all__ = ["Device", "canonical", "default", "get", "host", "loaded", "set_default", "using"]

HOST = "cpu"

_interned: dict[tuple[str, int | None], Device] = {}
_lock = threading.RLock()


class Device:
    """A backend's device: `type` is the backend's name, `index` counts its devices (None: the current one).

    Instances are interned, so identity is equality. `backend` is loaded on first use; `array_class`, `adopt`,
    `to_host`, `constants` and `dtype_of` (dtypes by the library's own) serve the call paths. `settled`: it is
    attached, and arrays are held under this name.
    """

    __slots__ = (
        "__weakref__",
        "_backend",
        "adopt",
        "array_class",
        "constants",
        "dtype_of",
        "index",
        "is_host",
        "settled",
        "to_host",
        "type",
    )

    adopt: Any
    array_class: Any
    constants: dict[Any, Any]
    dtype_of: dict[Any, DType]
    to_host: Any

    def __init__(self, kind: str, index: int | None) -> None:
        self.type = kind
        self.index = index
        self.is_host = kind == HOST
        self.settled = False
        self._backend: Backend | None = None

    @property
    def backend(self) -> Backend:
        """The backend that drives it, loaded and checked."""
        return self._backend if self._backend is not None else _attach(self)

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __repr__(self) -> str:
        index = "" if self.index is None else f", index={self.index}"
        return f"device(type={self.type!r}{index})"

    def __reduce__(self) -> tuple[Any, ...]:
        return get, (str(self),)

    def __enter__(self) -> Device:
        _stack().append(self)
        _count_blocks(1)
        return self

    def __exit__(self, *_: object) -> None:
        _stack().pop()
        _count_blocks(-1)


def get(spec: Any, index: int | None = None) -> Device:
    """The device named `"type"` or `"type:index"`; devices pass through. Nothing is loaded.

    Raises:
        RuntimeError: the text is no device name.
        TypeError: spec is neither text nor device.
    """
    if isinstance(spec, Device):
        return spec
    if isinstance(spec, int) and not isinstance(spec, bool):
        return _intern(default().type, spec)
    if not isinstance(spec, str):
        raise TypeError(f"a device is given by name, as in 'cpu' or 'opencl:0', not by {type(spec).__name__}")
    kind, colon, number = spec.partition(":")
    if not kind.isidentifier() or (colon and not number.isdecimal()):
        raise DeviceError(f"Invalid device string: {spec!r}; devices are named like 'cpu' or 'opencl:0'")
    if colon and index is not None:
        raise DeviceError(f"device {spec!r} has an index already; index={index} cannot be given as well")
    found = _intern(kind, int(number) if colon else index)
    if found._backend is None:
        from unison_core import plugins

        plugins.require(kind)
    return found


def _intern(kind: str, index: int | None) -> Device:
    key = (kind, index)
    found = _interned.get(key)
    if found is None:
        with _lock:
            found = _interned.setdefault(key, Device(kind, index))
    return found


def canonical(spec: Any) -> Device:
    """The device that holds arrays asked for on `spec`: indexed where the backend counts its devices.

    Raises:
        RuntimeError: no such backend, or it has not that many devices.
    """
    device = spec if spec.__class__ is Device else get(spec) if spec is not None else default()
    if device.settled:
        return device
    if device._backend is None:
        _attach(device)
    backend = device.backend
    if backend.indexed:
        return (
            device if device.index is not None else canonical(_intern(device.type, backend.current_device()))
        )
    return device if device.index is None else canonical(_intern(device.type, None))


def _attach(device: Device) -> Backend:
    from unison_core import plugins

    backend = plugins.load(device.type)
    count = backend.device_count()
    if device.index is not None and device.index >= count:
        raise DeviceError(
            f"there is no device {str(device)!r}: backend {device.type!r} has {count} device(s)"
        )
    if count == 0:
        raise BackendError(f"backend {device.type!r} is installed but found no device")
    with _lock:
        device.array_class = backend.array_class
        device.adopt = backend.adopt
        device.to_host = backend.to_host
        device.constants = {}
        device.dtype_of = backend._dtype_of
        device.settled = backend.indexed is (device.index is not None)
        device._backend = backend
    return backend


def host() -> Device:
    """The host-side device, which always works."""
    return canonical(HOST)


def loaded() -> list[Device]:
    """The devices in use so far."""
    return [d for d in _interned.values() if d._backend is not None]


class _Local(threading.local):
    stack: list[Device] | None = None


_local = _Local()
_default: Device | None = None
_blocks = 0
"""Blocks with a device of their own, of all threads (Note [Unusual states])."""


def _count_blocks(more: int) -> None:
    global _blocks
    with _lock:
        _blocks += more


def _stack() -> list[Device]:
    if _local.stack is None:
        _local.stack = []
    return _local.stack


def default() -> Device:
    """Where tensors are made when nothing else is said: the innermost `with device:` block's, else the default."""
    global _default
    if _blocks and _local.stack:
        return _local.stack[-1]
    if _default is None:
        _default = get(HOST)
    return _default


def set_default(spec: Any) -> None:
    """Make `spec` the device for new tensors; None means the host."""
    global _default
    _default = canonical(HOST if spec is None else spec)


@contextmanager
def using(spec: Any) -> Iterator[Device]:
    """Within the block, new tensors are made on `spec`."""
    with get(spec) as device:
        yield device
