"""Worker processes: a case that kills its process or never ends costs that case alone.

# Note [Workers]
A worker is handed a batch of names and answers them in order, so the parent always knows which one it is at: the
first without an answer. If the process ends, that case is a CRASH; if no answer comes in time, it is a HANG and the
process is killed. A new worker takes the rest of the batch. One thread per worker reads its pipe, which works alike
on every system.
"""

from __future__ import annotations

import contextlib
import json
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import astuple
from typing import Any

from unison_conformance.checks import Check
from unison_conformance.errors import BackendMissingError
from unison_conformance.running.run import result_from_json
from unison_conformance.running.verdicts import Result, Verdict
from unison_core import precision

__all__ = ["isolated", "seconds_for"]

_BATCH = 64
_STARTING = 120.0
# How often slow checks and those above level 1 may outlast the limit of an ordinary case.
_SLOW = 10
_SAID = 1500


def seconds_for(case: Any, timeout: float) -> float:
    """What a case may take if an ordinary one may take `timeout`: above level 1 checks train, or fill gigabytes."""
    return timeout * (_SLOW if isinstance(case, Check) and (case.slow or case.level > 1) else 1)


class _Worker:
    def __init__(self, device: str, inbox: queue.Queue[tuple[_Worker, Any]]) -> None:
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        exactness = astuple(precision.allowed())
        self.process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", "unison_conformance.running.worker", device, *exactness],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            encoding="utf-8",
        )
        self.waiting: deque[Any] = deque()
        self.ready = False
        self.since = time.monotonic()
        self.reader = threading.Thread(target=self._read, args=(inbox,), daemon=True)
        self.reader.start()

    def _read(self, inbox: queue.Queue[tuple[_Worker, Any]]) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with contextlib.suppress(ValueError):
                inbox.put((self, json.loads(line)))
        self.process.stdout.close()
        inbox.put((self, None))

    def give(self, batch: Sequence[Any]) -> None:
        self.waiting = deque(batch)
        self.since = time.monotonic()
        assert self.process.stdin is not None
        # A process that has just died says so on its other pipe.
        with contextlib.suppress(OSError):
            self.process.stdin.write("".join(f"{case}\n" for case in batch))
            self.process.stdin.flush()

    def late(self, timeout: float) -> bool:
        if not self.ready:
            return time.monotonic() - self.since > _STARTING
        if not self.waiting:
            return False
        case = self.waiting[0]
        return time.monotonic() - self.since > seconds_for(case, timeout)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self.reader.join()
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        self.errors.close()

    def said(self) -> str:
        """What it wrote to standard error, in one line: the fault handler's report, or the tail."""
        self.errors.seek(0)
        text = self.errors.read().decode(errors="replace").split("\nExtension modules:")[0]
        fatal = text.rfind("Fatal Python error")
        text = text[fatal:][:_SAID] if fatal >= 0 else text[-_SAID:]
        return " | ".join(line.strip() for line in text.splitlines() if line.strip())


def isolated(
    cases: Sequence[Any], device: str, *, jobs: int = 2, timeout: float = 30.0
) -> Generator[Result, None, None]:
    """The results of the cases, as they come, from `jobs` worker processes; `timeout` in seconds for each case.

    Raises:
        BackendMissingError: a worker could not even load the backend.
    """
    batches = deque(cases[i : i + _BATCH] for i in range(0, len(cases), _BATCH))
    inbox: queue.Queue[tuple[_Worker, Any]] = queue.Queue()
    workers = {_Worker(device, inbox) for _ in range(min(jobs, len(batches)))}
    try:
        while workers:
            try:
                worker, message = inbox.get(timeout=min(1.0, timeout / 4))
            except queue.Empty:
                worker = None
            if worker in workers:
                yield from _handle(worker, message, batches, workers, device, inbox)
            for slow in [w for w in workers if w.late(timeout)]:
                yield from _hung(slow, timeout, batches, workers, device, inbox)
    finally:
        for worker in workers:
            worker.end()


def _handle(
    worker: _Worker, message: Any, batches: deque[Any], workers: set[_Worker], device: str, inbox: Any
) -> Iterator[Result]:
    if message is None:
        if not worker.ready:
            raise BackendMissingError(f"a worker for {device} ended before its first case: {worker.said()}")
        yield from _crashed(worker, batches, workers, device, inbox)
        return
    if "failed" in message:
        raise BackendMissingError(
            f"device {device!r} cannot be used in a worker process: {message['failed']}"
        )
    if "ready" in message:
        worker.ready = True
    else:
        worker.waiting.popleft()
        worker.since = time.monotonic()
        yield result_from_json(message)
    if not worker.waiting:
        if batches:
            worker.give(batches.popleft())
        else:
            workers.discard(worker)
            worker.end()


def _crashed(
    worker: _Worker, batches: deque[Any], workers: set[_Worker], device: str, inbox: Any
) -> Iterator[Result]:
    code = worker.process.wait()
    case, seconds = worker.waiting.popleft(), time.monotonic() - worker.since
    text = f"the process ended with {_cause(code)}: {worker.said() or 'it wrote nothing'}"
    _replace(worker, batches, workers, device, inbox)
    yield Result(str(case), Verdict.CRASH, text, seconds=seconds)


def _hung(
    worker: _Worker, timeout: float, batches: deque[Any], workers: set[_Worker], device: str, inbox: Any
) -> Iterator[Result]:
    if not worker.ready:
        raise BackendMissingError(
            f"a worker for {device} did not start within {_STARTING:g} s: {worker.said()}"
        )
    if hasattr(signal, "SIGUSR1"):
        # Its stacks, by the fault handler.
        worker.process.send_signal(signal.SIGUSR1)
        time.sleep(0.2)
    said = worker.said()
    case, seconds = worker.waiting.popleft(), time.monotonic() - worker.since
    _replace(worker, batches, workers, device, inbox)
    yield Result(str(case), Verdict.HANG, f"no answer within {timeout:g} s: {said}", seconds=seconds)


def _replace(worker: _Worker, batches: deque[Any], workers: set[_Worker], device: str, inbox: Any) -> None:
    """Another worker for the rest of its batch."""
    if worker.waiting:
        batches.appendleft(tuple(worker.waiting))
    workers.discard(worker)
    worker.end()
    if batches:
        workers.add(_Worker(device, inbox))


def _cause(code: int) -> str:
    if code >= 0:
        return f"exit status {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
