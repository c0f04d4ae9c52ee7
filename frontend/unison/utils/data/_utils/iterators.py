"""What `iter(loader)` returns: reading in this process, or giving tasks to workers and putting replies in order."""

import time
import warnings
import weakref
from collections.abc import Iterator
from typing import Any, cast

from unison.utils.data._utils.failure import Failure
from unison.utils.data._utils.fetch import make_fetch
from unison.utils.data._utils.interrupts import interrupt_soon
from unison.utils.data._utils.pin_memory import can_pin, pin_memory
from unison.utils.data._utils.pool import WorkerPool
from unison.utils.data._utils.worker import Kind, Reply
from unison.utils.data.sampler import random_seed

__all__ = ["LoaderIterator", "LocalIterator", "WorkerIterator", "when_collected"]


class LoaderIterator(Iterator[Any]):
    """One pass over a loader; `_next_batch` is what the two kinds differ in."""

    def __init__(self, loader: Any) -> None:
        # Kept, since a loader that is collected takes its persistent workers along.
        self._loader = loader
        self._keys = iter(loader._index_sampler)
        # Drawn without workers too, so that an epoch's order does not depend on num_workers.
        self._base_seed = random_seed(loader.generator)
        self._pins = loader.pin_memory and can_pin()
        self._yielded = 0
        if loader.pin_memory and not self._pins:
            warnings.warn(
                "'pin_memory' argument is set as true but no accelerator is found, then device pinned memory won't "
                "be used",
                stacklevel=4,
            )

    def __len__(self) -> int:
        return len(self._loader._index_sampler)

    def __next__(self) -> Any:
        batch = self._next_batch()
        self._yielded += 1
        announced = self._loader._announced_length
        if announced is not None and self._yielded == announced + 1:
            self._warn_of_length(announced)
        return pin_memory(batch) if self._pins else batch

    def __getstate__(self) -> Any:
        raise NotImplementedError(f"{type(self).__name__} cannot be pickled; pickle the DataLoader instead")

    def _next_batch(self) -> Any:
        raise NotImplementedError

    def _warn_of_length(self, announced: int) -> None:
        advice = ""
        if self._loader.num_workers:
            advice = "; with worker processes each one iterates the whole dataset unless its __iter__ asks "
            advice += "get_worker_info() for its share"
        warnings.warn(
            f"Length of IterableDataset {self._loader.dataset} was reported to be {announced} (by len of its "
            f"DataLoader), but more batches than that have been fetched{advice}",
            stacklevel=3,
        )


class LocalIterator(LoaderIterator):
    """Reads in this process, when asked."""

    def __init__(self, loader: Any) -> None:
        if loader.timeout != 0:
            raise AssertionError(
                f"timeout={loader.timeout} limits the wait for worker processes and needs num_workers > 0"
            )
        super().__init__(loader)
        self._fetch = make_fetch(loader.dataset, **loader._fetch_options())

    def _next_batch(self) -> Any:
        return self._fetch(next(self._keys))


class _WaitedTooLongError(Exception):
    """No batch in time: the one failure after which waiting again makes sense."""


class WorkerIterator(LoaderIterator):
    """Keeps every worker of a pool supplied with tasks.

    With `in_order` tasks go round the workers and batches come out in the order of their tasks. Which batch an
    iterable dataset's worker contributes, and when it counts as ended, then depends on that order alone, not on time.
    """

    def __init__(self, loader: Any, pool: WorkerPool, kept: bool) -> None:
        self._pool = pool
        pool.busy = True
        self._kept = kept
        self._collected = when_collected(self, pool, kept)
        if not kept:
            pool.belong_to(self)
        try:
            super().__init__(loader)
            self._workers: dict[int, int] = {}
            self._replies: dict[int, Reply] = {}
            self._ended: set[int] = set()
            self._given = 0
            self._turn = 0
            self._more_keys = True
            pool.begin(self._base_seed)
            self._give_tasks()
        except BaseException:
            pool.close()
            raise

    def _next_batch(self) -> Any:
        try:
            outcome = self._advance()
        except _WaitedTooLongError:
            raise RuntimeError(
                f"DataLoader timed out after {self._loader.timeout} seconds without a batch; raise timeout, or see "
                "what the dataset waits for with num_workers=0"
            ) from None
        except BaseException:
            # A message may have been cut in the middle, Ctrl-C included: nothing more can be read.
            self._workers.clear()
            self._pool.close()
            raise
        if outcome is None:
            if self._collected.detach():
                _give_back(self._pool, self._kept)
            raise StopIteration
        if isinstance(outcome, Failure):
            raise outcome.exception()
        return outcome[0]

    def _advance(self) -> tuple[Any] | Failure | None:
        """The next batch, a worker's failure in its place, or None at the end."""
        while self._workers:
            number = self._wait()
            worker, reply = self._workers.pop(number), self._replies.pop(number)
            batch = self._pool.open(worker, reply) if reply.kind is Kind.BATCH else None
            self._pool.release(worker, reply)
            if reply.kind is Kind.END:
                self._ended.add(worker)
            self._give_tasks()
            if reply.kind is Kind.BATCH:
                return (batch,)
            if reply.kind is Kind.ERROR:
                return cast("Failure", reply.body)
        return None

    def _wait(self) -> int:
        """The number of the task whose turn it is, once its reply is there."""
        timeout = self._loader.timeout
        deadline = time.monotonic() + timeout if timeout else None
        # Looked at even when the reply is there already: a dead worker is reported at once.
        self._collect(0)
        while (number := self._due()) is None:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise _WaitedTooLongError
            self._collect(left)
        return number

    def _due(self) -> int | None:
        if not self._loader.in_order:
            return next(iter(self._replies), None)
        oldest = next(iter(self._workers))
        return oldest if oldest in self._replies else None

    def _collect(self, timeout: float | None) -> None:
        for reply in self._pool.collect(timeout):
            self._replies[reply.number] = reply

    def _give_tasks(self) -> None:
        while self._more_keys and (worker := self._next_worker()) is not None:
            try:
                keys = next(self._keys)
            except StopIteration:
                self._more_keys = False
                return
            self._pool.submit(worker, self._given, keys)
            self._workers[self._given] = worker
            self._given += 1
            self._turn = worker + 1

    def _next_worker(self) -> int | None:
        """Who gets the next task; None while that one has enough, or when all have ended."""
        count = self._pool.num_workers
        round_trip = [(self._turn + step) % count for step in range(count)]
        active = [worker for worker in round_trip if worker not in self._ended]
        if not active:
            return None
        chosen = active[0] if self._loader.in_order else max(active, key=self._pool.free_slots)
        return chosen if self._pool.free_slots(chosen) else None


def _give_back(pool: WorkerPool, kept: bool) -> None:
    if kept:
        pool.busy = False
    else:
        pool.close()


def when_collected(owner: Any, pool: WorkerPool, kept: bool) -> Any:
    """A finalizer of owner that gives the pool back; what is left at exit the pools close themselves."""
    finalizer = weakref.finalize(owner, _give_back_from_collection, pool, kept)
    finalizer.atexit = False
    return finalizer


def _give_back_from_collection(pool: WorkerPool, kept: bool) -> None:
    """The same where the interpreter would print a KeyboardInterrupt and go on: it is raised again right after."""
    try:
        _give_back(pool, kept)
    except KeyboardInterrupt:
        interrupt_soon()
