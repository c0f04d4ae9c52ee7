"""`make gpu-check` on machines without a GPU: it says what is missing, and what it writes is whole."""

import json
import os
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from benchmarks import gpu
from tools.gpu_check import __main__ as command
from tools.gpu_check import needs, source, stages
from tools.gpu_check.page import page
from tools.gpu_check.running import run

ROOT = Path(__file__).resolve().parents[2]
NO_DRIVER = """
class runtime:
    @staticmethod
    def getDeviceCount():
        raise RuntimeError("the driver is a story")
class cuda:
    pass
cuda.runtime = runtime
__version__ = "14.0"
"""


def test_the_source_tree_announces_what_an_installation_does(tmp_path):
    source.announce(tmp_path)
    (found,) = metadata.distributions(path=[str(tmp_path)])
    told = source.project()["project"]
    assert (found.name, found.version) == ("unison", told["version"])
    groups = {"console_scripts": told["scripts"], **told["entry-points"]}
    assert {(e.group, e.name, e.value) for e in found.entry_points} == {
        (group, name, value) for group, entries in groups.items() for name, value in entries.items()
    }


def test_processes_find_unison_and_backends_where_nothing_is_installed(tmp_path, monkeypatch):
    monkeypatch.setattr(source, "WORK", tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    code = (
        "import importlib.metadata as m, unison_core\n"
        "print({e.dist.name for e in m.entry_points(group='unison.backends')})"
    )
    # -S leaves out what is installed.
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env=source.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "{'unison'}", done.stderr


def test_caches_of_libraries_are_inside_the_tree(monkeypatch, tmp_path):
    monkeypatch.setattr(source, "WORK", tmp_path)
    made = source.environment()
    for name in ("CUDA_CACHE_PATH", "CUPY_CACHE_DIR", "TMPDIR", "UNISON_CONFORMANCE_CACHE", "XDG_CACHE_HOME"):
        assert Path(made[name]).is_dir()
        assert Path(made[name]).is_relative_to(tmp_path)


def test_what_is_needed_can_be_carried_or_belongs_to_the_machine():
    assert set(needs.requirements(stages.STAGES)) - set(needs.CARRIED) == {"numpy"}


def test_what_is_missing_or_old_is_named_with_the_way_to_carry_it():
    lacking = needs.missing({"numpy": "1", "pluggy": "999.1", "no-such-package": "1"})
    assert set(lacking) == {"pluggy", "no-such-package"}
    text = needs.complaint({**lacking, "python-flint": "not installed"})
    assert "is older than 999.1" in text
    assert "  no-such-package: not installed" in text
    assert "--carry FOLDER pluggy python-flint\n" in text


def test_of_carried_wheels_only_what_is_missing_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(needs, "WORK", tmp_path / "work")
    for name in ("no_such_package", "numpy"):
        with zipfile.ZipFile(tmp_path / f"{name}-9.9-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{name}-9.9.dist-info/METADATA", f"Name: {name}\nVersion: 9.9\n")
    path = needs.unpacked(tmp_path)
    assert [p.name for p in path] == ["no_such_package-9.9-py3-none-any"]
    assert not needs.missing({"no-such-package": "9"}, path)


@pytest.mark.parametrize(
    ("cupy", "said"),
    [
        (
            "raise ImportError('nothing here')",
            r"CuPy cannot be imported (nothing here); it must be version 14",
        ),
        (NO_DRIVER, "CuPy 14.0 found no NVIDIA GPU that it can use: the driver is a story"),
    ],
    ids=["no-cupy", "no-driver"],
)
def test_without_a_gpu_it_refuses_and_says_why(cupy, said, tmp_path):
    (tmp_path / "cupy.py").write_text(cupy)
    (tmp_path / "torch.py").write_text("raise ImportError('no PyTorch')")
    done = subprocess.run(
        [sys.executable, "-m", "tools.gpu_check"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stdout
    assert said in done.stderr
    assert "PyTorch cannot be imported (no PyTorch)" in done.stderr
    assert "--only tests,conformance" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--only", "test"], "no stage 'test'; there are tests, conformance, benchmarks"),
        (["--limit", "test=3"], "'test=3' gives no seconds for tests, conformance, benchmarks"),
        (["--levels", "4"], "'4' names no levels; there are 0, 1, 2 and 3"),
        (["--carried", "no/such/folder"], "no such folder"),
        (["mpmath"], "'mpmath' names a package, which goes with --carry"),
    ],
)
def test_options_that_mean_nothing_are_refused(words, said, capsys):
    with pytest.raises(SystemExit) as ended:
        command.main(words)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine that needs nothing, with stages as the test wants them."""
    found = {"name": "A GPU (of 1)", "python": "3.12", "platform": "x", "processors": 1, "packages": {}}
    monkeypatch.setattr(command, "_machine", lambda *_, **__: dict(found))
    monkeypatch.setattr(command, "WORK", tmp_path)
    monkeypatch.setattr(needs, "missing", lambda *_: {})

    def check(stage, *words):
        for name in stages.STAGES:
            monkeypatch.setitem(command.STAGES, name, stage)
        code = command.main(["--device", "cuda:0", "--out", str(tmp_path), *words])
        data = json.loads((tmp_path / "gpu-a-gpu-of-1.json").read_text())
        states = {name: part["state"] for name, part in data["stages"].items()}
        return code, states, (tmp_path / "gpu-a-gpu-of-1.md").read_text()

    return check


def test_a_run_that_is_cut_off_leaves_a_report_that_says_so(machine):
    def stage(setting, limit):
        raise KeyboardInterrupt

    code, states, text = machine(stage)
    assert code == 1
    assert states == {"tests": "cut off", "conformance": "not run", "benchmarks": "not run"}
    assert "| tests | cut off |" in text
    assert "| benchmarks | not run |" in text


def test_parts_of_several_calls_are_put_together(machine):
    timed = {"state": "passed", "rows": [], "facts": {}}
    assert machine(lambda *_: timed, "--only", "benchmarks", "--limit", "7")[:2] == (
        0,
        {"tests": "not run", "conformance": "not run", "benchmarks": "passed"},
    )
    failed = {"state": "failed", "runs": [], "failures": [{"repeat": "repeat me", "said": "wrong\nnumber"}]}
    code, states, text = machine(lambda *_: failed, "--only", "tests")
    assert (code, states["tests"], states["benchmarks"]) == (1, "failed", "passed")
    assert "- `repeat me`: wrong number" in text


def test_failures_are_gathered_with_the_command_that_repeats_them():
    results = [
        {"case": f"exp-float32-contiguous-normal-{n}", "verdict": v, "detail": "off"}
        for n, v in enumerate(("PASS", "FAIL", "FAIL"))
    ]
    (found,) = stages._gathered(results, "cuda:0")
    assert (found["subject"], found["count"]) == ("exp", 2)
    assert found["repeat"].endswith("repro 'exp-float32-contiguous-normal-1' --device cuda:0")


def test_the_page_lists_small_calls_that_cost_more_than_pytorchs():
    row = {"group": "small", "torch": 2.0, "unison": 4.0, "first_unison": 0.1, "error": ""}
    rows = [{**row, "case": "slow", "ratio": 0.5}, {**row, "case": "quick", "ratio": 2.0}]
    rows.append({**row, "case": "broken", "ratio": 0.0, "error": "Unison: KernelError: no"})
    machine = {"name": "GPU", "python": "3.12", "platform": "x", "processors": 1, "packages": {}}
    done = {"state": "passed", "seconds": 1.0, "rows": rows, "facts": {"tf32": False}}
    parts = {"tests": {"state": "not run"}, "conformance": {"state": "not run"}, "benchmarks": done}
    text = page({"rehearsal": False, "quick": False, "device": "cuda:0", "machine": machine, "stages": parts})
    slower = text.partition("costs more than PyTorch's")[2]
    assert "| slow | 2.0 | 4.0 | 0.50 |" in slower
    assert "quick" not in slower
    assert "- broken: Unison: KernelError: no" in slower
    assert "geometric mean 1.00" in text


def test_a_command_is_stopped_at_its_limit_with_what_it_started(tmp_path, capsys):
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    ended = run([sys.executable, "-c", code], limit=1.0, environment=os.environ, log=tmp_path / "log")
    assert ended.cut
    assert ended.code != 0
    assert ended.seconds < 20
    pid = int((tmp_path / "log").read_text().splitlines()[0])
    # Its own parent is gone; a zombie may wait for whoever inherited it.
    assert not Path(f"/proc/{pid}/cmdline").is_file() or not Path(f"/proc/{pid}/cmdline").read_bytes()
    assert "stopped: the limit of 1 s is reached" in capsys.readouterr().out


def test_a_case_that_cannot_be_timed_is_a_row_that_says_whose_fault_it_is():
    def fail():
        raise ValueError("no such kernel")

    def nothing():
        return None

    settings = {"block": 1e-4, "blocks": 3}
    row = gpu._measured("small", "x", [lambda: nothing, lambda: fail], (nothing, nothing), settings)
    assert row.error == "Unison: ValueError: no such kernel"
    waits = []
    row = gpu._measured("small", "x", [lambda: nothing] * 2, (nothing, lambda: waits.append(1)), settings)
    assert not row.error
    assert row.ratio > 0
    assert len(waits) > 2 * settings["blocks"]
