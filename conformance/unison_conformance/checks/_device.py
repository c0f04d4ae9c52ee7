"""What checks share: the dtypes of a device, host arrays of awkward bits, and comparison bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np

import unison  # noqa: F401 - makes tensors what `wrap` returns
from unison_conformance.cases.values import host_dtype, special_values
from unison_conformance.checks.check import CheckFailed
from unison_core import devices, dtypes
from unison_core.devices import Device
from unison_core.dtypes import DType
from unison_core.errors import NotSupportedError
from unison_core.handle import wrap

__all__ = [
    "DTYPE_NAMES",
    "dtypes_of",
    "expect",
    "fetch",
    "find",
    "numbers",
    "patterns",
    "require_dtype",
    "same_bits",
    "send",
]

Array = np.ndarray[Any, Any]

DTYPE_NAMES = tuple(dtypes.BY_NAME)

_BADGE = {
    dtypes.float16: "fp16",
    dtypes.bfloat16: "bf16",
    dtypes.float64: "fp64",
    dtypes.complex64: "complex",
}


def find(device: str) -> Device:
    """The device of that name."""
    return devices.canonical(device)


def dtypes_of(device: str) -> list[DType]:
    """The dtypes that the device lists: its backend's, without those whose badge the device does not claim."""
    where = find(device)
    badges = where.backend.claims(where)
    wanted = {d: {_BADGE[d]} if d in _BADGE else set() for d in dtypes.ALL}
    wanted[dtypes.complex128] = {"complex", "fp64"}
    return [d for d in dtypes.ALL if where.backend.supports(d) and wanted[d] <= badges]


def require_dtype(device: str, name: str) -> DType:
    """The dtype of that name.

    Raises:
        NotSupportedError: the device does not list it.
    """
    dtype = dtypes.BY_NAME[name]
    if dtype not in dtypes_of(device):
        raise NotSupportedError(f"{device} does not list {name}")
    return dtype


def send(array: Any, device: str) -> Any:
    """A tensor on the device with a copy of a host array, by the backend's own `from_host`."""
    where = find(device)
    return wrap(where.backend.from_host(np.asarray(array), where), where)


def fetch(x: Any) -> Array:
    """The elements of a tensor in host memory that nobody shares."""
    return np.array(x.device.backend.to_host(x.array), order="C")


def expect(fact: Any, text: str, verdict: str = "FAIL") -> None:
    """Raise CheckFailed with that text unless the fact holds."""
    if not fact:
        raise CheckFailed(text, verdict)


def same_bits(got: Any, wanted: Any, what: str) -> None:
    """Raise CheckFailed, naming the first differing element with its bits, unless two host arrays are identical."""
    got, wanted = np.asarray(got), np.asarray(wanted)
    expect(
        got.dtype == wanted.dtype and got.shape == wanted.shape,
        f"{what}: got {got.dtype}{list(got.shape)}, must be {wanted.dtype}{list(wanted.shape)}",
    )
    if got.tobytes() == wanted.tobytes():
        return
    item = got.dtype.itemsize
    differ = (_bytes(got) != _bytes(wanted)).reshape(-1, item).any(1)
    first = int(np.argmax(differ))
    place = [int(i) for i in np.unravel_index(first, got.shape)]
    raise CheckFailed(
        f"{what}: {int(differ.sum())} of {got.size} elements differ in their bits, first at {place}: got "
        f"{_show(got, first)}, must be {_show(wanted, first)}"
    )


def _bytes(x: Array) -> Array:
    return np.frombuffer(x.tobytes(), np.uint8)


def _show(x: Array, place: int) -> str:
    value = x.ravel()[place]
    return f"{value!s} (0x{value.tobytes()[::-1].hex()})"


def patterns(dtype: DType, count: int = 4096) -> Array:
    """Bits that are hard to keep: every pattern of types of up to 16 bits, else special values and random bits."""
    native = host_dtype(dtype)
    if dtype is dtypes.bool_:
        return np.arange(count) % 3 == 0
    if native.itemsize <= 2:
        return np.arange(256**native.itemsize, dtype=np.uint16).astype(f"u{native.itemsize}").view(native)
    rng = np.random.default_rng(20_240_229)
    raw = rng.integers(0, 256, (count, native.itemsize), np.uint8).view(native).ravel()
    special = special_values(dtype)
    raw[: special.size] = special
    if dtype in dtypes.INEXACT:
        _set_payloads(raw, special.size)
    return raw


def _set_payloads(raw: Array, start: int) -> None:
    """Write quiet and signalling NaN of both signs with payloads, and subnormals, as bits."""
    part = 4 if raw.dtype in (np.dtype(np.float32), np.dtype(np.complex64)) else 8
    words = raw.view(f"u{part}")
    exponent = 0x7F800000 if part == 4 else 0x7FF0000000000000
    quiet, sign = (exponent >> 1) & ~exponent, 1 << (8 * part - 1)
    nan = [exponent | 1, exponent | quiet | 0x2BAD, exponent | sign | 5, exponent | sign | quiet | 3]
    at = start * (raw.dtype.itemsize // part)
    words[at : at + 7] = [*nan, 1, sign | 1, quiet - 1]


def numbers(shape: tuple[int, ...], dtype: DType, low: int = 1) -> Array:
    """Small whole numbers that differ between neighbours, exact in every dtype and never 0 (bools alternate)."""
    count = int(np.prod(shape))
    if dtype is dtypes.bool_:
        return (np.arange(count).reshape(shape) * 7 % 5) < 2
    return (low + np.arange(count) * 7 % 89).reshape(shape).astype(host_dtype(dtype))
