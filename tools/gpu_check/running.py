"""A command with a time limit: what it prints is shown and kept, and a sign of life is given while it says nothing."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.gpu_check.source import ROOT

__all__ = ["Ended", "run"]

_QUIET = 30.0
_GRACE = 20.0
"""Seconds between Ctrl-C and the end by force: reports are written then."""


@dataclass(frozen=True)
class Ended:
    """How it ended: exit code, seconds, whether at its limit, and its last lines."""

    code: int
    seconds: float
    cut: bool
    tail: tuple[str, ...]


def run(command: Sequence[str], *, limit: float, environment: Mapping[str, str], log: Path) -> Ended:
    """Run a command from the root of the tree; at its limit it is stopped as by Ctrl-C, then by force."""
    print(f"$ {' '.join(command)}", flush=True)
    start = time.monotonic()
    tail: deque[str] = deque(maxlen=40)
    # A session of its own, so that its workers end with it.
    child = subprocess.Popen(
        command,
        cwd=ROOT,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    cut = threading.Event()
    alarm = threading.Timer(limit, _at_limit, (child, cut, limit))
    alarm.start()
    try:
        with log.open("a", encoding="utf-8") as kept:
            for line in _lines(child, limit):
                print(line, end="", flush=True)
                print(line, end="", file=kept, flush=True)
                tail.append(line.rstrip())
        code = child.wait()
    finally:
        alarm.cancel()
        _stop(child)
    return Ended(code, time.monotonic() - start, cut.is_set(), tuple(tail))


def _lines(child: subprocess.Popen[str], limit: float) -> Iterator[str]:
    """What it prints; while that is nothing, how long it has been running is shown."""
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_read, args=(child, lines), daemon=True).start()
    start = time.monotonic()
    while True:
        try:
            line = lines.get(timeout=_QUIET)
        except queue.Empty:
            print(f"... {time.monotonic() - start:.0f} s of {limit:.0f} s", flush=True)
            continue
        if line is None:
            return
        yield line


def _read(child: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
    assert child.stdout is not None
    with child.stdout:
        for line in child.stdout:
            lines.put(line)
    lines.put(None)


def _at_limit(child: subprocess.Popen[str], cut: threading.Event, limit: float) -> None:
    cut.set()
    print(f"stopped: the limit of {limit:.0f} s is reached", flush=True)
    _stop(child)


def _stop(child: subprocess.Popen[str]) -> None:
    """End the group that is left of it: what answers Ctrl-C has some seconds for that."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(_GRACE)
        os.killpg(child.pid, signal.SIGKILL)
