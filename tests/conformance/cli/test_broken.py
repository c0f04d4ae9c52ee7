"""Backends that fail, crash, hang or end the process: the command outlives them and says what happened."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.conformance.broken_backend import install

CRASH = "import ctypes; ctypes.string_at(0)"
SOMETIMES = "os._exit(3) if x.shape == (257,) else None; return right(x)"
CASE = "exp-float32-contiguous-ordinary-1"
ON = ("--device", "broken")

COMMANDS = [
    ("run", "--ops", "exp", *ON),
    ("repro", CASE, *ON),
    ("explain", "exp", *ON),
    ("measure", "--ops", "exp", *ON),
    ("compare", "--ops", "exp", "--device", "cpu", *ON),
    ("train", *ON),
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda a: a[0])
def test_backend_that_cannot_load_is_one_line(command, one_line, arguments):
    done = command(*arguments, prepare="raise OSError('no driver')")
    assert (done.returncode, done.stdout) == (3, "")
    assert "no driver. To mend it: none" in one_line(done.stderr)


@pytest.mark.parametrize("arguments", COMMANDS[:3], ids=lambda a: a[0])
def test_backend_that_crashes_as_it_loads_is_one_line(command, one_line, arguments):
    done = command(*arguments, prepare=CRASH)
    assert done.returncode == 5
    assert "ended with SIGSEGV in string_at" in one_line(done.stderr)
    assert "broken_backend_code.py" in done.stderr


def test_doctor_tells_of_backends_in_quarantine_and_of_those_that_crash(command):
    done = command("doctor", prepare="raise OSError('no driver')")
    assert done.returncode == 0
    assert "broken        quarantined, from broken" in done.stdout
    assert "reason: OSError: no driver" in done.stdout


def test_doctor_outlives_a_backend_that_crashes(command):
    done = command("doctor", prepare=CRASH)
    assert done.returncode == 0
    assert "broken        takes down the process that loads it, from broken" in done.stdout
    assert "SIGSEGV" in done.stdout
    assert "cpu           loaded" in done.stdout


@pytest.mark.parametrize(
    ("exp", "says"),
    [
        (CRASH, "ended with SIGSEGV in string_at"),
        ("time.sleep(100)", "gave no answer in time in kernel (broken_backend_code.py"),
        ("os._exit(0)", "ended with exit status 0, before the command was done"),
        ("sys.exit(0)", "the backend ended the process (SystemExit 0)"),
        ("os.abort()", "ended with SIGABRT"),
    ],
    ids=["crash", "hang", "_exit", "exit", "abort"],
)
def test_repro_of_a_case_that_kills_its_process_says_how(command, one_line, exp, says):
    done = command("repro", CASE, *ON, "--timeout", "2", exp=exp)
    assert done.returncode == 5
    assert "input 0: float32[5]" in done.stdout
    assert says in one_line(done.stderr)


def test_compare_goes_on_where_one_device_crashes(command):
    done = command(
        "compare", "--device", "cpu", *ON, "--ops", "exp,permute", "--dtype", "float32", exp=SOMETIMES
    )
    assert done.returncode == 5, done.stdout
    rows = {line.split()[0]: line.split() for line in done.stdout.splitlines() if line[:3] in ("exp", "per")}
    assert rows["permute"][-1] == f"{rows['permute'][1]}/{rows['permute'][1]}"
    assert int(rows["exp"][4]) < int(rows["exp"][1])
    assert "CRASH exp-float32-contiguous-ordinary-8: the process ended with exit status 3" in done.stdout


def test_measure_goes_on_where_a_case_crashes(command):
    done = command("measure", *ON, "--ops", "exp,log", "--dtype", "float32", "--rounds", "1", exp=SOMETIMES)
    assert done.returncode == 5
    assert {"exp", "log"} <= {line.partition(" ")[0] for line in done.stdout.splitlines()}
    assert "CRASH exp-float32-contiguous-ordinary-8" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("run", "--level", "0"), "the run was interrupted after"),
        (("measure", "--ops", "a*,s*"), "conformance: interrupted"),
    ],
    ids=["run", "measure"],
)
def test_ctrl_c_ends_the_command_without_a_traceback(tmp_path, arguments, says):
    install(tmp_path, exp="return right(x)")
    running = subprocess.Popen(
        [sys.executable, "-m", "unison_conformance", *arguments, "--device", "broken"],
        env={**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert running.stderr is not None
    first = running.stderr.readline()
    time.sleep(0.2)
    os.killpg(running.pid, signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert "cases" in first
    assert running.returncode == 6, out + err
    assert says in out + err
    assert "Traceback" not in out + err


def test_a_reader_that_has_gone_is_no_error(tmp_path):
    line = f"{sys.executable} -m unison_conformance list | head -n 1"
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert "Error" not in done.stderr
