"""Exchange: memory shared with other libraries through DLPack, and tensors of the device in files."""

from __future__ import annotations

import gc
import io
import pickle
from typing import Any

import numpy as np

import unison
from unison_conformance.checks._device import (
    DTYPE_NAMES,
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
from unison_core import dtypes
from unison_core.errors import NotSupportedError

__all__ = ["dlpack", "dlpack_lifetime", "dlpack_numpy", "dlpack_views", "pickled", "safetensors", "saved"]

# The protocol has bfloat16, NumPy's side of it does not.
_BY_DLPACK = tuple(n for n in DTYPE_NAMES if n != "bfloat16")


@check(level=1, needs=("dlpack",), each=_BY_DLPACK)
def dlpack(device: str, name: str) -> None:
    """A tensor given and taken through DLPack is the same memory, both ways."""
    dtype = require_dtype(device, name)
    host = patterns(dtype)[:64].reshape(8, 8)
    x = send(host, device)
    y = unison.from_dlpack(x)
    what = f"{name} through DLPack on {device}"
    expect(y.dtype is dtype, f"{what} became {y.dtype.name}")
    expect(y.device is x.device, f"{what} went to {y.device}")
    same_bits(fetch(y), host, what)
    new = numbers((8, 8), dtype, 5)
    x.copy_(send(new, device))
    same_bits(fetch(y), new, f"{what}, after a write to the tensor that was given")
    y.copy_(send(host, device))
    same_bits(fetch(x), host, f"the tensor that was given, after a write to what became of {what}")


@check(level=1, needs=("dlpack", "strided"))
def dlpack_views(device: str) -> None:
    """Offsets and strides survive."""
    host = numbers((6, 7), dtypes.float32)
    x = send(host, device)
    for what, view, wanted in (
        ("a transposed view", x.t(), host.T),
        ("a stepped view", x[1:, ::3], host[1:, ::3]),
        ("a column", x[:, 4], host[:, 4]),
        ("a number", x[2, 2], host[2, 2]),
        ("an empty view", x[3:3], host[3:3]),
    ):
        taken = unison.from_dlpack(view)
        same_bits(fetch(taken), np.array(wanted, order="C"), f"{what} through DLPack on {device}")
    unison.from_dlpack(x.t()).fill_(2)
    same_bits(fetch(x), np.full((6, 7), 2, np.float32), f"the base of a view through DLPack on {device}")


@check(level=1, needs=("dlpack",))
def dlpack_lifetime(device: str) -> None:
    """What was taken stays valid when the tensor that was given is dropped."""
    host = numbers((64, 16), dtypes.float32)
    x = send(host, device)
    taken = unison.from_dlpack(x)
    del x
    gc.collect()
    junk = [send(np.full((64, 16), -n, np.float32), device) for n in range(8)]
    same_bits(fetch(taken), host, f"what was taken through DLPack on {device} after its source was dropped")
    del junk


@check(level=1, needs=("dlpack",))
def dlpack_numpy(device: str) -> None:
    """On the host, NumPy takes and gives the same memory."""
    if not find(device).is_host:
        return
    host = numbers((5, 3), dtypes.float32)
    x = send(host, device)
    taken = np.from_dlpack(x)
    x.add_(1)
    same_bits(np.array(taken), host + np.float32(1), f"NumPy's view of a tensor on {device} after add_")
    y = unison.from_dlpack(host)
    y.add_(1)
    same_bits(host, fetch(x), f"a NumPy array after add_ on the tensor that was made of it on {device}")


def _tensor(device: str, name: str) -> tuple[Any, Any]:
    host = patterns(require_dtype(device, name))[:60].reshape(5, 12)
    return send(host, device), host


def _returned(x: Any, y: Any, host: Any, how: str) -> None:
    what = f"{x.dtype.name} on {x.device} {how}"
    expect(y.dtype is x.dtype, f"{what} became {y.dtype.name}")
    expect(y.device is x.device, f"{what} went to {y.device}")
    same_bits(fetch(y), host, what)


@check(level=3, each=DTYPE_NAMES)
def pickled(device: str, name: str) -> None:
    """pickle.dumps and loads give the same tensor back, on its device."""
    x, host = _tensor(device, name)
    _returned(x, pickle.loads(pickle.dumps(x)), host, "through pickle")  # noqa: S301 - made here
    _returned(x, pickle.loads(pickle.dumps(x[1:, ::2])), host[1:, ::2].copy(), "through pickle, a view")  # noqa: S301


@check(level=3, each=DTYPE_NAMES)
def saved(device: str, name: str) -> None:
    """unison.save and load give the same tensors back, on their device or where map_location says."""
    x, host = _tensor(device, name)
    for place in (None, device, "cpu"):
        file = io.BytesIO()
        unison.save({"x": x, "view": x[1:, ::2]}, file)
        file.seek(0)
        back = unison.load(file, map_location=place)
        where = x if place != "cpu" else send(host, "cpu")
        _returned(where, back["x"], host, f"through unison.save and load(map_location={place!r})")
        _returned(where, back["view"], host[1:, ::2].copy(), "through unison.save, a view")


@check(level=3, each=[n for n in DTYPE_NAMES if n != "complex128"])
def safetensors(device: str, name: str) -> None:
    """Tensors of the device go to a safetensors file and back bit for bit."""
    try:
        from unison.serialization import safetensors as format
    except ImportError as error:
        raise NotSupportedError(f"safetensors is not installed: {error}") from None
    x, host = _tensor(device, name)
    back = format.load(format.save({"x": x, "turned": x.t().contiguous()}), device=device)
    _returned(x, back["x"], host, "through safetensors")
    _returned(x, back["turned"], np.array(host.T, order="C"), "through safetensors, a transposed tensor")
