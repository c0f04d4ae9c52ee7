"""The tools behind `make check`, and `make` itself."""

import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from tools import oclgrind, size_table

ROOT = Path(__file__).resolve().parents[2]

SOURCE = '''"""A docstring
of two lines."""

# A comment.
import os  # and another


def f(x):
    """Said."""
    return """not a
    docstring""" + x
'''


def test_code_lines_leave_out_blanks_comments_and_docstrings(tmp_path):
    path = tmp_path / "a.py"
    path.write_text(SOURCE)
    assert size_table.code_lines(path) == 4


@pytest.fixture
def little_house(tmp_path, monkeypatch):
    for part, theme in (("core/ops", "reduction"), ("core/ops", "_random"), ("tests/ops", "test_reduction")):
        (tmp_path / part).mkdir(parents=True, exist_ok=True)
        (tmp_path / part / f"{theme}.py").write_text("x = 1\n" * 10)
    monkeypatch.setattr(size_table, "ROOT", tmp_path)
    monkeypatch.setattr(size_table, "BUDGETS", {"core": 20, "tests": 20})


def test_size_table_counts_by_part_and_theme(little_house, capsys):
    assert size_table.main() == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["core", "2", "20", "20"] in rows
    assert ["reduction", "10", "10"] in rows
    assert not any(row[:1] == ["random"] for row in rows)


def test_size_table_fails_above_a_budget(little_house, monkeypatch, capsys):
    monkeypatch.setattr(size_table, "BUDGETS", {"core": 19, "tests": 20})
    monkeypatch.setattr(size_table, "FILE_BUDGET", 9)
    monkeypatch.setattr(size_table, "TABLES", {"core/ops/_random.py": 10})
    assert size_table.main() == 1
    assert capsys.readouterr().err.splitlines() == [
        "above budget: core/ops/reduction.py: 10 lines, budget 9",
        "above budget: tests/ops/test_reduction.py: 10 lines, budget 9",
        "above budget: core: 20 lines of code, budget 19",
    ]


def test_import_contract_names_what_is_not_allowed():
    pytest.importorskip("importlinter", reason="needs the extra 'dev'")
    from tools.import_contracts import OnlyExternals

    imports = {"p": {"pluggy", "os"}, "p.a": {"numpy", "p"}}
    graph = SimpleNamespace(
        find_descendants=lambda package: {"p.a"},
        find_modules_directly_imported_by=lambda module: imports[module],
    )
    contract = OnlyExternals("only", {}, {"package": "p", "allowed": ["pluggy"]})
    check = contract.check(graph, verbose=False)
    assert not check.kept
    assert check.metadata["offences"] == [("p.a", "numpy")]


def test_make_refuses_an_old_python(tmp_path):
    old = tmp_path / "python"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = subprocess.run(
        ["make", "demo", f"PYTHON={old}", f"VENV={tmp_path / 'venv'}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "Unison needs Python 3.11 or newer" in done.stderr


def test_oclgrinds_complaints_are_counted_by_kernel(tmp_path):
    log = tmp_path / "oclgrind.log"
    race = "\nWrite-write data race at global memory address 0x{}\n\tKernel: f\n\t\n\tFirst entity:  Global(1,0,0)\n"
    log.write_text(
        race.format("1000000000002")
        + "\t\n\tSecond entity: Global(0,0,0)\n\t\n"
        + "\nInvalid write of size 4 at global memory address 0x1000000000010\n\tKernel: f\n\tEntity: Global(3,0,0)\n\n"
        + race.format("1000000000009")
    )
    assert oclgrind.complaints(log) == {
        "Write-write data race (kernel f)": 2,
        "Invalid write of size 4 (kernel f)": 1,
    }
    assert not oclgrind.complaints(tmp_path / "nothing.log")
