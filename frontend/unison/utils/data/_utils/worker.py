"""The program of a worker process: answer the parent's messages, one batch each, until it says stop or is gone."""

import os
import queue
import random
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from multiprocessing import connection, parent_process
from typing import Any, NamedTuple

import numpy as np

import unison
from unison.utils.data._utils.failure import Failure
from unison.utils.data._utils.fetch import Fetch, make_fetch
from unison.utils.data._utils.transport import SlotWriter

__all__ = ["Epoch", "Kind", "Reply", "Task", "WorkerInfo", "WorkerSetup", "get_worker_info", "worker_main"]

ORPHAN_CHECK_SECONDS = 2.0
NO_EPOCH = -1


@dataclass(frozen=True)
class WorkerInfo:
    """What a dataset may ask about the worker process it runs in: its own copy of the dataset and its own seed."""

    id: int
    num_workers: int
    seed: int
    dataset: Any


_info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """The WorkerInfo (id, num_workers, seed, dataset) of this worker process; None in any other process."""
    return _info


@dataclass(frozen=True)
class WorkerSetup:
    """All that a worker needs to know when it starts."""

    worker_id: int
    num_workers: int
    dataset: Any
    make_fetch: dict[str, Any]
    init_fn: Callable[[int], None] | None
    segment_prefix: str


class Epoch(NamedTuple):
    """From now on tasks belong to this epoch; those of earlier ones are dropped unanswered, as all are after a stop."""

    number: int
    base_seed: int


class Task(NamedTuple):
    """Fetch what the sampler has yielded, and put it into the slot."""

    epoch: int
    number: int
    slot: int
    keys: Any


class Kind(Enum):
    """What a Reply carries."""

    READY = "the worker has begun the epoch"
    BATCH = "a Packet"
    END = "nothing: this worker's iterable dataset has ended"
    ERROR = "a Failure"


class Reply(NamedTuple):
    """The answer to an Epoch (number -1) or a Task."""

    epoch: int
    number: int
    slot: int
    kind: Kind
    body: Any


def worker_main(
    setup: WorkerSetup,
    tasks: connection.Connection,
    results: connection.Connection,
    close_inherited: Callable[[], None],
) -> None:
    """Run a worker until its inbox ends."""
    _set_signals()
    close_inherited()
    if hasattr(unison, "set_num_threads"):
        unison.set_num_threads(1)
    writer = SlotWriter(setup.segment_prefix)
    inbox = _Inbox(tasks, on_orphaned=writer.unlink)
    worker = _Worker(setup, writer)
    try:
        while (message := inbox.get()) is not None:
            if isinstance(message, Epoch):
                results.send(worker.begin(message))
            elif message.epoch == inbox.latest_epoch:
                results.send(worker.answer(message))
    except BrokenPipeError:
        # The parent has closed its end and waits for no more answers.
        return


def _set_signals() -> None:
    """Ctrl-C reaches the whole process group, but only the parent decides what ends; SIGTERM must always end us."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


class _Inbox:
    """Reads messages on a thread of its own, so that the parent never blocks on a full pipe and is missed when gone."""

    def __init__(self, tasks: connection.Connection, on_orphaned: Callable[[], None]) -> None:
        self.latest_epoch = NO_EPOCH
        self._tasks = tasks
        self._on_orphaned = on_orphaned
        self._messages: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=self._read, name="dataloader-inbox", daemon=True).start()

    def get(self) -> Any:
        """The next message; None for stop."""
        return self._messages.get()

    def _read(self) -> None:
        started_by = os.getppid()
        parent = parent_process()
        sources: list[Any] = [self._tasks] if parent is None else [self._tasks, parent.sentinel]
        while True:
            ready = connection.wait(sources, ORPHAN_CHECK_SECONDS)
            if self._tasks in ready:
                try:
                    message = self._tasks.recv()
                except (EOFError, OSError):
                    self._orphaned()
                if isinstance(message, Epoch):
                    self.latest_epoch = message.number
                elif message is None:
                    self.latest_epoch = NO_EPOCH
                self._messages.put(message)
                if message is None:
                    return
            # Another child of the parent may hold our pipe open, so a silent pipe proves nothing.
            elif ready or os.getppid() != started_by:
                self._orphaned()

    def _orphaned(self) -> None:
        """At once, whatever the dataset is doing: nobody waits for it any more."""
        self._on_orphaned()
        os._exit(1)


class _Worker:
    """Answers messages; a failure in the user's code becomes an answer."""

    def __init__(self, setup: WorkerSetup, writer: SlotWriter) -> None:
        self._setup = setup
        self._writer = writer
        self._initialized = False
        self._fetch: Fetch | None = None
        self._failure: Failure | None = None
        self._ended = False

    def begin(self, epoch: Epoch) -> Reply:
        """Seed this worker for the epoch, and start reading the dataset from its beginning."""
        global _info
        setup = self._setup
        seed = epoch.base_seed + setup.worker_id
        _info = WorkerInfo(setup.worker_id, setup.num_workers, seed, setup.dataset)
        _seed_everything(epoch.base_seed, setup.worker_id)
        self._failure, self._ended = None, False
        try:
            if not self._initialized and setup.init_fn is not None:
                setup.init_fn(setup.worker_id)
            self._initialized = True
            self._fetch = make_fetch(setup.dataset, **setup.make_fetch)
        except Exception as error:  # noqa: BLE001 - carried to the parent
            self._failure = self._caught(error)
        return Reply(epoch.number, -1, -1, Kind.READY, None)

    def answer(self, task: Task) -> Reply:
        """Fetch and pack one batch."""
        kind, body = self._outcome(task)
        return Reply(task.epoch, task.number, task.slot, kind, body)

    def _outcome(self, task: Task) -> tuple[Kind, Any]:
        if self._failure is not None:
            return Kind.ERROR, self._failure
        if self._ended:
            return Kind.END, None
        assert self._fetch is not None
        try:
            return Kind.BATCH, self._writer.pack(task.slot, self._fetch(task.keys))
        except Exception as error:  # noqa: BLE001 - carried to the parent
            if isinstance(error, StopIteration) and self._setup.make_fetch["iterable"]:
                self._ended = True
                return Kind.END, None
            return Kind.ERROR, self._caught(error)

    def _caught(self, error: Exception) -> Failure:
        return Failure(error, self._setup.worker_id, os.getpid())


def _seed_everything(base_seed: int, worker_id: int) -> None:
    """Python's, Unison's and NumPy's default generators, differently for each worker and epoch."""
    random.seed(base_seed + worker_id)
    unison.manual_seed(base_seed + worker_id)
    np.random.seed(np.random.SeedSequence([base_seed, worker_id]).generate_state(4))  # noqa: NPY002 - what datasets use
