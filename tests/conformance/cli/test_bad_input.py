"""Bad input: one line that says what is wrong and what exists instead, and the contract's exit code."""

from __future__ import annotations

import json

import pytest

from unison_conformance.errors import SuiteError


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("", 2, "COMMAND"),
        ("lst", 2, "did you mean list"),
        ("run --devise cpu", 2, "did you mean --device"),
        ("run --level 7", 2, "no level '7'"),
        ("run --jobs many", 2, "no count"),
        ("run --seed -1", 2, "no count"),
        ("run --budget -1", 2, "no number of seconds"),
        ("run --timeout soon", 2, "no number of seconds"),
        ("run --device cpuu", 3, "did you mean cpu"),
        ("run --device strict:9", 3, "has 2 device"),
        ("run --device 7:7", 3, "Invalid device string"),
        ("run --ops expp", 2, "did you mean exp"),
        ("run --dtype flot32", 2, "did you mean float32"),
        ("run --ops exp --waivers /none.toml", 2, "no file of waivers"),
        ("run --ops exp --json /none/r.json", 2, "cannot write /none/r.json: No such file"),
        ("run --ops exp --html /", 2, "it is a folder"),
        ("list --ops nothing*", 2, "no operator or check"),
        ("list --level L9", 2, "there is no level"),
        ("list --dtype float33", 2, "did you mean float32"),
        ("repro exp", 2, "OPERATOR-DTYPE-LAYOUT-VALUES-SAMPLE"),
        ("repro expp-float32-contiguous-ordinary-1", 2, "did you mean exp"),
        ("repro exp-flot32-contiguous-ordinary-1", 2, "did you mean float32"),
        ("repro exp-float32-contiguous-ordinary-99999", 2, "samples, counted from 0"),
        ("repro exp-float32-sideways-ordinary-1", 2, "there are contiguous"),
        ("repro exp-float32-contiguous-odd-1", 2, "not tried with values 'odd', but with"),
        ("repro check.storage.rond_trip", 2, "did you mean check.storage"),
        ("repro exp-float32-contiguous-ordinary-1 --device no", 3, "Device types here: cpu"),
        ("explain", 2, "OP"),
        ("explain expp", 2, "did you mean exp"),
        ("explain exp --device no", 3, "Device types here: cpu"),
        ("compare --device cpu", 2, "two devices"),
        ("compare --device cpu --device cpu", 2, "two devices"),
        ("compare --device cpu --device no", 3, "Device types here: cpu"),
        ("compare --device cpu --device strict --ops check.storage.*", 2, "no calls of operators"),
        ("measure --device nowhere", 3, "nowhere"),
        ("measure --ops permute --dtype int32", 2, "nothing to measure"),
        ("measure --ops exp --rounds 0", 2, "nothing to measure"),
        ("measure --rounds few", 2, "no count"),
        ("train --device no", 3, "Device types here: cpu"),
        ("mutate --device no", 3, "Device types here: cpu"),
        ("mutate --device strict", 2, "use --device cpu"),
        ("mutate --only nothing", 2, "kinds are axes"),
        ("diff one.json", 2, "NEW"),
        ("diff /none.json /none.json", 2, "No such file"),
        ("report", 2, "--schema"),
        ("report /none.json", 2, "No such file"),
        ("report /", 2, "Is a directory"),
        ("verify /none.json", 2, "No such file"),
        ("verify /none.json --jobs x", 2, "no count"),
        ("doctor --loud", 2, "unrecognized arguments: --loud"),
        ("new-backend", 2, "NAME"),
    ],
)
def test_bad_input_is_one_line_with_what_exists_instead(call, one_line, line, code, says):
    found, out, err = call(*line.split())
    assert (found, out) == (code, "")
    assert says in one_line(err)


@pytest.fixture
def report(call, tmp_path):
    """A whole report as plain data, and how to write it back."""
    path = tmp_path / "r.json"
    call("run", "--ops", "exp", "--jobs", "0", "--json", str(path))
    return path, json.loads(path.read_text())


@pytest.mark.parametrize("command", ["report", "verify", "diff"])
@pytest.mark.parametrize(
    ("spoil", "code", "says"),
    [
        (lambda text: text[: len(text) // 2], 2, "cut off"),
        (lambda text: "", 2, "not JSON"),
        (lambda text: "[1, 2]", 2, "no report"),
        (lambda text: '{"a": 1}', 2, "no field 'schema'"),
        (lambda text: text.replace('"schema": 1', '"schema": 99'), 4, "this suite reads 1"),
        (lambda text: text.replace('"PASS"', '"PAST"', 1), 2, "PAST"),
        (lambda text: text.replace('"results"', '"resulds"'), 2, "lacks results"),
        (lambda text: text.replace('"seconds"', '"secunds"', 1), 2, "secunds"),
    ],
)
def test_spoilt_reports_are_one_line(call, one_line, report, command, spoil, code, says):
    path, _ = report
    path.write_text(spoil(path.read_text()))
    found, out, err = call(command, *[str(path)] * (2 if command == "diff" else 1))
    assert (found, out) == (code, "")
    assert says in one_line(err)


def test_a_file_of_other_bytes_is_no_report(call, one_line, tmp_path):
    (tmp_path / "r.json").write_bytes(bytes(range(128, 256)))
    code, _, err = call("report", str(tmp_path / "r.json"))
    assert code == 2
    assert "no text file" in one_line(err)


def test_reports_of_another_suite_are_verified_by_that_suite(call, one_line, report):
    path, data = report
    path.write_text(json.dumps({**data, "suite": "0.9"}))
    code, _, err = call("verify", str(path))
    assert code == 4
    assert "is of suite 0.9, this is 1.0" in one_line(err)


def test_reports_of_another_list_of_cases_are_the_suites_matter(call, one_line, report):
    path, data = report
    path.write_text(json.dumps({**data, "case_list": "0" * 64}))
    code, _, err = call("verify", str(path))
    assert code == 7
    assert "another list of cases" in one_line(err)


def test_reports_of_runs_cut_short_have_nothing_to_verify(call, one_line, report):
    path, data = report
    path.write_text(json.dumps({**data, "options": {**data["options"], "ops": []}}))
    code, _, err = call("verify", str(path))
    assert code == 2
    assert "cut short" in one_line(err)


def test_reports_of_runs_that_allowed_less_than_float32_are_not_verified(call, one_line, report):
    path, data = report
    assert data["environment"]["float32 products"] == "highest"
    path.write_text(json.dumps({**data, "environment": {**data["environment"], "float32 products": "high"}}))
    code, _, err = call("verify", str(path))
    assert code == 2
    assert "was made with float32 products at high: that is no run of the contract" in one_line(err)


def test_another_case_list_than_the_versions_is_one_line_and_doctor_says_so(call, one_line, monkeypatch):
    from unison_conformance.cli import doctor
    from unison_conformance.running import conduct

    def wrong():
        raise SuiteError("the cases of core are not those of suite 1.0")

    monkeypatch.setattr(conduct, "check_list", wrong)
    monkeypatch.setattr(doctor, "check_list", wrong)
    code, _, err = call("run")
    assert code == 7
    assert "not those of suite" in one_line(err)
    code, out, _ = call("doctor")
    assert code == 7
    assert "not in order: the cases of core are not those of suite 1.0" in out


def test_missing_oracle_library_is_one_line(call, one_line, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "flint", None)
    code, _, err = call("run", "--ops", "exp", "--jobs", "0")
    assert code == 7
    assert "unison[conformance]" in one_line(err)


def test_a_bug_of_the_suite_is_one_line_that_says_where(call, one_line, monkeypatch):
    from unison_conformance.cli import list as subcommand

    def wrong(options):
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(subcommand, "run", wrong)
    code, _, err = call("list")
    assert code == 7
    assert "test_bad_input.py" in one_line(err)
    assert "ZeroDivisionError: by zero" in err
