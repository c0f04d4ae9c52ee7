"""One OpenCL device: a context, an in-order queue, a memory pool."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyopencl as cl
from pyopencl import enqueue_nd_range_kernel as enqueue
from pyopencl.tools import ImmediateAllocator, MemoryPool

from unison_core.ckit.runtime import Runtime
from unison_core.errors import KernelError, OutOfMemoryError
from unison_core.queues import Mark
from unison_opencl.devices import facts

__all__ = ["OpenCLRuntime"]

# `set_arg` takes bytes as well, but tries whatever else they might be first: 6 us against 0.1.
_set_bytes = getattr(cl.Kernel, "_set_arg_buf", cl.Kernel.set_arg)


_COMPLETE = cl.command_execution_status.COMPLETE
"""Lower still are errors."""
_STAGED = 1 << 20
"""Bytes up to which data for the device is copied once more, on the host."""
_MOST_COPIES = 64
"""Of those under way at once."""


class OpenCLRuntime(Runtime):
    """Buffers come from pyopencl's pool; since the queue is in order, memory may be used again at once."""

    dialect = "opencl"

    def __init__(self, device: Any) -> None:
        super().__init__()
        self.device = device
        self.facts = facts(device)
        self.context = cl.Context([device])
        # Profiling is what marks are timed by; kernels are launched no slower for it.
        self.queue = cl.CommandQueue(
            self.context, device, properties=cl.command_queue_properties.PROFILING_ENABLE
        )
        self._copies: deque[Any] = deque()
        self._asked = self._finished = 0
        self._marked: tuple[int, Mark] = 0, Mark()
        self._peak = 0
        self._peak_held = 0
        self._limit = 0
        exact = ImmediateAllocator(self.queue)
        self.pool = MemoryPool(exact)
        # Buffers of the pool are a little longer than asked for; tools that watch accesses want them exact.
        self._take = exact if os.environ.get("UNISON_OPENCL_POOL") == "off" else self.pool.allocate
        # Without warnings: a loop that could have been vectorised and was not is none of the user's business.
        self.options = ["-cl-std=CL1.2", "-w"]
        if self.facts.ieee:
            self.options.append("-cl-fp32-correctly-rounded-divide-sqrt")

    def allocate(self, size: int) -> Any:
        """From the pool, which first gives back what nobody uses. Drivers promise more than there is: we count."""
        facts, pool = self.facts, self.pool
        if facts.allocation and size > facts.allocation:
            raise OutOfMemoryError(
                f"{facts.name} cannot allocate {size:,} bytes at once; its largest buffer is "
                f"{facts.allocation:,} bytes"
            )
        room = self._limit or facts.memory
        if pool.managed_bytes + size > room:
            pool.free_held()
            if pool.managed_bytes + size > room:
                raise self._no_room(size)
        try:
            buffer = self._take(max(size, 1))
        except (cl.MemoryError, MemoryError) as error:
            raise self._no_room(size) from error
        if pool.active_bytes > self._peak:
            self._peak = pool.active_bytes
            self._peak_held = max(self._peak_held, pool.managed_bytes)
        return buffer

    def _no_room(self, size: int) -> OutOfMemoryError:
        room = f"the limit of {self._limit:,}" if self._limit else f"{self.facts.memory:,}"
        return OutOfMemoryError(
            f"{self.facts.name} has no room for {size:,} bytes: {self.pool.active_bytes:,} of "
            f"{room} are in use by tensors"
        )

    def copy_in(self, buffer: Any, position: int, data: Any) -> None:
        """Of small data by way of a copy, so that nobody waits for work that is still queued."""
        # bfloat16 has no place in Python's buffer protocol, so arrays are looked at as bytes.
        raw = (
            data.reshape(-1).view(np.uint8) if isinstance(data, np.ndarray) else np.frombuffer(data, np.uint8)
        )
        if raw.nbytes > _STAGED:
            cl.enqueue_copy(self.queue, buffer, raw, dst_offset=position, is_blocking=True)
            return
        with self.lock:
            copies = self._copies
            while copies and (copies[0].command_execution_status <= _COMPLETE or len(copies) > _MOST_COPIES):
                # An event keeps its staging copy alive, and waits before it lets go of it.
                copies.popleft()
            copies.append(
                cl.enqueue_copy(self.queue, buffer, raw.tobytes(), dst_offset=position, is_blocking=False)
            )
            self._asked += 1

    def copy_out(self, buffer: Any, position: int, data: Any) -> None:
        cl.enqueue_copy(self.queue, data, buffer, src_offset=position, is_blocking=True)

    def copy_within(self, target: Any, to: int, source: Any, at: int, size: int) -> None:
        with self.lock:
            cl.enqueue_copy(self.queue, target, source, byte_count=size, src_offset=at, dst_offset=to)
            self._asked += 1

    def compile(self, source: str, entry: str, label: str) -> Any:
        try:
            program = cl.Program(self.context, source).build(options=self.options)
        except cl.RuntimeError as error:
            lines = "\n".join(f"{n:5d}  {line}" for n, line in enumerate(source.splitlines(), 1))
            raise KernelError(
                f"{self.facts.name} could not compile kernel {entry!r} of operator {label}:\n{lines}\n{error}"
            ) from error
        return getattr(program, entry)

    def launch(self, kernel: Any, groups: int, group: int, buffers: Sequence[Any], params: bytes) -> None:
        with self.lock:
            last = 0
            for buffer in buffers:
                kernel.set_arg(last, buffer)
                last += 1
            _set_bytes(kernel, last, params)
            enqueue(self.queue, kernel, (groups * group,), (group,))
            self._asked += 1

    def synchronize(self) -> None:
        asked = self._asked
        self.queue.finish()
        self._finished = asked

    def done(self) -> bool:
        """A mark takes its time even where nothing is left to do, so none is set again before there is more work."""
        asked = self._asked
        if asked == self._finished:
            return True
        if asked != self._marked[0]:
            self._marked = asked, self.mark()
        return self._marked[1].reached()

    def mark(self) -> Mark:
        """An event of the queue."""
        event = cl.enqueue_marker(self.queue)
        self.queue.flush()
        return _EventMark(event)

    def memory(self) -> dict[str, int]:
        """What tensors use, what the pool holds besides, and what the device has; OpenCL does not tell `free`."""
        used, managed = self.pool.active_bytes, self.pool.managed_bytes
        told = {
            "used": used,
            "peak": self._peak,
            "held": managed - used,
            "peak_held": max(self._peak_held, managed),
            "total": self.facts.memory,
        }
        return told | ({"limit": self._limit} if self._limit else {})

    def reset_peak_memory(self) -> None:
        self._peak, self._peak_held = self.pool.active_bytes, self.pool.managed_bytes

    def release_memory(self) -> None:
        self.pool.free_held()

    def limit_memory(self, size: int) -> None:
        self._limit = size if size < self.facts.memory else 0


class _EventMark(Mark):
    """An OpenCL event behind everything before it in the queue."""

    __slots__ = ("event",)

    def __init__(self, event: Any) -> None:
        self.event = event

    def reached(self) -> bool:
        return bool(self.event.command_execution_status <= _COMPLETE)

    def wait(self) -> None:
        try:
            self.event.wait()
        except cl.RuntimeError as error:
            raise KernelError(f"work before the mark failed: {error}") from error

    def milliseconds_until(self, later: Any) -> float:
        return float(later.event.profile.end - self.event.profile.end) / 1e6
