"""One OpenCL device: a context, an in-order queue, a memory pool."""

from __future__ import annotations

import os
from collections.abc import Sequence
from operator import mul
from typing import Any

import pyopencl as cl
from pyopencl import enqueue_nd_range_kernel as enqueue
from pyopencl.tools import ImmediateAllocator, MemoryPool

from unison_core.ckit.runtime import Runtime
from unison_core.errors import KernelError, OutOfMemoryError
from unison_opencl.devices import facts

__all__ = ["OpenCLRuntime"]

# `set_arg` takes bytes as well, but tries whatever else they might be first: 6 us against 0.1.
_set_bytes = getattr(cl.Kernel, "_set_arg_buf", cl.Kernel.set_arg)


class OpenCLRuntime(Runtime):
    """Buffers come from pyopencl's pool; since the queue is in order, memory may be used again at once."""

    dialect = "opencl"

    def __init__(self, device: Any) -> None:
        super().__init__()
        self.device = device
        self.facts = facts(device)
        self.context = cl.Context([device])
        self.queue = cl.CommandQueue(self.context, device)
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
        if pool.managed_bytes + size > facts.memory:
            pool.free_held()
            if pool.managed_bytes + size > facts.memory:
                raise self._no_room(size)
        try:
            return self._take(max(size, 1))
        except (cl.MemoryError, MemoryError) as error:
            raise self._no_room(size) from error

    def _no_room(self, size: int) -> OutOfMemoryError:
        return OutOfMemoryError(
            f"{self.facts.name} has no room for {size:,} bytes: {self.pool.active_bytes:,} of "
            f"{self.facts.memory:,} are in use by tensors"
        )

    def copy_in(self, buffer: Any, position: int, data: Any) -> None:
        cl.enqueue_copy(self.queue, buffer, data, dst_offset=position, is_blocking=True)

    def copy_out(self, buffer: Any, position: int, data: Any) -> None:
        cl.enqueue_copy(self.queue, data, buffer, src_offset=position, is_blocking=True)

    def copy_within(self, target: Any, to: int, source: Any, at: int, size: int) -> None:
        cl.enqueue_copy(self.queue, target, source, byte_count=size, src_offset=at, dst_offset=to)

    def compile(self, source: str, entry: str, label: str) -> Any:
        try:
            program = cl.Program(self.context, source).build(options=self.options)
        except cl.RuntimeError as error:
            lines = "\n".join(f"{n:5d}  {line}" for n, line in enumerate(source.splitlines(), 1))
            raise KernelError(
                f"{self.facts.name} could not compile kernel {entry!r} of operator {label}:\n{lines}\n{error}"
            ) from error
        return getattr(program, entry)

    def launch(
        self, kernel: Any, groups: Sequence[int], group: Sequence[int], buffers: Sequence[Any], params: bytes
    ) -> None:
        if len(groups) == len(group) == 1:
            local, whole = group, (groups[0] * group[0],)
        else:
            local = (*group, *(1,) * (len(groups) - len(group)))
            whole = tuple(map(mul, groups, local))
        with self.lock:
            last = 0
            for buffer in buffers:
                kernel.set_arg(last, buffer)
                last += 1
            _set_bytes(kernel, last, params)
            enqueue(self.queue, kernel, whole, local)

    def synchronize(self) -> None:
        self.queue.finish()

    def memory(self) -> dict[str, int]:
        """What tensors use, what the pool holds besides, and what the device has."""
        return {
            "used": self.pool.active_bytes,
            "held": self.pool.managed_bytes - self.pool.active_bytes,
            "total": self.facts.memory,
        }
