"""Many operators, measured by worker processes: one that crashes or hangs costs that operator alone."""

import collections
import dataclasses
import multiprocessing
import multiprocessing.connection
import signal
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tests.parity.harness.measure import Measurement

__all__ = ["measure_all"]

# Workers inherit what is imported and measured; nothing is pickled on the way in but names.
FORK = multiprocessing.get_context("fork")
MeasureOne = Callable[[str], Measurement]


@dataclasses.dataclass
class _Worker:
    process: Any
    connection: Any
    name: str = ""
    deadline: float = 0.0


def measure_all(
    names: Sequence[str], measure_one: MeasureOne, *, jobs: int = 1, seconds: float = 300.0
) -> Iterator[Measurement]:
    """The measurement of each name, in the order in which they are done; killed after so many seconds."""
    waiting = collections.deque(names)
    busy: list[_Worker] = []
    idle: list[_Worker] = []
    try:
        while waiting or busy:
            while waiting and len(busy) < jobs:
                busy.append(_set_to_work(idle, waiting.popleft(), measure_one, seconds))
            for worker in _ready(busy):
                busy.remove(worker)
                yield _result(worker, idle)
    finally:
        for worker in busy + idle:
            worker.process.kill()
            worker.process.join()


def _set_to_work(idle: list[_Worker], name: str, measure_one: MeasureOne, seconds: float) -> _Worker:
    worker = idle.pop() if idle else _started(measure_one)
    worker.name, worker.deadline = name, time.monotonic() + seconds
    worker.connection.send(name)
    return worker


def _started(measure_one: MeasureOne) -> _Worker:
    here, there = FORK.Pipe()
    process = FORK.Process(target=_serve, args=(there, measure_one), daemon=True)
    with warnings.catch_warnings():
        # Python 3.12 warns of forking beside threads; PyTorch's pool of one thread holds no lock.
        warnings.simplefilter("ignore", DeprecationWarning)
        process.start()
    there.close()
    return _Worker(process, here)


def _serve(connection: Any, measure_one: MeasureOne) -> None:
    while True:
        connection.send(measure_one(connection.recv()))


def _ready(busy: list[_Worker]) -> list[_Worker]:
    answered = multiprocessing.connection.wait([w.connection for w in busy], timeout=1.0)
    return [w for w in busy if w.connection in answered or time.monotonic() > w.deadline]


def _result(worker: _Worker, idle: list[_Worker]) -> Measurement:
    try:
        if worker.connection.poll():
            made: Measurement = worker.connection.recv()
            idle.append(worker)
            return made
        cause = "hangs"
    except (EOFError, ConnectionError):
        worker.process.join()
        cause = f"ends its process ({_ending(worker.process.exitcode)})"
    worker.process.kill()
    worker.process.join()
    made = Measurement(worker.name)
    made.fail("forward", worker.name, cause)
    return made


def _ending(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit status {code}"
