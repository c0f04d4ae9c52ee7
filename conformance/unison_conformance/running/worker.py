"""A worker process: names of cases come in on standard input, results go out, a JSON line each.

Standard output belongs to the protocol alone; what the backend prints goes to standard error, where the fault
handler writes too if the process dies. Started by `pool` as `python -m unison_conformance.running.worker DEVICE`.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import signal
import sys
from typing import Any

__all__ = ["main"]


def main(device: str) -> int:
    """Serve until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    faulthandler.enable()
    # The parent decides when to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(faulthandler, "register"):
        faulthandler.register(signal.SIGUSR1)

    def answer(data: Any) -> None:
        answers.write(json.dumps(data) + "\n")
        answers.flush()

    try:
        perform, found = _ready(device)
    except Exception as e:  # noqa: BLE001 - the parent reports it
        answer({"failed": f"{type(e).__name__}: {e}"})
        return 3
    answer({"ready": True})
    from unison_conformance.running.run import result_to_json

    for line in sys.stdin:
        answer(result_to_json(perform(found(line.strip()), device)))
    return 0


def _ready(device: str) -> Any:
    from unison_conformance.running.finding import find
    from unison_conformance.running.perform import perform
    from unison_core import devices

    _ = devices.canonical(device).backend
    with contextlib.suppress(ImportError):
        import flint  # noqa: F401 - so that the first case does not pay for it
    return perform, find


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
