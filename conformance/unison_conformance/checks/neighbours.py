"""Neighbours: a call changes nothing but its result, and its result depends on nothing but its inputs."""

from __future__ import annotations

from typing import Any

import numpy as np

from unison_conformance.checks._calls import NAMES, calls_of, results
from unison_conformance.checks._device import expect, fetch, same_bits, send
from unison_conformance.checks.check import check
from unison_core.operator import registry

__all__ = ["heap", "poison"]

_GUARDS = 6
_FREED = 8
_PURE = tuple(n for n in NAMES if "writes" not in registry[n].tags)


def _guard(size: int, n: int) -> np.ndarray[Any, Any]:
    return ((np.arange(size) * 31 + 17 * n + 5) % 251).astype(np.uint8)


@check(level=1, each=_PURE)
def heap(device: str, name: str) -> None:
    """Memory allocated around a call, of its results' and inputs' size, is unchanged; so are its inputs."""
    for call in calls_of(name, device):
        sizes = {len(r) for r in results(call.run(call.inputs(device), device))}
        sizes |= {x.nbytes for x in call.hosts if isinstance(x, np.ndarray)}
        wanted = [_guard(size, n) for size in sorted(sizes - {0}) for n in range(_GUARDS)]
        guards = [send(g, device) for g in wanted[::2]]
        inputs = call.inputs(device)
        guards += [send(g, device) for g in wanted[1::2]]
        outs = call.run(inputs, device)
        after = [send(g, device) for g in wanted]
        del outs
        what = f"{name} of {call.dtype.name} on {device}"
        for g, w in zip([*guards, *after], [*wanted[::2], *wanted[1::2], *wanted], strict=True):
            same_bits(fetch(g), w, f"a buffer of {w.size} bytes allocated near a call of {what}")
        for x, host in zip(inputs, call.hosts, strict=True):
            if isinstance(host, np.ndarray):
                same_bits(fetch(x), host, f"an input of {what}")


@check(level=1, each=[n for n in _PURE if n != "empty"])
def poison(device: str, name: str) -> None:
    """Results are the same bits whatever the memory held that they were made in."""
    for call in calls_of(name, device):
        inputs = call.inputs(device)
        first = results(call.run(inputs, device))
        sizes = {len(r) for r in first} | {x.nbytes for x in call.hosts if isinstance(x, np.ndarray)}
        for filling in (0x00, 0xFF, 0xA5):
            junk = [
                send(np.full(size, filling, np.uint8), device) for size in sizes - {0} for _ in range(_FREED)
            ]
            del junk
            again = results(call.run(inputs, device))
            expect(
                again == first,
                f"{name} of {call.dtype.name} on {device} gives other bits after memory filled with "
                f"0x{filling:02X} was freed: it reads memory that it did not write",
            )
