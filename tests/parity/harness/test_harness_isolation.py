"""Operators that crash or hang beyond any signal cost themselves alone."""

import faulthandler
import os
import signal
import time

import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")

from tests.parity.harness.isolate import measure_all  # noqa: E402
from tests.parity.harness.measure import Measurement  # noqa: E402


def measure_one(name):
    if name == "crashes":
        faulthandler.disable()  # its report would stand among those of the tests
        os.kill(os.getpid(), signal.SIGSEGV)
    if name == "exits":
        os._exit(3)
    if name == "hangs":
        time.sleep(60)
    made = Measurement(name)
    made.tally("forward").passed = 1
    return made


@pytest.mark.parametrize("jobs", [1, 2])
def test_measure_all_survives_what_operators_do(jobs):
    names = ["good", "crashes", "hangs", "fine", "exits", "well"]
    made = {m.name: m for m in measure_all(names, measure_one, jobs=jobs, seconds=1.0)}
    assert list(made) == names or jobs > 1
    assert {n for n, m in made.items() if m.status == "carried"} == {"good", "fine", "well"}
    assert made["crashes"].failures["forward"].reason == "ends its process (SIGSEGV)"
    assert made["exits"].failures["forward"].reason == "ends its process (exit status 3)"
    assert made["hangs"].failures["forward"].reason == "hangs"
