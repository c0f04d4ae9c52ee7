"""Timing two programs against each other on a shared, noisy machine.

Both run in one process in turn, block by block; each block's ratio is taken by itself, and the median of the ratios is
quoted. A pause between blocks of different libraries lets the other's threads stop spinning. Where a device works
behind its caller's back, a block ends when the device has done all of it.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Row", "compare"]


Wait = Callable[[], object]


def _nothing() -> None:
    pass


@dataclass(frozen=True)
class Row:
    """One case: medians in microseconds, and the ratio time(PyTorch) / time(Unison)."""

    case: str
    torch: float
    unison: float
    ratio: float


def compare(
    case: str,
    theirs: Callable[[], object],
    ours: Callable[[], object],
    *,
    block: float = 0.03,
    blocks: int = 11,
    pause: float = 0.0,
    waits: tuple[Wait, Wait] = (_nothing, _nothing),
) -> Row:
    """Time both in alternating blocks of about `block` seconds; the order changes from block to block.

    `waits`: what returns when their device is done, and ours.
    """
    wait = dict(zip((theirs, ours), waits, strict=True))
    counts = {f: _count(f, block, wait[f]) for f in (theirs, ours)}
    times: dict[Callable[[], object], list[float]] = {theirs: [], ours: []}
    gc.collect()
    for i in range(blocks):
        for f in (theirs, ours) if i % 2 else (ours, theirs):
            time.sleep(pause)
            times[f].append(_run(f, counts[f], wait[f]))
    ratios = [a / b for a, b in zip(times[theirs], times[ours], strict=True)]
    medians = [statistics.median(times[f]) * 1e6 for f in (theirs, ours)]
    return Row(case, medians[0], medians[1], statistics.median(ratios))


def _count(function: Callable[[], object], block: float, wait: Wait) -> int:
    function()
    once = _run(function, 3, wait)
    return max(1, int(block / max(once, 1e-9)))


def _run(function: Callable[[], object], count: int, wait: Wait) -> float:
    """Seconds for each call. What was asked for before is not counted."""
    wait()
    start = time.perf_counter()
    for _ in range(count):
        function()
    wait()
    return (time.perf_counter() - start) / count
