"""The guard: the command runs in a process of its own, so that a backend which takes it down is a line, not silence.

# Note [The guard]
Cases have their workers; but a driver may crash while it loads, and `repro`, `explain` and `train` call the backend
themselves. The process that was started stays free of the backend, and of all that could fail to import: it hands the
command line to a child, which writes its fault handler's report to a file, and turns a violent end into one line and
exit code 5. Started within a process (`main([...])`), the command runs there.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from unison_conformance.faults import where

__all__ = ["CODE", "allow", "enter", "guarded", "leave"]

CODE = 5
"""Crash or hang."""

_DONE = "done"
_FILE = "UNISON_CONFORMANCE_FAULTS"

_faults: IO[str] | None = None


def guarded(arguments: Sequence[str]) -> int:
    """Carry out a command line in a child; returns its exit code, or 5 if it did not live to give one."""
    with tempfile.NamedTemporaryFile(
        "r", prefix="conformance-", encoding="utf-8", errors="replace"
    ) as faults:
        child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", "unison_conformance", *arguments], env={**os.environ, _FILE: faults.name}
        )
        # Ctrl-C reaches the child as well, and the child says what was done by then.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda number, frame: child.send_signal(number))
        code = child.wait()
        said = faults.read()
    if code >= 0 and said.endswith(_DONE):
        return code
    if -code in {signal.SIGINT, signal.SIGTERM, signal.SIGPIPE}:
        return 128 - code
    how = "gave no answer in time" if said.startswith("Timeout") else f"ended with {_name(code)}"
    print(f"conformance: the process {how}{where(said)}", file=sys.stderr)
    return CODE


def enter() -> bool:
    """Whether this process is a guard's child; then its faults are written where the guard looks."""
    global _faults
    path = os.environ.pop(_FILE, "")
    if not path:
        return False
    _faults = Path(path).open("w", encoding="utf-8")  # noqa: SIM115 - the fault handler keeps it
    faulthandler.enable(_faults)
    return True


def allow(seconds: float) -> None:
    """End this process, as a hang, if it is not told otherwise by then; 0 takes that back."""
    if _faults is not None:
        faulthandler.cancel_dump_traceback_later()
        if seconds:
            faulthandler.dump_traceback_later(seconds, exit=True, file=_faults)


def leave(code: int) -> int:
    """Tell the guard that the command came to its end; gives back the code."""
    if _faults is not None:
        faulthandler.disable()
        _faults.write(_DONE)
        _faults.flush()
    return code


def _name(code: int) -> str:
    if code >= 0:
        return f"exit status {code}, before the command was done"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
