"""Huge tensors: places beyond 2^31 elements and 2^32 bytes are reached, where memory allows to try."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import unison
from unison_conformance.checks._device import expect, fetch, find, same_bits, send
from unison_conformance.checks.check import check
from unison_core import ops
from unison_core.errors import NotSupportedError

__all__ = ["beyond_32_bits"]

_BIG = {"elements": ("uint8", 2**31 + 65), "bytes": ("float32", 2**30 + 33)}
_ROOM = 3
"""Tensors of that size that must fit into memory at once."""


def _free(device: str) -> int | None:
    """Bytes that may be used, as far as anybody says: the least of the device's and the host's."""
    where = find(device)
    told = where.backend.memory(where)
    known = [told[k] for k in ("free", "available") if k in told]
    try:
        text = Path("/proc/meminfo").read_text()
        known.append(int(text.split("MemAvailable:")[1].split()[0]) * 1024)
    except (OSError, IndexError, ValueError):
        pass
    return min(known, default=None)


@check(level=3, slow=True, each=_BIG)
def beyond_32_bits(device: str, kind: str) -> None:
    """Writing, reading, copying, adding, slicing and searching at the far end of a huge tensor."""
    dtype, count = _BIG[kind]
    native = np.dtype(dtype)
    need, free = (_ROOM + 1) * count * native.itemsize, _free(device)
    if free is None or free < need:
        raise NotSupportedError(
            f"{count} elements of {dtype} need {need / 2**30:.1f} GiB to try, and on {device} "
            f"{'nobody says how much is free' if free is None else f'{free / 2**30:.1f} GiB are free'}"
        )
    x: Any = unison.zeros(count, dtype=getattr(unison, dtype), device=device)
    tail = np.arange(1, 6).astype(native)
    x[-5:] = send(tail, device)
    what = f"{count} elements of {dtype} on {device}"
    same_bits(fetch(x[-5:]), tail, f"the end of {what} after it was written")
    same_bits(fetch(x[:5]), np.zeros(5, native), f"the start of {what} after its end was written")
    found = int(x.argmax().item())
    expect(found == count - 1, f"argmax of {what} is {found}, must be {count - 1}")
    places = np.array([count - 3, 2, count - 1, count // 2])
    same_bits(
        fetch(x.index_select(0, send(places, device))),
        np.array([3, 0, 5, 0], native),
        f"index_select at the end of {what}",
    )
    same_bits(
        fetch(ops.copy(x)[-7:]), np.array([0, 0, 1, 2, 3, 4, 5], native), f"the end of a copy of {what}"
    )
    y = x + x
    same_bits(fetch(y[-5:]), tail + tail, f"the end of x + x of {what}")
    same_bits(fetch(y[: 2**16]), np.zeros(2**16, native), f"the start of x + x of {what}")
    del y
    # Not the sum, which would need eight times the room: whole numbers are summed as int64.
    largest = float(x.amax().item())
    expect(largest == 5, f"amax of {what} is {largest}, must be 5")
