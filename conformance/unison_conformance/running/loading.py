"""Whether a backend can be loaded at all, tried where it can do no harm."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence

__all__ = ["trouble_loading"]

_SECONDS = 60.0
_DONE = "all tried"
# Refusals are no trouble: the record of the backend tells of them.
_PROGRAM = f"""
import contextlib, faulthandler, sys
import unison
from unison_core import errors, plugins
faulthandler.enable()
for name in sys.argv[1:]:
    with contextlib.suppress(errors.UnisonError):
        plugins.load(name)
print("{_DONE}", end="")
"""


def trouble_loading(names: Sequence[str]) -> dict[str, str]:
    """The backends that end the process which loads them, each with how it ended, in a line.

    One process tries all of them; only if it does not live, each has one of its own.
    """
    return {n: text for n in names if (text := _trouble([n]))} if _trouble(names) else {}


def _trouble(names: Sequence[str]) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-c", _PROGRAM, *names],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it does not come to an end within {_SECONDS:g} s"
    if done.returncode >= 0:
        return "" if done.stdout.endswith(_DONE) else f"the process ends with exit status {done.returncode}"
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    said = next((" ".join(lines[i : i + 3]) for i, line in enumerate(lines) if line.startswith("Fatal")), "")
    try:
        cause = signal.Signals(-done.returncode).name
    except ValueError:
        cause = f"signal {-done.returncode}"
    return f"the process ends with {cause}: {said or ' '.join(lines[-2:]) or 'it wrote nothing'}"
