"""The parent's end of a DataLoader's worker processes: start them, give them tasks, collect replies, clean up."""

import atexit
import contextlib
import multiprocessing
import os
import secrets
import signal
import sys
import time
import weakref
from multiprocessing import connection, resource_tracker
from typing import Any

from unison.utils.data._utils.interrupts import masked, uninterrupted
from unison.utils.data._utils.transport import SlotReader
from unison.utils.data._utils.worker import Epoch, Kind, Reply, Task, WorkerSetup, worker_main

__all__ = ["WorkerPool", "default_context"]

# How long a worker may take to finish the batch it is at when the pool closes, before it is terminated.
GRACE_SECONDS = 5.0

# Every open pool of this process. Strong: a pool must be found when a finalizer was lost to Ctrl-C.
_pools: "set[WorkerPool]" = set()


def default_context() -> Any:
    """The start method the program has chosen, else fork on Linux and the platform's own default elsewhere."""
    chosen = multiprocessing.get_start_method(allow_none=True)
    return multiprocessing.get_context(chosen or ("fork" if sys.platform == "linux" else None))


class WorkerPool:
    """Worker processes, a pipe to and from each, and their slots in shared memory.

    Every worker has `slots` of them, and so at most that many tasks that are given and not released. Only the process
    that made the pool may use it. The pool is closed at the latest when its owner is gone.
    """

    def __init__(self, owner: Any, context: Any, num_workers: int, slots: int, setup: dict[str, Any]) -> None:
        _close_ownerless()
        self.num_workers = num_workers
        self.busy = False
        self._owner = weakref.ref(owner)
        self._process = os.getpid()
        self._epoch = -1
        self._closed = False
        self._processes: list[Any] = []
        self._tasks: list[connection.Connection] = []
        self._results: list[connection.Connection] = []
        self._readers: list[SlotReader] = []
        self._slots = slots
        self._free: list[list[int]] = []
        _pools.add(self)
        # Before the first worker, so that all share one tracker instead of starting their own.
        resource_tracker.ensure_running()
        token = secrets.token_hex(4)
        try:
            for worker_id in range(num_workers):
                prefix = f"unison_{token}_{worker_id}"
                self._start(context, WorkerSetup(worker_id, num_workers, segment_prefix=prefix, **setup))
        except BaseException:
            self.close()
            raise

    def _start(self, context: Any, setup: WorkerSetup) -> None:
        tasks_out, tasks_in = context.Pipe(duplex=False)
        results_out, results_in = context.Pipe(duplex=False)
        process = context.Process(
            target=worker_main,
            args=(setup, tasks_out, results_in, _close_inherited),
            name=f"DataLoader worker {setup.worker_id}",
            daemon=True,
        )
        self._processes.append(process)
        self._tasks.append(tasks_in)
        self._results.append(results_out)
        self._readers.append(SlotReader(setup.segment_prefix, self._slots))
        with uninterrupted(), masked():
            process.start()
        # The worker must be the only holder of its ends, else its death would not close them.
        tasks_out.close()
        results_in.close()

    @property
    def closed(self) -> bool:
        """Whether the workers are gone, or belong to another process."""
        return self._closed or os.getpid() != self._process

    @property
    def ownerless(self) -> bool:
        """Whether nobody is left who could use it."""
        return self._owner() is None

    def belong_to(self, owner: Any) -> None:
        """Change the owner."""
        self._owner = weakref.ref(owner)

    def begin(self, base_seed: int) -> None:
        """Start an epoch: what an earlier one has left unfinished is dropped, and all slots are free."""
        again = self._epoch >= 0
        self._epoch += 1
        self._free = [list(range(self._slots)) for _ in range(self.num_workers)]
        for worker in range(self.num_workers):
            self._send(worker, Epoch(self._epoch, base_seed))
        if again:
            # A worker replies in order, so after its READY nothing older is under way.
            waiting = self.num_workers
            while waiting:
                waiting -= sum(reply.kind is Kind.READY for reply in self._receive(None))

    def free_slots(self, worker: int) -> int:
        """How many more tasks the worker can be given now."""
        return len(self._free[worker])

    def submit(self, worker: int, number: int, keys: Any) -> None:
        """Give the worker a task; it takes one of its free slots."""
        self._send(worker, Task(self._epoch, number, self._free[worker].pop(), keys))

    def collect(self, timeout: float | None) -> list[Reply]:
        """Replies to tasks of this epoch that have come within timeout (None: until there is one).

        Raises RuntimeError when a worker has died.
        """
        replies = self._receive(timeout)
        return [reply for reply in replies if reply.epoch == self._epoch and reply.kind is not Kind.READY]

    def open(self, worker: int, reply: Reply) -> Any:
        """The batch in a reply."""
        return self._readers[worker].unpack(reply.slot, reply.body)

    def release(self, worker: int, reply: Reply) -> None:
        """The reply has been dealt with: its slot may be used again."""
        self._free[worker].append(reply.slot)

    def _send(self, worker: int, message: Any) -> None:
        try:
            self._tasks[worker].send(message)
        except (BrokenPipeError, ConnectionResetError):
            raise self._died(worker) from None

    def _receive(self, timeout: float | None) -> list[Reply]:
        sentinels = {process.sentinel: worker for worker, process in enumerate(self._processes)}
        ready = connection.wait([*self._results, *sentinels], timeout)
        replies: list[Reply] = []
        for worker, results in enumerate(self._results):
            try:
                while results in ready and results.poll():
                    reply = results.recv()
                    if reply.kind is Kind.BATCH:
                        self._readers[worker].note(reply.slot, reply.body)
                    replies.append(reply)
            except (EOFError, OSError):
                raise self._died(worker) from None
        for sentinel, worker in sentinels.items():
            if sentinel in ready:
                raise self._died(worker)
        return replies

    def _died(self, worker: int) -> RuntimeError:
        process = self._processes[worker]
        process.join(GRACE_SECONDS)
        return RuntimeError(
            f"DataLoader worker {worker} (pid {process.pid}) exited unexpectedly {_describe_exit(process.exitcode)}"
        )

    def close(self) -> None:
        """Stop the workers and remove everything that they and the pool hold; does nothing the second time."""
        if self.closed:
            return
        self._closed = True
        try:
            self._ask_to_stop()
            deadline = time.monotonic() + GRACE_SECONDS
            for process in self._started():
                process.join(max(0.0, deadline - time.monotonic()))
        finally:
            with uninterrupted():
                self._make_stop()
                for reader in self._readers:
                    reader.unlink()
                _pools.discard(self)

    def _started(self) -> list[Any]:
        return [process for process in self._processes if process.pid is not None]

    def _ask_to_stop(self) -> None:
        for results in self._results:
            # Wakes a worker that waits for room to send an answer.
            results.close()
        for tasks in self._tasks:
            with contextlib.suppress(OSError):
                tasks.send(None)

    def _make_stop(self) -> None:
        for process in self._started():
            if process.is_alive():
                process.terminate()
                process.join(1.0)
            if process.is_alive():
                process.kill()
                process.join()
            process.close()
        for end in (*self._tasks, *self._results):
            end.close()

    def abandon(self) -> None:
        """Drop this process's copies of the pool's pipes: it is a fork of the process that made the pool."""
        for end in (*self._tasks, *self._results):
            end.close()


def _close_inherited() -> None:
    """In a forked worker: let go of the pipes of all pools, so that nobody's end of life is hidden by our copies."""
    for pool in _pools:
        pool.abandon()
    _pools.clear()


def _close_ownerless() -> None:
    """Make up for finalizers that did not run."""
    for pool in [pool for pool in _pools if pool.ownerless]:
        pool.close()


@atexit.register
def _close_all() -> None:
    """Before multiprocessing's own exit function, which knows workers but not segments."""
    with contextlib.ExitStack() as stack:
        for pool in _pools:
            stack.callback(pool.close)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"number {number}"


def _describe_exit(code: int | None) -> str:
    if code is None or code >= 0:
        return (
            f"with exit code {code}: its own output may say why; with the spawn start method the main program needs "
            'an `if __name__ == "__main__":` guard'
        )
    name = _signal_name(-code)
    advice = {
        "SIGBUS": "shared memory is probably full; enlarge /dev/shm (docker: --shm-size), or lower num_workers, "
        "prefetch_factor or batch_size",
        "SIGKILL": "the system kills processes when memory runs out; lower num_workers or what each worker holds",
    }.get(name, "a crash in native code of the dataset; num_workers=0 runs it in this process")
    return f"with exit code {code} (killed by signal {name}: {advice})"
