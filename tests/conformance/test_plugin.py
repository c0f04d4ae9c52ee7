"""`pytest --pyargs unison_conformance --device NAME`, as a backend's authors run it: in a folder of their own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conformance.broken_backend import install


@pytest.fixture
def run_suite(tmp_path):
    def run(device, only, *, exp="return right(x)"):
        path = install(tmp_path, exp=exp)
        plugin = ["-p", "unison_conformance.pytest_plugin", "-p", "no:cacheprovider"]
        selected = ["--pyargs", "unison_conformance", "--device", device, "-k", only]
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *plugin, *selected],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_suite_passes_on_a_right_kernel(run_suite):
    done = run_suite("broken", "broken-exp-float32-contiguous-ordinary")
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


def test_suite_fails_on_a_wrong_kernel_with_the_command_that_repeats_it(run_suite):
    done = run_suite("broken", "broken-exp-float32-contiguous-ordinary", exp="return right(right(x))")
    assert done.returncode == 1
    assert "repeat  conformance repro exp-float32-contiguous-ordinary-1 --device broken" in done.stdout
    assert "must be" in done.stdout


def test_unknown_device_is_said(run_suite):
    done = run_suite("borken", "exp")
    assert done.returncode != 0
    assert "did you mean broken" in done.stdout
