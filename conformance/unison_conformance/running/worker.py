"""A worker process: names of cases come in on standard input, results go out, a JSON line each.

Standard output belongs to the protocol alone; what the backend prints goes to standard error, where the fault
handler writes too if the process dies. Started by `pool` as `python -m unison_conformance.running.worker DEVICE MATMUL
CONVOLUTION`: the parent's precision of float32 products is the worker's.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from unison_core import precision

if TYPE_CHECKING:
    from unison_conformance.running.verdicts import Result

__all__ = ["main"]


def main(device: str, matmul: str, convolution: str) -> int:
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
        precision.allow(matmul=matmul, convolution=convolution)
        perform = _ready(device)
    except Exception as e:  # noqa: BLE001 - the parent reports it
        answer({"failed": f"{type(e).__name__}: {e}"})
        return 3
    answer({"ready": True})
    from unison_conformance.running.run import result_to_json

    for line in sys.stdin:
        answer(result_to_json(perform(line.strip())))
    return 0


def _ready(device: str) -> Callable[[str], Result]:
    """What answers a line, the backend loaded and the device opened."""
    from unison_conformance.cases.case import Case
    from unison_conformance.running.bits import WORD, bits_of
    from unison_conformance.running.finding import find
    from unison_conformance.running.perform import perform
    from unison_core import devices

    _open(devices.canonical(device))
    with contextlib.suppress(ImportError):
        import flint  # noqa: F401 - so that the first case does not pay for it

    def done(line: str) -> Result:
        # Names of checks may hold spaces.
        word, _, rest = line.partition(" ")
        case = find(rest if word == WORD else line)
        return bits_of(case, device) if word == WORD and isinstance(case, Case) else perform(case, device)

    return done


def _open(device: Any) -> None:
    """A number there and back: contexts and compilers may take seconds to start, which no case is to pay for."""
    import numpy as np

    backend = device.backend
    # What is wrong with the way is for the cases to say.
    with contextlib.suppress(Exception):
        backend.to_host(backend.from_host(np.zeros(1, np.float32), device))
        backend.synchronize(device)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
