"""The command: what it prints, its exit codes, and one line for whatever is wrong."""

from __future__ import annotations

import json

import pytest

from tests.conformance.broken_backend import install
from unison_conformance.cli import main


@pytest.fixture
def call(capsys):
    def run(*arguments):
        try:
            code = main(arguments)
        except SystemExit as e:
            code = e.code
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("lst", 2, "did you mean list"),
        ("run --devise cpu", 2, "did you mean --device"),
        ("run --level 7", 2, "no level '7'"),
        ("run --jobs many", 2, "no count"),
        ("run --budget -1", 2, "no number of seconds"),
        ("run --device cpuu", 3, "did you mean cpu"),
        ("run --device strict:9", 3, "has 2 device"),
        ("run --device 7:7", 3, "Invalid device string"),
        ("run --ops expp", 2, "did you mean exp"),
        ("run --dtype flot32", 2, "did you mean float32"),
        ("run --ops exp --waivers /none.toml", 2, "no file of waivers"),
        ("repro exp", 2, "OPERATOR-DTYPE-LAYOUT-VALUES-SAMPLE"),
        ("repro expp-float32-contiguous-ordinary-1", 2, "did you mean exp"),
        ("repro exp-float32-contiguous-ordinary-99999", 2, "samples, counted from 0"),
        ("repro exp-float32-sideways-ordinary-1", 2, "sideways"),
        ("repro exp-float32-contiguous-odd-1", 2, "odd"),
        ("repro check.storage.rond_trip", 2, "did you mean check.storage"),
        ("explain expp", 2, "did you mean exp"),
        ("compare --device cpu", 2, "two devices"),
        ("list --ops nothing*", 2, "no operator or check"),
        ("measure --device nowhere", 3, "nowhere"),
    ],
)
def test_bad_input_is_one_line_with_what_exists_instead(call, line, code, says):
    found, _, err = call(*line.split())
    lines = err.strip().splitlines()
    assert (found, len(lines)) == (code, 1)
    assert says in lines[0]


def test_backend_that_cannot_load_is_one_line(tmp_path):
    import os
    import subprocess
    import sys

    path = install(tmp_path, exp="return x", prepare="raise OSError('no driver')")
    done = subprocess.run(
        [sys.executable, "-m", "unison_conformance", "run", "--device", "broken"],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert len(done.stderr.strip().splitlines()) == 1
    assert "no driver" in done.stderr


def test_missing_oracle_library_is_one_line(call, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "flint", None)
    code, _, err = call("run", "--ops", "exp", "--jobs", "0")
    assert (code, len(err.strip().splitlines())) == (7, 1)
    assert "unison[conformance]" in err


def test_run_prints_counts_level_and_code_and_writes_reports(call, tmp_path):
    path = tmp_path / "run.json"
    code, out, _ = call("run", "--ops", "exp", "--jobs", "0", "--json", str(path))
    assert code == 0
    assert "PASS" in out
    assert "exit code 0" in out
    data = json.loads(path.read_text())
    assert data["schema"] == 1
    assert {r["verdict"] for r in data["results"]} == {"PASS"}


def test_run_prints_failures_with_the_command_that_repeats_them(call, monkeypatch):
    from unison_core import devices
    from unison_core.operator import registry

    table, device = registry["exp"].table, devices.canonical("cpu")
    right = table[device]
    monkeypatch.setitem(table, device, lambda x: right(x) + 1)
    code, out, _ = call("run", "--ops", "exp", "--jobs", "0")
    assert code == 1
    assert "conformance repro exp-float32-contiguous-ordinary-0 --device cpu" in out


def test_run_with_expired_waiver_and_unexpected_pass_is_8(call, tmp_path):
    path = tmp_path / "w.toml"
    entry = '[[waiver]]\ncase = "{}"\nreason = "r"\npointer = "p"\nexpires = {}\n'
    path.write_text(entry.format("none-*", "2001-01-01"))
    assert call("run", "--ops", "exp", "--jobs", "0", "--waivers", str(path))[0] == 8
    path.write_text(entry.format("exp-float32-contiguous-ordinary-1", "2999-01-01"))
    assert call("run", "--ops", "exp", "--jobs", "0", "--waivers", str(path))[0] == 8


def test_run_of_what_the_device_does_not_have_is_inconclusive(call):
    assert call("run", "--device", "strict:1", "--ops", "exp", "--dtype", "float64", "--jobs", "0")[0] == 6


def test_list_is_the_list_of_the_run(call):
    code, out, err = call("list", "--ops", "exp")
    names = out.split()
    assert code == 0
    assert "exp-float32-contiguous-ordinary-0" in names
    assert err.startswith(f"{len(names)} cases")
    assert call("list", "--ops", "exp", "--count")[1].startswith(f"{len(names)} cases")


def test_repro_shows_inputs_result_reference_limit_and_kernel(call):
    code, out, _ = call("repro", "exp-float32-contiguous-ordinary-2")
    assert code == 0
    for word in ("kernel (numpy.exp)", "input 0: float32[2, 3]", "got", "wanted", "limit 3 ULP: OCL", "PASS"):
        assert word in out


def test_explain_names_family_sources_and_samples(call):
    code, out, _ = call("explain", "matmul")
    assert code == 0
    for word in ("kernel", "limits of the family", "DER", "samples", "cannot be multiplied", "oracle"):
        assert word in out


def test_compare_counts_passes_and_equal_bits(call):
    code, out, _ = call("compare", "--device", "cpu", "--device", "strict:0", "--ops", "permute,add")
    assert code == 0
    row = next(line.split() for line in out.splitlines() if line.startswith("permute"))
    cases = row[1]
    assert row[-1] == f"{cases}/{cases}"


def test_measure_gives_the_worst_error_with_its_input(call):
    code, out, _ = call("measure", "--ops", "exp", "--rounds", "1")
    row = next(line for line in out.splitlines() if line.startswith("exp"))
    assert code == 0
    assert "(0x" in row
    assert 0 < float(row.split()[2]) <= 3


def test_doctor_names_backends_claims_and_the_list(call):
    _, out, _ = call("doctor")
    for word in ("Suite", "SHA-256", "python-flint", "strict:1", "badges"):
        assert word in out
