"""A device that does nothing before somebody waits for it, to show that a check notices who does not wait.

Work is written down in queues; what waits for a queue, or for a mark in it, does its work up to there. Memory that
nobody has any more is at once given to who asks next in the same queue.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np

from unison_core import devices, plugins
from unison_core.ckit.array import CArray
from unison_core.ckit.backend import CBackend
from unison_core.ckit.runtime import DeviceFacts, Runtime
from unison_core.dispatch.table import invalidate
from unison_core.dtypes import BY_NAME
from unison_core.queues import Mark, Queue

__all__ = ["NAME", "LaterBackend", "LaterMark", "LaterQueue", "LaterRuntime", "later"]

NAME = "later"

_lock = threading.RLock()


class LaterMark(Mark):
    """A place in a queue."""

    def __init__(self, queue: LaterQueue, place: int) -> None:
        super().__init__()
        self.queue, self.place = queue, place

    def reached(self) -> bool:
        self.queue.step()
        return self.queue.at >= self.place

    def wait(self) -> None:
        self.queue.run(self.place)


class LaterQueue(Queue):
    """A list of things to do."""

    numbers = itertools.count(1)

    def __init__(self, device: Any) -> None:
        super().__init__(device)
        self.number = next(self.numbers)
        self.jobs: list[Callable[[], object] | None] = []
        self.at = 0

    @property
    def handle(self) -> int:
        return self.number

    def ask(self, job: Callable[[], object]) -> None:
        self.jobs.append(job)

    def run(self, place: int) -> None:
        with _lock:
            while self.at < place:
                job, self.jobs[self.at] = self.jobs[self.at], None
                self.at += 1
                assert job is not None
                job()

    def step(self) -> None:
        """Somebody asked how far it is: it goes on by one."""
        self.run(min(self.at + 1, len(self.jobs)))

    def done(self) -> bool:
        self.step()
        return self.at == len(self.jobs)

    def synchronize(self) -> None:
        self.run(len(self.jobs))

    def mark(self, *, timing: bool = False, blocking: bool = False) -> Mark:
        mark = LaterMark(self, len(self.jobs) + 1)
        self.ask(lambda: setattr(mark, "moment", time.perf_counter()))
        return mark

    def wait(self, mark: Mark) -> None:
        self.ask(mark.wait)

    def hold(self, array: CArray) -> None:
        kept = [array.buffer]
        self.ask(kept.clear)


class Buffer:
    """Bytes that go back to where they came from."""

    def __init__(self, pool: list[Any], size: int, runtime: LaterRuntime) -> None:
        self.pool, self.runtime = pool, runtime
        self.bytes = pool.pop() if pool else np.full(size, 0xA5, np.uint8)
        runtime.count(size)

    def __del__(self) -> None:
        self.runtime.count(-self.bytes.size)
        self.pool.append(self.bytes)


class LaterRuntime(Runtime):
    """The host's memory, and the queue of each thread."""

    dialect = "c"

    def __init__(self, device: Any) -> None:
        super().__init__()
        self.facts = DeviceFacts("later", "none", fp64=True)
        self.first = LaterQueue(device)
        self.here = threading.local()
        self.pools: dict[tuple[int, int], list[Any]] = {}
        self.used = self.peak = 0

    @property
    def queue(self) -> LaterQueue:
        return getattr(self.here, "queue", self.first)

    def count(self, size: int) -> None:
        self.used += size
        self.peak = max(self.peak, self.used)

    def allocate(self, size: int) -> Buffer:
        return Buffer(self.pools.setdefault((self.queue.number, size), []), size, self)

    def copy_in(self, buffer: Buffer, position: int, data: Any) -> None:
        self.copy_later(buffer, np.array(data, order="C"))

    def copy_later(self, buffer: Buffer, data: Any) -> None:
        room = buffer.bytes
        self.queue.ask(lambda: np.copyto(room, np.ascontiguousarray(data).reshape(-1).view(np.uint8)))

    def copy_out(self, buffer: Buffer, position: int, data: Any) -> None:
        self.queue.synchronize()
        data.reshape(-1).view(np.uint8)[...] = buffer.bytes[position : position + data.nbytes]

    def copy_within(self, target: Any, to: int, source: Any, at: int, size: int) -> None:
        raise NotImplementedError

    def compile(self, source: str, entry: str, label: str) -> Any:
        raise NotImplementedError

    def launch(self, kernel: Any, groups: int, group: int, buffers: Any, params: bytes) -> None:
        raise NotImplementedError

    def synchronize(self) -> None:
        self.queue.synchronize()

    def memory(self) -> dict[str, int]:
        return {"used": self.used, "peak": self.peak}

    def reset_peak_memory(self) -> None:
        self.peak = self.used


class LaterBackend(CBackend):
    """The few operators that the checks of queues call, on arrays without gaps."""

    name = NAME
    indexed = False
    queue_class: type[LaterQueue] = LaterQueue
    runtime_class: type[LaterRuntime] = LaterRuntime

    def __init__(self) -> None:
        self.only: LaterRuntime | None = None
        super().__init__()

    def runtime(self, device: Any) -> LaterRuntime:
        if self.only is None:
            self.only = self.runtime_class(device)
            self.only.first = self.queue_class(device)
        return self.only

    def host_array(self, shape: Any, dtype: Any) -> Any:
        return np.empty(shape, dtype.name)

    def kernels(self) -> Mapping[str, Callable[..., Any]]:
        return {
            "add": lambda a, b: self._made(np.add, a, b),
            "matmul": lambda a, b: self._made(np.matmul, a, b),
            "permute": lambda x, *, dims: self._made(lambda a: a.transpose(dims), x),
            "sum": lambda x, *, dim, keepdim: self._made(lambda a: a.sum(dim, keepdims=keepdim), x),
            "empty": lambda *, shape, dtype, device: self._full(shape, 0, dtype, device),
            "full": lambda *, shape, value, dtype, device: self._full(shape, value, dtype, device),
        }

    def inplace_kernels(self) -> Mapping[str, Callable[..., Any]]:
        return {}

    def _full(self, shape: Any, value: Any, dtype: Any, device: Any) -> CArray:
        out = self.kit.empty(shape, dtype, self.runtime(device))
        room = _elements(out)
        out.runtime.queue.ask(lambda: room.fill(value))
        return out

    def _made(self, function: Callable[..., Any], *arrays: CArray) -> CArray:
        inputs = [_elements(x) for x in arrays]
        like = function(*(np.zeros(x.shape, x.dtype) for x in inputs))
        out = self.kit.empty(like.shape, BY_NAME[like.dtype.name], arrays[0].runtime)
        room = _elements(out)
        out.runtime.queue.ask(lambda: np.copyto(room, function(*inputs)))
        return out

    def from_host_later(self, array: Any, device: Any) -> CArray:
        out = self.kit.empty(array.shape, BY_NAME[array.dtype.name], self.runtime(device))
        out.runtime.copy_later(out.buffer, array)
        return out

    def assign(self, target: CArray, source: CArray) -> None:
        room, given = _elements(target), _elements(source)
        target.runtime.queue.ask(lambda: np.copyto(room, given))

    def queue(self, device: Any, priority: int = 0) -> LaterQueue:
        return self.queue_class(device)

    def default_queue(self, device: Any) -> LaterQueue:
        return self.runtime(device).first

    def current_queue(self, device: Any) -> LaterQueue:
        return self.runtime(device).queue

    def use_queue(self, queue: Any) -> None:
        self.runtime(queue.device).here.queue = queue


def _elements(x: CArray) -> Any:
    """The memory itself, which jobs keep without keeping its buffer from being given out again."""
    assert x.contiguous
    return x.buffer.bytes[: x.nbytes].view(x.dtype.name).reshape(x.shape)


@contextmanager
def later(
    queue: Mapping[str, Any] | None = None,
    mark: Mapping[str, Any] | None = None,
    runtime: Mapping[str, Any] | None = None,
    **methods: Any,
) -> Iterator[LaterBackend]:
    """Register the device with methods of its queues, marks, runtime or backend replaced."""
    queues = type("BrokenQueue", (LaterQueue,), dict(queue or {}))
    if mark:
        marks = type("BrokenMark", (LaterMark,), dict(mark))

        def set_mark(self: Any, **options: Any) -> Any:
            found = LaterQueue.mark(self, **options)
            found.__class__ = marks
            return found

        queues.mark = set_mark  # type: ignore[method-assign]
    members = {**methods, "queue_class": queues, "runtime_class": type("R", (LaterRuntime,), runtime or {})}
    backend = type("BrokenBackend", (LaterBackend,), members)

    @plugins.hookimpl
    def unison_backend() -> Any:
        return plugins.BackendManifest(name=NAME, contract=1, load=f"{__name__}:current")

    globals()["current"] = backend
    plugins.register(SimpleNamespace(unison_backend=unison_backend), NAME)
    try:
        yield devices.canonical(NAME).backend
    finally:
        plugins.unregister(NAME)
        devices._interned.pop((NAME, None), None)
        invalidate()
