"""Lifetime of memory: no leaks, views keep their base, freed memory is reused safely, too much is refused."""

from __future__ import annotations

import gc
import random
import tracemalloc
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

import unison
from unison_conformance.checks._device import expect, fetch, find, numbers, same_bits, send
from unison_conformance.checks.check import CheckFailed, check
from unison_core import dtypes, ops
from unison_core.errors import UnisonError

__all__ = ["allocator", "base_kept", "counted", "leak", "out_of_memory", "view_kept"]

_WARM, _WINDOW = 2_000, 4_000
_TRACED_SLACK = 2**18
_RESIDENT_SLACK = 4 * 2**20
_ELEMENTS = 8_192
_TOO_MUCH = 2**60
_COUNTED = 2**21


def _calls(device: str) -> dict[str, Callable[[], Any]]:
    """What is repeated: each makes and drops one or more buffers of 32 KiB."""
    host = np.ones(_ELEMENTS, np.float32)
    x, y = send(host, device), send(host, device)
    square = x.view(64, 128)

    def view() -> Any:
        return square[3:, ::2].t()

    def failing() -> None:
        try:
            ops.add(x, square)
        except UnisonError:
            return

    return {
        "allocate": lambda: unison.empty(_ELEMENTS, device=device),
        "call": lambda: ops.add(x, y),
        "chain": lambda: (x + y) * 0.5,
        "reduce": lambda: ops.sum(square, dim=(1,), keepdim=False),
        "view": view,
        "inplace": lambda: x.mul_(1.0),
        "to_device": lambda: send(host, device),
        "to_host": lambda: fetch(x),
        "error": failing,
    }


_KINDS = ("allocate", "call", "chain", "reduce", "view", "inplace", "to_device", "to_host", "error")


def _in_use(device: str) -> tuple[int, int]:
    """Bytes that Python and its libraries account for, and those of the process and the device together."""
    where = find(device)
    where.backend.synchronize(where)
    told = where.backend.memory(where)
    used = sum(told[k] for k in ("used", "in_use", "allocated") if k in told)
    return tracemalloc.get_traced_memory()[0], used + _resident()


def _resident() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * 4096


@check(level=0, each=_KINDS)
def leak(device: str, kind: str) -> None:
    """Ten thousand calls end with the memory that two thousand took; two windows must both grow to count."""
    call = _calls(device)[kind]
    traced_before = tracemalloc.is_tracing()
    if not traced_before:
        tracemalloc.start()
    try:
        _window(call, device, _WARM)
        grown = [_window(call, device, _WINDOW)]
        if _grew(grown[0]):
            grown.append(_window(call, device, _WINDOW))
    finally:
        if not traced_before:
            tracemalloc.stop()
    expect(
        not _grew(grown[-1]),
        f"{kind} on {device} leaks: {_WINDOW} calls, twice, left {[g[0] for g in grown]} more bytes in Python and "
        f"{[g[1] for g in grown]} more bytes in the process and the device",
    )


def _window(call: Callable[[], Any], device: str, count: int) -> tuple[int, int]:
    """How much more memory is in use after so many calls."""
    gc.collect()
    before = _in_use(device)
    for _ in range(count):
        call()
    gc.collect()
    after = _in_use(device)
    return after[0] - before[0], after[1] - before[1]


def _grew(growth: tuple[int, int]) -> bool:
    return growth[0] > _TRACED_SLACK or growth[1] > _RESIDENT_SLACK


@check(level=0, needs=("strided",))
def view_kept(device: str) -> None:
    """A view stays valid when its base is dropped and the freed memory is asked for again."""
    host = numbers((64, 32), dtypes.float32)
    cuts: tuple[Callable[[Any], Any], ...] = (
        lambda x: x[3:9],
        lambda x: x.t(),
        lambda x: x[:, 5],
        lambda x: x.view(32, 64)[1],
        lambda x: x[2:, ::3].t()[1:],
        lambda x: x.detach()[0],
    )
    models: tuple[Callable[[Any], Any], ...] = (
        lambda a: a[3:9],
        lambda a: a.T,
        lambda a: a[:, 5],
        lambda a: a.reshape(32, 64)[1],
        lambda a: a[2:, ::3].T[1:],
        lambda a: a[0],
    )
    for n, (cut, model) in enumerate(zip(cuts, models, strict=True)):
        base = send(host, device)
        view = cut(base)
        del base
        gc.collect()
        junk = [send(np.full((64, 32), -k, np.float32), device) for k in range(8)]
        same_bits(
            fetch(view), np.array(model(host), order="C"), f"view number {n} on {device} after its base went"
        )
        del junk


@check(level=0, needs=("strided",))
def base_kept(device: str) -> None:
    """A base stays valid when its views are dropped, and so do inputs when results are."""
    host = numbers((64, 32), dtypes.float32)
    base = send(host, device)
    for _ in range(50):
        view = base[1:, ::2]
        del view
        total = base + base
        del total
    gc.collect()
    junk = [send(np.full((64, 32), -k, np.float32), device) for k in range(8)]
    same_bits(fetch(base), host, f"a tensor on {device} after its views were dropped")
    del junk


@check(level=0)
def allocator(device: str) -> None:
    """Buffers of many sizes are made and freed in an adverse order; the contents of those alive never change."""
    rng = random.Random(20_240_131)
    sizes = (1, 3, 7, 8, 63, 64, 65, 255, 256, 257, 1023, 1025, 4096, 65_537)
    alive: dict[int, tuple[Any, np.ndarray[Any, Any]]] = {}
    for step in range(700):
        if alive and (rng.random() < 0.45 or len(alive) > 60):
            freed = rng.choice(list(alive))
            del alive[freed]
        size = rng.choice(sizes)
        host = ((np.arange(size) * 7 + step) % 253).astype(np.uint8)
        x = send(host, device)
        alive[step] = (ops.copy(x) if step % 3 else x, host)
        key = rng.choice(list(alive))
        same_bits(
            fetch(alive[key][0]),
            alive[key][1],
            f"buffer {key} on {device} after {step} allocations and frees",
        )
    for key, (x, host) in alive.items():
        same_bits(fetch(x), host, f"buffer {key} on {device} at the end")


@check(level=0)
def out_of_memory(device: str) -> None:
    """2^60 bytes are refused with RuntimeError or MemoryError, and the device works afterwards."""
    asks: dict[str, Callable[[], Any]] = {
        "empty": lambda: unison.empty(_TOO_MUCH, dtype=dtypes.uint8, device=device),
        "full": lambda: unison.full((_TOO_MUCH,), 1, dtype=dtypes.uint8, device=device),
    }
    host = find(device)
    if host.backend.aliasing:
        asks["an operator"] = lambda: send(np.ones(1, np.uint8), device).expand(_TOO_MUCH) + 1
    for name, ask in asks.items():
        try:
            ask()
        except (RuntimeError, MemoryError):
            pass
        else:
            raise CheckFailed(f"{name} of 2^60 bytes on {device} was not refused; it must raise RuntimeError")
        x = send(numbers((33, 5), dtypes.float32), device)
        wanted = numbers((33, 5), dtypes.float32) * np.float32(2)
        same_bits(fetch(x + x), wanted, f"x + x on {device} after {name} ran out of memory")
    expect(
        fetch(unison.zeros(3, device=device)).tolist() == [0, 0, 0], f"zeros on {device} after out of memory"
    )


@check(level=0)
def counted(device: str) -> None:
    """What is told of memory agrees with itself and with what is asked for; who does not count tells nothing."""
    where = find(device)
    backend = where.backend

    def told() -> Mapping[str, int]:
        backend.synchronize(where)
        now = backend.memory(where)
        what = f"{device} says of its memory {dict(now)}"
        expect(all(n >= 0 for n in now.values()), f"{what}; bytes are not negative")
        for most, least in (
            ("peak", "used"),
            ("peak_held", "used"),
            ("peak_held", "held"),
            ("total", "used"),
        ):
            expect(now.get(most, _TOO_MUCH) >= now.get(least, 0), f"{what}; {most} is at least {least}")
        return now

    gc.collect()
    if "used" not in told():
        return
    backend.reset_peak_memory(where)
    before = told()
    x = unison.zeros(_COUNTED, dtype=dtypes.uint8, device=device)
    there = told()
    del x
    after = told()
    what = f"before, with and after a tensor of {_COUNTED:,} bytes, {device} says of its memory"
    for name, wanted in (("used", (0, 1, 0)), ("peak", (0, 1, 1))):
        seen = [now.get(name, now["used"]) for now in (before, there, after)]
        grown = [n - before["used"] >= _COUNTED for n in seen]
        expect(grown == [bool(n) for n in wanted] or name not in before, f"{what} that {name} is {seen}")
