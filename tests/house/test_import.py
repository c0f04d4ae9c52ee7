"""`import unison` stays light."""

import json
import os
import subprocess
import sys

HEAVY = {"cupy", "matplotlib", "numba", "pyopencl", "rich", "scipy", "torch"}
# Loaded when first used. How long the import takes beside NumPy's is measured: `make bench ARGS=imports`.
LATER = {"numpy", "unison.nn", "unison.optim", "unison.utils.data", "unison_cpu"}


def python(code):
    # With compiled files kept, as an installation has them.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return json.loads(done.stdout)


def test_import_loads_no_device_library():
    loaded = python("import sys, json, unison; print(json.dumps(sorted(sys.modules)))")
    assert not (HEAVY | LATER) & set(loaded)
