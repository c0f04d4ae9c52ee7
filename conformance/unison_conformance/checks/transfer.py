"""Transfers: between the host and devices, and between devices, bit for bit and never silently."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

import unison
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
from unison_conformance.checks.check import CheckFailed, check
from unison_core import devices, dtypes, ops

__all__ = ["independent", "mixing", "numpy_on_the_host", "pairs", "views"]


def _devices(device: str) -> list[str]:
    """The host and every device of the backend."""
    here = find(device)
    if not here.backend.indexed:
        return sorted({"cpu", str(here)})
    return ["cpu", *(f"{here.type}:{i}" for i in range(here.backend.device_count()))]


@check(level=0, each=DTYPE_NAMES)
def pairs(device: str, name: str) -> None:
    """Each pair of devices, both ways: the dtype and every bit are kept."""
    dtype = require_dtype(device, name)
    host = patterns(dtype)[:240].reshape(3, 80)
    for source, target in product(_devices(device), repeat=2):
        if dtype not in dtypes_of(source) or dtype not in dtypes_of(target):
            continue
        x = send(host, source)
        y = ops.to_device(x, device=target)
        what = f"{name} from {source} to {target}"
        expect(y.device is find(target), f"{what} ended on {y.device}")
        expect(y.dtype is dtype, f"{what} became {y.dtype.name}")
        same_bits(fetch(y), host, what)
        same_bits(fetch(x), host, f"the source of {what}")


@check(level=0)
def views(device: str) -> None:
    """Of a view its elements are transferred, in order; strides do not matter."""
    host = numbers((4, 5, 6), dtypes.int32)
    cuts: dict[str, Any] = {
        "transposed": lambda x: x.transpose(0, 2) if not isinstance(x, np.ndarray) else x.swapaxes(0, 2),
        "stepped": lambda x: x[1:, ::2, 1::3],
        "a column": lambda x: x[:, 2, 3],
        "a number": lambda x: x[3, 4, 5],
        "expanded": lambda x: (
            x[:, :1].expand(4, 5, 6)
            if not isinstance(x, np.ndarray)
            else np.broadcast_to(x[:, :1], (4, 5, 6))
        ),
        "empty": lambda x: x[2:2],
    }
    for source, target in product(_devices(device), repeat=2):
        x = send(host, source)
        for name, cut in cuts.items():
            wanted = np.array(cut(host), order="C")
            same_bits(fetch(cut(x).to(target)), wanted, f"{name} view from {source} to {target}")


@check(level=0)
def independent(device: str) -> None:
    """What arrived on another device does not follow its source, nor the source what arrived."""
    host = numbers((7, 3), dtypes.float32)
    for source, target in product(_devices(device), repeat=2):
        if source == target:
            continue
        x = send(host, source)
        y = x.to(target)
        x.zero_()
        same_bits(fetch(y), host, f"float32 on {target} after its source on {source} was overwritten")
        x = y.to(source)
        y.fill_(5)
        same_bits(fetch(x), host, f"float32 back on {source} after the tensor on {target} was overwritten")
        same_bits(fetch(y.detach()), np.full((7, 3), 5, np.float32), f"float32 on {target} after fill_")


@check(level=0)
def numpy_on_the_host(device: str) -> None:
    """`.numpy()` shows host memory, elsewhere it is a TypeError; `.cpu()`, `.tolist()` and `.item()` work."""
    host = numbers((2, 3), dtypes.float32)
    x = send(host, device)
    if not find(device).is_host:
        try:
            x.numpy()
        except TypeError as error:
            expect("numpy" in str(error), f".numpy() on {device} raised {error!r}; the text must say why")
        else:
            raise CheckFailed(f".numpy() of a tensor on {device} was not refused; it must raise TypeError")
    same_bits(x.cpu().numpy(), host, f".cpu().numpy() of a tensor on {device}")
    expect(x.tolist() == host.tolist(), f".tolist() on {device} gave {x.tolist()}, must be {host.tolist()}")
    got = x[1, 2].item()
    expect(got == host[1, 2].item(), f".item() on {device} gave {got}, must be {host[1, 2]}")


@check(level=0)
def mixing(device: str) -> None:
    """Tensors of two devices in one call are an error that names both; a number on the host may join."""
    if find(device).is_host:
        return
    x, y = send(numbers((3,), dtypes.float32), device), send(numbers((3,), dtypes.float32), "cpu")
    for name, call in {
        "x + y": lambda: x + y,
        "matmul": lambda: unison.matmul(x, y),
        "where": lambda: unison.where(x > 0, x, y),
        "cat": lambda: unison.cat([x, y]),
        "add_": lambda: x.add_(y),
    }.items():
        try:
            call()
        except RuntimeError as error:
            text = str(error)
            expect(
                str(devices.canonical(device)) in text and "cpu" in text,
                f"{name} of tensors on {device} and cpu raised {text!r}; the text must name both devices",
            )
        else:
            raise CheckFailed(
                f"{name} of tensors on {device} and cpu was not refused; it must raise RuntimeError"
            )
    joined = x + unison.tensor(2.0)
    expect(joined.device is x.device, f"x + 0-d host tensor is on {joined.device}, must be on {device}")
    same_bits(fetch(joined), fetch(x) + np.float32(2), f"x + 0-d host tensor on {device}")
