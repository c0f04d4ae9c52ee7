"""The command: what it prints on a good day, and its exit codes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from unison_conformance.cli import COMMANDS
from unison_core import precision


def test_help_names_every_subcommand(call):
    code, out, _ = call("--help")
    assert code == 0
    for name in COMMANDS:
        assert f"    {name.replace('_', '-')} " in out or f"    {name.replace('_', '-')}\n" in out


def test_run_prints_counts_level_and_code_and_writes_reports(call, tmp_path):
    paths = {kind: tmp_path / f"run.{kind}" for kind in ("json", "html", "junit")}
    options = [w for kind, path in paths.items() for w in (f"--{kind}", str(path))]
    code, out, _ = call("run", "--ops", "exp", "--jobs", "0", *options)
    assert code == 0
    assert re.search(r"^\d+ PASS$", out, re.MULTILINE)
    assert "exit code 0" in out
    data = json.loads(paths["json"].read_text())
    assert data["schema"] == 1
    assert {r["verdict"] for r in data["results"]} == {"PASS"}
    assert paths["html"].read_text().startswith("<!doctype html>")
    assert paths["junit"].read_text().startswith("<?xml")


@pytest.fixture
def wrong_exp(monkeypatch):
    """cpu's exp is off by one."""
    from unison_core import devices
    from unison_core.operator import registry

    table, device = registry["exp"].table, devices.canonical("cpu")
    right = table[device]
    monkeypatch.setitem(table, device, lambda x: right(x) + 1)


def test_run_prints_failures_gathered_with_the_command_that_repeats_them(call, wrong_exp):
    code, out, _ = call("run", "--ops", "exp", "--jobs", "0")
    assert code == 1
    assert "FAIL exp-float32-contiguous-ordinary-0: " in out
    assert "repeat  conformance repro exp-float32-contiguous-ordinary-0 --device cpu" in out
    assert re.search(r"and \d+ more of exp$", out, re.MULTILINE)


def test_run_with_expired_waiver_and_unexpected_pass_is_8(call, tmp_path):
    path = tmp_path / "w.toml"
    entry = '[[waiver]]\ncase = "{}"\nreason = "r"\npointer = "p"\nexpires = {}\n'
    path.write_text(entry.format("none-*", "2001-01-01"))
    assert call("run", "--ops", "exp", "--jobs", "0", "--waivers", str(path))[0] == 8
    path.write_text(entry.format("exp-float32-contiguous-ordinary-1", "2999-01-01"))
    assert call("run", "--ops", "exp", "--jobs", "0", "--waivers", str(path))[0] == 8


def test_run_of_what_the_device_does_not_have_is_inconclusive(call):
    assert call("run", "--device", "strict:1", "--ops", "exp", "--dtype", "float64", "--jobs", "0")[0] == 6


def test_run_that_its_budget_cuts_short_is_inconclusive(call):
    code, out, _ = call("run", "--ops", "exp,log,sin", "--jobs", "0", "--budget", "0.001")
    assert code == 6
    assert re.search(r"the budget was used up after \d of \d\d cases", out)


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


def test_repro_of_a_failure_has_the_code_of_its_verdict(call, wrong_exp):
    code, out, _ = call("repro", "exp-float32-contiguous-ordinary-2")
    assert code == 1
    assert "verdict FAIL: at [" in out


def test_repro_of_a_check_says_what_it_checks(call):
    code, out, _ = call("repro", "check.storage.round_trip-float32")
    assert code == 0
    assert re.match(r"check\.storage\.round_trip-float32: \w.*\.\nverdict PASS\n", out)


def test_repro_of_an_erroneous_call_shows_what_it_must_raise(call):
    code, out, _ = call("repro", "matmul-float32-contiguous-error-0")
    assert code == 0
    assert "must raise " in out


def test_explain_names_family_sources_and_samples(call):
    code, out, _ = call("explain", "matmul")
    assert code == 0
    for word in ("kernel", "limits of the family", "DER", "samples", "cannot be multiplied", "oracle"):
        assert word in out


def test_compare_counts_passes_and_equal_bits(call):
    code, out, _ = call(
        "compare", "--device", "cpu", "--device", "strict:0", "--ops", "permute,add", "--jobs", "0"
    )
    assert code == 0
    row = next(line.split() for line in out.splitlines() if line.startswith("permute"))
    cases = row[1]
    assert row[-1] == f"{cases}/{cases}"


def test_compare_sees_other_bits_and_failures_of_one_device(call, wrong_exp):
    code, out, _ = call("compare", "--device", "cpu", "--device", "strict:0", "--ops", "exp", "--jobs", "0")
    row = next(line.split() for line in out.splitlines() if line.startswith("exp"))
    assert code == 1
    assert int(row[2]) < int(row[1])
    assert row[-1] != f"{row[1]}/{row[1]}"


def test_measure_gives_the_worst_error_with_its_input(call):
    code, out, _ = call("measure", "--ops", "exp", "--rounds", "1", "--jobs", "0")
    row = next(line for line in out.splitlines() if line.startswith("exp"))
    assert code == 0
    assert "(0x" in row
    assert 0 < float(row.split()[2]) <= 3


def test_measure_in_workers_gives_the_same_numbers(call):
    options = ("measure", "--ops", "exp,sin", "--rounds", "1")
    assert call(*options, "--jobs", "0")[1] == call(*options, "--jobs", "2")[1]


def test_doctor_names_backends_claims_and_the_list(call):
    code, out, _ = call("doctor")
    assert code in {0, 7}
    for word in ("Suite", "SHA-256", "python-flint", "case list", "strict:1", "claims the badges"):
        assert word in out


def test_doctor_tells_claims_that_nothing_verifies_from_others(call, monkeypatch):
    from unison_core import devices

    backend = devices.canonical("strict").backend
    claims = type(backend).claims
    monkeypatch.setattr(type(backend), "claims", lambda self, device: claims(self, device) | {"graph"})
    _, out, _ = call("doctor")
    assert "claims, and no case here can verify: graph" in out
    assert not re.search("claims the badges .*graph", out)


def test_mutate_prints_the_rate_and_writes_what_became_of_each(call, tmp_path):
    path = tmp_path / "m.json"
    code, out, _ = call("mutate", "--only", "axes.other_axis", "--json", str(path))
    kills = json.loads(path.read_text())
    assert code == 0
    assert f"{len(kills)} of {len(kills)} mutants killed (100.0 %)" in out


def test_mutate_names_survivors_and_is_7_below_the_rate(call, monkeypatch):
    from unison_conformance.mutants import kill

    alive = kill.Kill("axes.other_axis", "softmax", "", "", 9, 0.1)
    monkeypatch.setattr(kill, "hunt", lambda bugs, device, *, full: iter([alive]))
    code, out, _ = call("mutate", "--only", "axes.other_axis")
    assert code == 7
    assert "SURVIVOR axes.other_axis in softmax (9 cases)" in out


@pytest.fixture
def one_network(monkeypatch):
    """The smallest training alone."""
    from unison_conformance.cli import train

    monkeypatch.setattr(train, "MODELS", {"mlp": train.MODELS["mlp"]})


def test_train_prints_losses_and_the_deviation(call, one_network):
    code, out, _ = call("train")
    assert code == 0
    row = out.splitlines()[1].split()
    assert row[0] == "mlp"
    assert float(row[2]) < float(row[1])
    assert row[-1] == "ok"


def test_train_on_a_device_that_computes_otherwise_is_1(call, one_network, monkeypatch):
    from unison_core import devices
    from unison_core.operator import registry

    table, device = registry["matmul"].table, devices.canonical("cpu")
    right = table[device]
    monkeypatch.setitem(table, device, lambda a, b: right(a, b) * a.dtype.type(1.01))
    code, out, _ = call("train")
    assert code == 1
    assert "mlp: first gradient of" in out


def test_train_on_a_device_without_a_kernel_is_4(call, one_network, monkeypatch):
    from unison_conformance.cli import train
    from unison_core.errors import NotSupportedError

    def refuse(model, device):
        raise NotSupportedError("matmul has no kernel on cpu")

    monkeypatch.setattr(train, "train", refuse)
    code, out, _ = call("train")
    assert code == 4
    assert "mlp: NotSupportedError: matmul has no kernel" in out


@pytest.fixture
def report(call, tmp_path):
    path = tmp_path / "r.json"
    call("run", "--ops", "exp", "--jobs", "0", "--json", str(path))
    return path, json.loads(path.read_text())


def test_report_prints_what_the_run_printed_and_has_its_code(call, tmp_path, wrong_exp):
    path = tmp_path / "r.json"
    code, out, _ = call("run", "--ops", "exp", "--jobs", "0", "--json", str(path))
    assert call("report", str(path))[:2] == (code, out)
    code, out, _ = call("report", str(path), "--html", f"{path}.html", "--junit", f"{path}.xml")
    assert (code, out) == (1, "")
    assert "<!doctype html>" in (tmp_path / "r.json.html").read_text()
    assert "<testsuite" in (tmp_path / "r.json.xml").read_text()


def test_report_of_operators_that_are_not_here_is_shown(call, report):
    path, data = report
    data["results"][0]["case"] = "frobnicate-float32-contiguous-ordinary-0"
    path.write_text(json.dumps(data))
    code, out, _ = call("report", str(path))
    assert code == 0
    assert re.search(r"^other +1 +1 +0", out, re.MULTILINE)
    assert call("report", str(path), "--html", f"{path}.html")[0] == 0


def test_report_prints_the_schema(call):
    code, out, _ = call("report", "--schema")
    assert code == 0
    assert json.loads(out)["properties"]["schema"] == {
        "const": 1,
        "description": "The version of this format.",
    }


def test_diff_names_what_broke_and_is_1(call, report):
    path, data = report
    worse = path.with_name("worse.json")
    data["results"][0]["verdict"] = "FAIL"
    worse.write_text(json.dumps(data))
    code, out, _ = call("diff", str(path), str(worse))
    assert code == 1
    assert re.search(rf"broken +{re.escape(data['results'][0]['case'])} +PASS +FAIL", out)
    assert call("diff", str(worse), str(path))[0] == 0
    assert call("diff", str(path), str(path))[:2] == (0, "no case came out otherwise\n")


def test_verify_runs_the_report_again(call, report):
    path, data = report
    code, out, _ = call("verify", str(path))
    assert code == 0
    assert f"{len(data['results'])} cases run again on cpu, 0 came out otherwise\nverified\n" in out


def test_verify_sees_that_less_than_float32_is_allowed_now(call, report):
    path, _ = report
    with precision.allowing(precision.Precision("high", "high")):
        code, out, _ = call("verify", str(path))
    assert code == 1
    assert "float32 products: highest reported, high seen\n" in out
    assert out.endswith("NOT verified\n")


def edit_verdict(data):
    data["results"][3]["verdict"] = "FAIL"


def edit_error(data):
    place = max(range(len(data["results"])), key=lambda n: data["results"][n]["ratio"])
    data["results"][place]["ratio"] = data["results"][place]["error"] = 0.001


def drop_case(data):
    del data["results"][2]


def add_case(data):
    data["results"].append({**data["results"][0], "case": "exp-float32-contiguous-special-99"})


def edit_badge(data):
    next(b for b in data["badges"] if b["name"] == "bitexact")["status"] = "earned"


def edit_claims(data):
    data["claims"]["subnormals"] = "flush"


def edit_code(data):
    data["code"] = 1


def edit_level(data):
    data["level"] = 3


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (edit_verdict, "mended"),
        (edit_error, "grown"),
        (drop_case, "new"),
        (add_case, "gone"),
        (edit_badge, "badge bitexact: earned reported, open seen"),
        (edit_claims, "claims: "),
        (edit_code, "code: 1 reported, 0 seen"),
        (edit_level, "level: 3 reported, None seen"),
    ],
)
def test_verify_sees_what_was_edited(call, report, edit, says):
    path, data = report
    edit(data)
    path.write_text(json.dumps(data))
    code, out, _ = call("verify", str(path))
    assert code == 1
    assert says in out
    assert out.endswith("NOT verified\n")


@pytest.mark.parametrize("width", [80, 120])
def test_tables_fit_a_terminal(width):
    pty = pytest.importorskip("pty", reason="needs a POSIX terminal")
    parent, child = pty.openpty()
    done = subprocess.Popen(
        [sys.executable, "-m", "unison_conformance", "run", "--ops", "exp,check.storage.*", "--jobs", "0"],
        env={**os.environ, "COLUMNS": str(width), "TERM": "xterm"},
        stdout=child,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    )
    os.close(child)
    text = b""
    while True:
        try:
            part = os.read(parent, 4096)
        except OSError:
            break
        if not part:
            break
        text += part
    assert done.wait() == 0
    lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text.decode()).splitlines()
    rows = [line for line in lines if "elementwise" in line or "─" in line]
    assert len(rows) == 2
    assert all(len(line.rstrip()) <= width for line in rows)
