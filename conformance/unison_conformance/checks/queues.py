"""Queues: work of several, ordered by marks; memory, copies and host arrays while work still waits to be done.

The work is products with a matrix that moves every row on by one. They are exact in float32 whatever the order of the
sums, and so large that the device is busy for milliseconds: who should wait and does not is seen.
"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

import unison
from unison_conformance.checks._device import expect, fetch, find, numbers, same_bits, send
from unison_conformance.checks._threads import at_once
from unison_conformance.checks.check import CheckFailed, check
from unison_core import dtypes
from unison_core.devices import Device
from unison_core.handle import wrap
from unison_core.queues import Queue

__all__ = ["copies", "finished", "held", "later", "let_go", "ordered", "threads", "timing", "unchanged"]

_ROUNDS, _PRODUCTS = 4, 8
_SIDES = (64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072)
_ENOUGH = 5e-4
"""Seconds that a product should take; `_PRODUCTS` of them keep a queue busy."""
_PATIENCE = 60.0
_CLOCK = (0.05, 1.0)
"""How far the device's clock may be from the host's: the share of a time, and milliseconds besides."""

Array = np.ndarray[Any, Any]


class _Place:
    """A device with the queue of this thread and another one, and the matrix of the products."""

    def __init__(self, device: str) -> None:
        self.device, self.where = device, find(device)
        self.backend = self.where.backend
        self.shape = (_side(device),) * 2
        self.main = self.backend.current_queue(self.where)
        self.other = self.backend.queue(self.where)
        self.turn = send(_turn(self.shape[0]), device)
        self.idle = self.send(0)
        # Whatever the other queue is asked finds both of them there.
        self.other.wait(self.main.mark())

    def host(self, number: int) -> Array:
        return numbers(self.shape, dtypes.float32, 1 + number)

    def send(self, number: int) -> Any:
        return send(self.host(number), self.device)

    def work(self, x: Any, products: int = _PRODUCTS) -> Any:
        """Long work: x with its rows moved on by so many."""
        for _ in range(products):
            x = unison.matmul(self.turn, x)
        return x

    def array(self, host: Array, *, pinned: bool) -> Array:
        """A copy in host memory of either kind."""
        copy = np.array(host, order="C")
        return self.backend.pin(copy) if pinned else copy


def _turn(side: int) -> Array:
    return np.roll(np.eye(side, dtype=np.float32), 1, axis=0)


def _moved(host: Array, products: int = _PRODUCTS) -> Array:
    """What the work makes of it."""
    return np.roll(host, products, axis=0)


@cache
def _side(device: str) -> int:
    """The rows of matrices whose product takes the device long enough, or the most that are tried."""
    where = find(device)
    for side in _SIDES:
        turn = send(_turn(side), device)
        # The first one may have to be compiled, and the host may have been busy.
        if min(_seconds(lambda x=turn: unison.matmul(x, x), where) for _ in range(4)) > _ENOUGH:
            return side
    return _SIDES[-1]


def _seconds(call: Callable[[], Any], where: Device) -> float:
    where.backend.synchronize(where)
    start = time.perf_counter()
    call()
    where.backend.synchronize(where)
    return time.perf_counter() - start


@contextmanager
def _on(queue: Queue) -> Iterator[None]:
    """Send this thread's work there."""
    backend = queue.device.backend
    before = backend.current_queue(queue.device)
    backend.use_queue(queue)
    try:
        yield
    finally:
        backend.use_queue(before)


@check(level=1, needs=("async",))
def ordered(device: str) -> None:
    """Work that waits for another queue's mark finds what was done before it, and may then write over it."""
    place = _Place(device)
    main, other = place.main, place.other
    for n in range(_ROUNDS):
        x = place.work(place.send(n))
        other.wait(main.mark())
        with _on(other):
            y = place.work(x)
        main.wait(other.mark())
        x.zero_()
        # Read in turn by the queue that waited and by the one that made it.
        with _on(other if n % 2 else main):
            got = fetch(y)
        what = f"work of two queues of {device} that wait for each other's marks, round {n}"
        same_bits(got, _moved(place.host(n), 2 * _PRODUCTS), what)


def _until(ask: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + _PATIENCE
    while not ask():
        expect(time.monotonic() < end, f"{what} still said no after a minute")
        time.sleep(1e-4)


@check(level=1, needs=("async",), each=("wait", "reached", "synchronize", "done"))
def finished(device: str, how: str) -> None:
    """When a queue or its mark says so, all work before is done, and every queue may read it."""
    place = _Place(device)
    with _on(place.other):
        x = place.work(place.send(1))
        mark = place.other.mark()
    what = (
        f"{how} of a queue of {device}" if how in {"synchronize", "done"} else f"{how} of a mark of {device}"
    )
    ask: dict[str, Callable[[], Any]] = {
        "wait": mark.wait,
        "reached": lambda: _until(mark.reached, what),
        "synchronize": place.other.synchronize,
        "done": lambda: _until(place.other.done, what),
    }
    ask[how]()
    same_bits(fetch(x), _moved(place.host(1)), f"what another queue made, after {what}")
    expect(mark.reached(), f"after {what} the mark is not reached")
    _until(place.other.done, f"after {what} the queue, asked whether it is done,")


@check(level=1, needs=("async",))
def copies(device: str) -> None:
    """Copies from and to the host keep to the marks that their queue waits for."""
    place = _Place(device)
    main, other = place.main, place.other
    for n in range(_ROUNDS):
        array = place.array(place.host(n), pinned=True)
        with _on(other):
            place.work(place.idle)
            x = wrap(place.backend.from_host_later(array, place.where), place.where)
        main.wait(other.mark())
        y = place.work(x)
        other.wait(main.mark())
        with _on(other):
            got = fetch(y)
        same_bits(got, _moved(place.host(n)), f"copies in one queue of {device}, work in another, round {n}")


@check(level=1, needs=("async",), each=("plain", "pinned", "strided"))
def unchanged(device: str, kind: str) -> None:
    """A host array may change as soon as `from_host` returns, whatever the queue has to do before."""
    place = _Place(device)
    whole = place.host(2)
    for host in (whole[:2, :8], whole[::2, ::-1] if kind == "strided" else whole):
        array = place.array(host, pinned=kind == "pinned")
        given = np.repeat(array, 2, axis=1)[:, ::2] if kind == "strided" else array
        place.work(place.idle)
        x = send(given, device)
        given[...] = 0
        same_bits(fetch(x), np.array(host, order="C"), f"a {kind} array on {device} that the host changed")


@check(level=1, needs=("async",))
def later(device: str) -> None:
    """What `from_host_later` took is all there when the mark behind it is reached."""
    place = _Place(device)
    for pinned in (False, True):
        array = place.array(place.host(3), pinned=pinned)
        with _on(place.other):
            place.work(place.idle)
            x = wrap(place.backend.from_host_later(array, place.where), place.where)
            mark = place.other.mark()
        mark.wait()
        array[...] = 0
        what = (
            f"{'pinned' if pinned else 'plain'} memory that changed when the mark behind its copy was reached"
        )
        same_bits(fetch(x), place.host(3), f"{what}, on {device}")


@check(level=1, needs=("async",))
def held(device: str) -> None:
    """Memory held for a queue is not given out again before it is done with it, though nobody has it any more."""
    place = _Place(device)
    main, other = place.main, place.other
    for n in range(_ROUNDS):
        x = place.send(n)
        other.wait(main.mark())
        with _on(other):
            y = place.work(place.idle) + x
        other.hold(x.array)
        del x
        junk = [send(np.full(place.shape, -9, np.float32), device) for _ in range(4)]
        junk += [unison.full(place.shape, -9.0, device=device) for _ in range(4)]
        main.wait(other.mark())
        wanted = _moved(place.host(0)) + place.host(n)
        same_bits(fetch(y), wanted, f"a sum with memory of {device} that was freed while held, round {n}")


@check(level=1, needs=("async",))
def let_go(device: str) -> None:
    """Memory held for a queue is free when both are done."""
    place, count = _Place(device), 16
    size = 4 * place.shape[0] ** 2

    def used() -> int:
        place.other.synchronize()
        place.main.synchronize()
        return int(place.backend.memory(place.where).get("used", 0))

    gc.collect()
    before = used()
    for n in range(count):
        place.other.hold(place.send(n).array)
    grown = used() - before
    expect(
        grown < count * size // 2, f"{count * size:,} bytes held for a queue of {device} left {grown:,} used"
    )


@check(level=1, needs=("async",))
def threads(device: str) -> None:
    """Two threads with a queue each get the same bits in every round, and neither changes the other's queue."""
    place = _Place(device)
    ready, both = place.main.mark(), threading.Barrier(2)

    def made(n: int) -> tuple[Array, ...]:
        x = place.work(place.send(n), 2)
        return fetch(x), fetch((x + place.idle).sum(0)), fetch(x.t() + x)

    wanted = [made(n) for n in range(2)]

    def job(n: int) -> Callable[[], None]:
        def run() -> None:
            queue = place.backend.queue(place.where)
            queue.wait(ready)
            with _on(queue):
                # When both have chosen, each sees its own, and goes on when both have seen.
                both.wait(60)
                now = place.backend.current_queue(place.where)
                both.wait(60)
                expect(now.handle == queue.handle, f"a thread's queue of {device} was changed by another")
                for turn in range(_ROUNDS):
                    for got, want in zip(made(n), wanted[n], strict=True):
                        same_bits(got, want, f"thread {n} of two with queues of their own, round {turn}")

        return run

    at_once([job(n) for n in range(2)], f"two threads with queues of their own on {device}")
    expect(
        place.backend.current_queue(place.where).handle == place.main.handle,
        f"the queue of a thread of {device} was changed by others",
    )


@check(level=1, needs=("async",))
def timing(device: str) -> None:
    """Times between marks are those of the work between them: they add up, and the host's clock agrees."""
    place = _Place(device)
    main, other = place.main, place.other
    place.work(place.idle)
    main.synchronize()
    start = time.perf_counter()
    marks = [main.mark(timing=True)]
    place.work(place.idle)
    marks.append(main.mark(timing=True))
    other.wait(marks[1])
    with _on(other):
        place.work(place.idle)
        marks.append(other.mark(timing=True))
    marks[2].wait()
    most = (time.perf_counter() - start) * 1e3
    one, two, both = (marks[i].milliseconds_until(marks[k]) for i, k in ((0, 1), (1, 2), (0, 2)))
    share, least = _CLOCK
    text = f"marks around work of {device} are {one:.4g} and {two:.4g} ms apart, {both:.4g} ms together"
    if min(one, two) <= 0 or abs(one + two - both) > share * both:
        raise CheckFailed(f"{text}; the times must be positive and add up")
    expect(both <= most * (1 + share) + least, f"{text}; for the host it was {most:.4g} ms in all")
