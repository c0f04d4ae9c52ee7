"""Storage: what goes to the device comes back bit for bit, and copies share nothing."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from unison_conformance.checks._device import (
    DTYPE_NAMES,
    dtypes_of,
    expect,
    fetch,
    find,
    numbers,
    patterns,
    require_dtype,
    same_bits,
    send,
)
from unison_conformance.checks.check import check
from unison_core import dtypes, ops

__all__ = [
    "copy",
    "empty_and_scalar",
    "host_mutated",
    "host_strides",
    "large",
    "read_is_a_copy",
    "read_while_host_writes",
    "round_trip",
]

_LARGE = 2**21 + 17


@check(level=0, each=DTYPE_NAMES)
def round_trip(device: str, name: str) -> None:
    """Every bit of every element arrives and returns: payloads of NaN, subnormals, signs of zeros."""
    host = patterns(require_dtype(device, name))
    same_bits(fetch(send(host, device)), host, f"{name} to {device} and back")
    odd = host[: 3 * 5 * 7].reshape(3, 5, 7)
    same_bits(fetch(send(odd, device)), odd, f"{name}[3, 5, 7] to {device} and back")


@check(level=0, each=DTYPE_NAMES)
def copy(device: str, name: str) -> None:
    """A copy on the device keeps every bit, and neither sees what is written to the other later."""
    host = patterns(require_dtype(device, name))[:512]
    x = send(host, device)
    y = ops.copy(x)
    same_bits(fetch(y), host, f"copy of {name} on {device}")
    other = send(host[::-1], device)
    x.device.backend.assign(x.array, other.array)
    same_bits(fetch(y), host, f"a copy of {name} on {device} after its source was overwritten")
    z = ops.copy(x)
    x.device.backend.assign(z.array, y.array)
    same_bits(
        fetch(x), host[::-1], f"the source of a copy of {name} on {device} after the copy was overwritten"
    )


def _views_of_host() -> dict[str, Any]:
    """Host memory in every awkward order, by name."""
    base = np.arange(2 * 6 * 8, dtype=np.int32).reshape(2, 6, 8)
    locked = base.copy()
    locked.flags.writeable = False
    bytes_ = np.zeros(4 * 24 + 1, np.uint8)
    unaligned = bytes_[1:].view(np.int32)
    unaligned[...] = np.arange(24)
    return {
        "transposed": base.transpose(2, 0, 1),
        "reversed": base[::-1, :, ::-1],
        "stepped": base[:, 1::2, ::3],
        "offset": base[1:, 2:5],
        "broadcast": np.broadcast_to(base[:, :1], base.shape),
        "column order": np.asfortranarray(base),
        "read-only": locked,
        "unaligned": unaligned,
    }


@check(level=0)
def host_strides(device: str) -> None:
    """Host arrays of any strides are taken element by element, not byte after byte."""
    for dtype in (d for d in (dtypes.int32, dtypes.uint8, dtypes.float32) if d in dtypes_of(device)):
        for name, view in _views_of_host().items():
            host = view if dtype is dtypes.int32 else view.astype(dtype.name, order="K")
            wanted = np.ascontiguousarray(host)
            same_bits(fetch(send(host, device)), wanted, f"a {name} {dtype.name} host array on {device}")


@check(level=0)
def empty_and_scalar(device: str) -> None:
    """Arrays without elements keep their shape, arrays without dimensions their element."""
    for dtype in dtypes_of(device):
        for shape in ((0,), (3, 0, 2), (1, 0), (1,), (1, 1, 1), ()):
            host = numbers(shape, dtype)
            x = send(host, device)
            expect(
                tuple(x.shape) == shape, f"{dtype.name}{list(shape)} has shape {list(x.shape)} on {device}"
            )
            same_bits(fetch(x), host, f"{dtype.name}{list(shape)} to {device} and back")
            same_bits(fetch(ops.copy(x)), host, f"copy of {dtype.name}{list(shape)} on {device}")


@check(level=0)
def large(device: str) -> None:
    """Eight megabytes and an odd rest."""
    host = np.arange(_LARGE, dtype=np.uint32).view(np.int32) * np.int32(-7)
    x = send(host, device)
    same_bits(fetch(x), host, f"int32[{_LARGE}] to {device} and back")
    same_bits(fetch(ops.copy(x)), host, f"copy of int32[{_LARGE}] on {device}")


@check(level=0)
def host_mutated(device: str) -> None:
    """The device's copy is made before `from_host` returns: the host may write to its array at once."""
    for count in (5, 1000, 200_000):
        host = np.arange(count, dtype=np.float32)
        wanted = host.copy()
        x = send(host, device)
        host[...] = -1
        same_bits(fetch(x), wanted, f"float32[{count}] on {device} after the host array was overwritten")


@check(level=0)
def read_is_a_copy(device: str) -> None:
    """What was read does not follow later writes on the device, nor writes through it reach the device.

    The host's own backend may hand out its memory.
    """
    if find(device).is_host:
        return
    x = send(np.arange(100, dtype=np.int32), device)
    first = x.device.backend.to_host(x.array)
    x.device.backend.assign(x.array, send(np.full(100, 7, np.int32), device).array)
    same_bits(first, np.arange(100, dtype=np.int32), f"what was read from {device} before it was overwritten")
    second = x.device.backend.to_host(x.array)
    if second.flags.writeable:
        second[...] = 9
    same_bits(
        fetch(x), np.full(100, 7, np.int32), f"memory of {device} after the host wrote to what it had read"
    )


@check(level=0)
def read_while_host_writes(device: str) -> None:
    """While another thread overwrites the host array that a tensor came from, reads give the old elements."""
    host = np.arange(50_000, dtype=np.float32)
    wanted = host.copy()
    x = send(host, device)
    begun, stop = threading.Event(), threading.Event()

    def overwrite() -> None:
        while not stop.is_set():
            host[...] = np.nan
            begun.set()

    thread = threading.Thread(target=overwrite)
    thread.start()
    begun.wait(60)
    try:
        for _ in range(10):
            same_bits(fetch(x), wanted, f"read from {device} while the host writes to the array it came from")
            same_bits(fetch(ops.add(x, x)), wanted + wanted, f"x + x on {device} while the host writes")
    finally:
        stop.set()
        thread.join()
