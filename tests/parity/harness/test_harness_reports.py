"""The lists, the report and the command."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")

from tests.parity.harness import database, lists, report  # noqa: E402
from tests.parity.harness.candidate import Candidate  # noqa: E402
from tests.parity.harness.measure import Measurement  # noqa: E402
from tests.parity.harness.repro import reproduce  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]


def measurement(name, *, failing="", absent=False):
    made = Measurement(name)
    if failing != "forward":
        made.tally("forward").passed = 2
    if failing:
        made.fail(failing, f"{name}/float32/{failing}/0", "differs", absent=absent)
    return made


@pytest.fixture
def mixed():
    return [
        measurement("whole"),
        measurement("method", failing="method"),
        measurement("gradient", failing="gradient"),
        measurement("gone", failing="forward", absent=True),
        Measurement("nothing"),
    ]


def test_status_follows_from_failures(mixed):
    assert [m.status for m in mixed] == ["carried", "carried", "partial", "missing", "unmeasured"]
    assert [m.complete for m in mixed] == [True, False, False, False, False]


def test_report_counts_and_names_every_failure(mixed):
    text = report.render(mixed)
    assert report.counts(mixed) == {
        "carried": 2,
        "partial": 1,
        "missing": 1,
        "unmeasured": 1,
        "complete": 1,
    }
    assert "gradient/float32/gradient/0: differs" in text
    assert "method/float32/method/0: differs" in text
    assert "missing (1)\n  gone" in text
    assert "    2  40.0 % carried" in text


def test_report_of_missing_ops_leaves_out_the_rest(mixed):
    text = report.render(mixed, only_missing=True)
    assert "missing (1)\n  gone" in text
    assert "differs" not in text


def test_lists_are_written_sorted_and_keep_what_was_not_measured(mixed, tmp_path):
    (tmp_path / "carried.txt").write_text("another\ngradient\n", encoding="utf-8")
    assert lists.lost("carried", mixed, tmp_path) == ["gradient"]
    assert lists.write("carried", mixed, tmp_path) == 3
    assert lists.write("complete", mixed, tmp_path) == 1
    assert lists.read("carried", tmp_path) == ["another", "method", "whole"]
    assert lists.read("complete", tmp_path) == ["whole"]


def test_partial_operators_are_listed_with_their_first_failing_sample(mixed, tmp_path):
    (tmp_path / "partial.txt").write_text(
        "another forward 1/2 x: y\nwhole forward 1/2 x: y\n", encoding="utf-8"
    )
    assert lists.write_partial(mixed, tmp_path) == 2
    assert (tmp_path / "partial.txt").read_text(encoding="utf-8").splitlines() == [
        "another forward 1/2 x: y",
        "gradient forward 2/2, gradient 0/1 gradient/float32/gradient/0: differs",
    ]


def test_spread_includes_both_ends():
    assert list(database.spread(100, 3)) == [0, 50, 99]
    assert list(database.spread(2, 3)) == [0, 1]
    assert list(database.spread(5, None)) == [0, 1, 2, 3, 4]


def test_samples_are_the_same_every_time():
    (op,) = database.find("^linalg.svd$")
    one, other = (database.sample_inputs(op, torch.float32)[7].input for _ in range(2))
    assert torch.equal(one, other)


def test_reproduce_tells_the_sample_and_the_outcome():
    text = reproduce("add/int64/forward/3", Candidate(torch))
    assert "result  agrees" in text
    assert "dtype=torch.int64" in text or "tensor(" in text


def test_reproduce_refuses_unknown_cases():
    with pytest.raises(ValueError, match="expected operator/dtype/check/index"):
        reproduce("add/int64/forwards/3", Candidate(torch))


def test_command_measures_and_writes_json(tmp_path):
    file = tmp_path / "out.json"
    command = [sys.executable, "-m", "tests.parity.harness", "--candidate", "torch"]
    command += ["--ops", "^(abs|jiterator_unary)$", "--fast", "--json", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "1  50.0 % carried" in done.stdout
    data = json.loads(file.read_text(encoding="utf-8"))
    assert data["counts"]["complete"] == 1
    assert [(op["name"], op["status"]) for op in data["operators"]] == [
        ("abs", "carried"),
        ("jiterator_unary", "unmeasured"),
    ]
