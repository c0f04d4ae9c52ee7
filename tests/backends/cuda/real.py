"""CuPy itself, which can be imported without a driver, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

__all__ = ["of_the_real_cupy"]


def of_the_real_cupy(code: str) -> Any:
    """What a program prints as JSON that runs with CuPy, and with `CUPY_TF32` set."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "CUPY_TF32": "1"},
    )
    if "No module named 'cupy'" in done.stderr:
        pytest.skip("needs the extra 'cuda' (CuPy itself)")
    assert not done.returncode, done.stderr
    return json.loads(done.stdout)
