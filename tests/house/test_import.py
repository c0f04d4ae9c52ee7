"""`import unison` stays light."""

import json
import os
import subprocess
import sys

LIMIT = 1.5
HEAVY = {"cupy", "matplotlib", "numba", "pyopencl", "rich", "scipy", "torch"}


def python(code):
    # With compiled files kept, as an installation has them.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return json.loads(done.stdout)


def test_import_loads_no_device_library():
    loaded = python("import sys, json, unison; print(json.dumps(sorted(sys.modules)))")
    assert not HEAVY & set(loaded)


def test_import_takes_less_than_half_as_long_again_as_numpy():
    def seconds(module):
        return python(
            f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
        )

    # The quickest of several, taken in turn: other work on the machine only ever adds.
    times = [(seconds("numpy"), seconds("unison")) for _ in range(7)]
    numpy, unison = map(min, zip(*times, strict=True))
    assert unison < LIMIT * numpy, f"import unison {unison:.3f} s, import numpy {numpy:.3f} s"
