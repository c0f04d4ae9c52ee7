import subprocess
import sys
from types import SimpleNamespace

import numpy as np

import unison
from unison.cli import info, main


def test_info_names_versions_and_memory(capsys):
    assert main(["info"]) == 0
    out = capsys.readouterr().out
    assert f"Unison {unison.__version__}" in out
    assert np.__version__ in out
    assert "host: " in out


def test_info_lists_the_cpu_as_loaded():
    done = subprocess.run(
        [sys.executable, "-m", "unison", "info"], capture_output=True, text=True, check=True
    )
    cpu = next(line for line in done.stdout.splitlines() if line.split()[:1] == ["cpu"])
    assert cpu.split()[1] == "loaded"


def test_info_gives_reason_and_fix_of_a_quarantined_backend(monkeypatch):
    bad = SimpleNamespace(
        name="bad",
        status="quarantined",
        origin="unison-bad",
        reason="no driver",
        fix="install it",
        devices=(),
    )
    monkeypatch.setattr(info.unison, "backends", lambda: [bad])
    lines = [" ".join(line.split()) for line in info.report().splitlines()]
    assert "bad quarantined from unison-bad" in lines
    assert "reason: no driver" in lines
    assert "fix: install it" in lines


def test_info_says_when_there_is_no_backend(monkeypatch):
    monkeypatch.setattr(info.unison, "backends", list)
    assert "Run pip install unison" in info.report()


def test_info_names_the_extra_of_a_missing_library(monkeypatch):
    monkeypatch.setattr(info, "OPTIONAL", {"surely-not-installed": "opencl"})
    assert "surely-not-installednot installed (extra 'opencl')" in info.report().replace("  ", "")


def test_info_gives_reason_and_fix_of_a_quarantined_overlay(monkeypatch):
    bad = SimpleNamespace(
        name="fast", status="quarantined", origin="unison-fast", reason="no library", fix="get it", devices=()
    )
    monkeypatch.setattr(info.plugins, "overlays", lambda: [bad])
    lines = [" ".join(line.split()) for line in info.report().splitlines()]
    place = lines.index("fast quarantined from unison-fast")
    assert lines[place - 1].startswith("Overlays")
    assert lines[place + 1 : place + 3] == ["reason: no library", "fix: get it"]
