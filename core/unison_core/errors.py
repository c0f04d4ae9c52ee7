"""Exceptions of the framework and the wording that operators share.

Classes derive from the ones PyTorch raises in the same place, so that programs may catch either.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

__all__ = [
    "BackendError",
    "DeviceError",
    "KernelError",
    "LinAlgError",
    "NotSupportedError",
    "OperatorError",
    "OutOfMemoryError",
    "RegistrationError",
    "UnisonError",
    "ViewError",
    "describe",
    "dtype_names",
]


class UnisonError(Exception):
    """Marks errors whose text is final: the dispatcher passes them on as they are."""


class OperatorError(UnisonError, RuntimeError):
    """An operator was given inputs that its rules refuse."""


class OperatorTypeError(UnisonError, TypeError):
    """An operator was given something that is not a tensor or a number."""


class OperatorIndexError(UnisonError, IndexError):
    """A dimension or an index is out of range."""


class OperatorValueError(UnisonError, ValueError):
    """An attribute has a value that the operator does not know."""


class ViewError(UnisonError, RuntimeError):
    """The requested shape cannot be had without a copy."""


class NotSupportedError(UnisonError, NotImplementedError):
    """The operator does not take the dtype, or the device has no kernel and no body for it, and may not fall back."""


class KernelError(UnisonError, RuntimeError):
    """A kernel failed on inputs that the operator's rules accept."""


class LinAlgError(UnisonError, RuntimeError):
    """A decomposition does not exist or did not converge."""


class DeviceError(UnisonError, RuntimeError):
    """No such device, or tensors on devices that do not match."""


class OutOfMemoryError(UnisonError, RuntimeError):
    """The device has not enough memory."""


class RegistrationError(UnisonError, ValueError):
    """An operator or kernel was declared against the rules."""


class BackendError(UnisonError, RuntimeError):
    """A backend could not be loaded."""


def describe(inputs: Iterable[Any], attrs: dict[str, Any] | None = None) -> str:
    """`float32[2, 3] on cpu, int64[3] on cpu, dim=1`: how every error names what it was given."""
    parts = [_describe_one(x) for x in inputs]
    parts += [f"{name}={value!r}" for name, value in (attrs or {}).items()]
    return ", ".join(parts)


def _describe_one(x: Any) -> str:
    if x is None:
        return "None"
    shape, dtype = getattr(x, "shape", None), getattr(x, "dtype", None)
    if shape is None or dtype is None:
        return f"{type(x).__name__} {x!r}"
    device = getattr(x, "device", None)
    where = f" on {device}" if device is not None else ""
    return f"{getattr(dtype, 'name', dtype)}{list(shape)}{where}"


def dtype_names(dtypes: Iterable[Any]) -> str:
    """The names of the types, widest category last, for error texts."""
    ordered: Sequence[Any] = sorted(dtypes, key=lambda d: (d.category, d.bits, d.name))
    return ", ".join(d.name for d in ordered)
