"""The command in this process, and in one of its own beside a backend that is wrong on purpose."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conformance.broken_backend import install
from unison_conformance.cli import main


@pytest.fixture
def call(capsys):
    """Exit code, standard output and standard error of a command line."""

    def run(*arguments):
        code = main(arguments)
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def command(tmp_path):
    """A process that runs the command, where the device `broken` has the kernel of exp that is given."""

    def run(*arguments, exp="return right(x)", prepare="pass", **settings):
        if not (tmp_path / "broken_backend.py").exists():
            install(tmp_path, exp=exp, prepare=prepare)
        return subprocess.run(
            [sys.executable, "-m", "unison_conformance", *arguments],
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
            **settings,
        )

    return run


@pytest.fixture
def one_line():
    """Whether a text is one line and no traceback; returns it."""

    def check(text):
        lines = [line for line in text.strip().splitlines() if " cases, " not in line]
        assert len(lines) == 1, text
        assert "Traceback" not in text
        return lines[0]

    return check
