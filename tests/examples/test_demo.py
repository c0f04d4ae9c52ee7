"""The demonstration finds devices, survives those that fail, and measures agreement."""

import math
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import unison
from examples.demo import devices, runs
from examples.demo.agreement import table
from examples.demo.progress import needs, progress
from examples.demo.runs import Job, Run, run
from unison import nn

ROOT = Path(__file__).resolve().parents[2]


def little_job(steps=4, train=None):
    def learn(device, steps, seed, on_step):
        model = nn.Linear(2, 1)
        for step in range(steps):
            loss = (model(unison.ones(1, 2)) ** 2).sum()
            model.zero_grad()
            loss.backward()
            on_step(step, loss.item() + seed, model)
        return SimpleNamespace(accuracy=0.5)

    return Job("little", "Little", steps, train or learn, lambda result: f"{result.accuracy:.0%}")


def test_run_records_losses_first_gradients_and_outcome():
    record = run(little_job(), "cpu", 0, math.inf, lambda step, loss: None)
    assert len(record.losses) == 4
    assert sorted(record.first_gradients) == ["bias", "weight"]
    assert len(record.first_gradients["weight"]) == 2
    assert (record.outcome, record.failure) == ("50%", "")


def test_run_stops_a_slow_device_and_says_so():
    record = run(little_job(), "cpu", 0, 0.0, lambda step, loss: None)
    assert len(record.losses) == 1
    assert record.outcome == "stopped after 1 of 4 steps: 0 s were over"


def test_the_first_step_takes_as_long_as_it_takes(monkeypatch):
    """A device may compile in it: 100 s pass before it ends, one in each step after it."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(runs, "time", SimpleNamespace(perf_counter=lambda: clock.now))
    job = little_job()

    def train(device, steps, seed, on_step):
        def slow(step, loss, model):
            clock.now += 100 if step == 0 else 1
            on_step(step, loss, model)

        return job.train(device, steps, seed, slow)

    assert run(little_job(train=train), "cpu", 0, 3.5, lambda step, loss: None).outcome == "50%"
    assert run(little_job(train=train), "cpu", 0, 1.5, lambda step, loss: None).outcome.startswith(
        "stopped after 3 of"
    )


def test_run_records_a_failure():
    def fail(**_):
        raise RuntimeError("no such kernel")

    record = run(little_job(train=fail), "cpu", 0, math.inf, lambda step, loss: None)
    assert record.failure == "RuntimeError: no such kernel"


def test_table_shows_the_largest_differences():
    reference = Run("cpu", [2.0, 1.0], {"w": [4.0, -8.0]}, 1.0, "fine")
    other = Run("other", [2.0, 1.5], {"w": [4.0, -6.0]}, 1.0, "fine")
    broken = Run("broken", failure="RuntimeError: no")
    heading, first, second, third = table([reference, other, broken])
    assert heading[0] == "device"
    assert first[3:6] == ("reference",) * 3
    assert second[3:6] == ("2.5e-01", "5.0e-01", "5.0e-01")
    assert third[-1] == "RuntimeError: no"


def test_table_does_not_pass_over_nan():
    reference = Run("cpu", [2.0, 1.0], {"w": [1.0]})
    other = Run("other", [math.nan, 1.0], {"w": [1.0]})
    assert table([reference, other])[2][3:6] == ("same bits", "nan", "nan")


def test_devices_found_leaves_out_what_cannot_train(monkeypatch):
    def record(name, status, names, reason="", fix=""):
        return SimpleNamespace(name=name, status=status, origin="o", reason=reason, fix=fix, devices=names)

    records = [
        record("meta", "loaded", ("meta",)),
        record("cpu", "loaded", ("cpu",)),
        record("bad", "quarantined", (), "no driver", "install one"),
        record("none", "loaded", ()),
    ]
    monkeypatch.setattr(devices.unison, "backends", lambda: records)
    found = devices.devices_found()
    why = {one.device: one.why_not for one in found}
    assert found[0] == devices.Found("cpu")
    assert why["meta"].startswith("it holds no data")
    assert why["bad"] == "no driver; to mend it: install one"
    assert why["none"] == "it has no device here"


def test_progress_writes_plain_lines_when_not_on_a_terminal(capsys):
    with progress("Job on cpu", 10) as show:
        for step in range(10):
            show(step, 0.5)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 6
    assert lines[-1].split() == ["Job", "on", "cpu", "step", "10/10", "loss", "0.5000"]


def test_missing_library_names_the_extra():
    assert "pip install 'unison[demo]'" in str(needs("demo", ImportError(name="rich")))


def test_demo_refuses_a_device_that_is_not_there():
    done = subprocess.run(
        [sys.executable, "-m", "examples.demo", "--devices", "nonesuch"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "cannot train on nonesuch" in done.stderr


def test_plot_has_a_panel_a_device(tmp_path):
    pytest.importorskip("matplotlib", reason="needs the extra 'demo'")
    from examples.demo.plots import draw

    path = draw(little_job(), [Run("cpu", [2.0, 1.0]), Run("other", [2.0, 1.1])], tmp_path / "new")
    head = path.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = int.from_bytes(head[16:20]), int.from_bytes(head[20:24])
    assert width == pytest.approx(10 / 3.6 * height, rel=0.02)
