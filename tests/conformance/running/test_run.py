"""Runs as plain data, and whole runs."""

from __future__ import annotations

import json

import pytest

from unison_conformance.checks import CHECKS
from unison_conformance.errors import BackendMissingError, ConformanceError, UsageError
from unison_conformance.running import Result, Verdict, conduct
from unison_conformance.running.conduct import Options, chosen
from unison_conformance.running.run import Badge, Claims, Fallback, Run
from unison_core import precision

RUN = Run(
    suite="1.0",
    case_list="ab",
    device="cpu",
    environment={"python": "3"},
    claims=Claims(("float32",), ("fp64",)),
    options={"level": 1},
    seed=0,
    results=(Result("a", Verdict.FAIL, ratio=float("inf"), error=float("nan")), Result("b", Verdict.PASS)),
    badges=(Badge("fp64", claimed=True, status="earned"),),
    fallbacks=(Fallback("exp", "a", 1, 0),),
)


def test_run_survives_json():
    text = json.dumps(RUN.to_json(), allow_nan=False)
    back = Run.from_json(json.loads(text))
    assert back.to_json() == RUN.to_json()
    assert back.results[0].ratio == float("inf")
    assert back.claims == RUN.claims
    assert back.badges == RUN.badges


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"schema": 2}, "schema 2"),
        ({"results": None}, "something else than it should in results"),
        ({"results": [{"case": "a"}]}, "cannot be read"),
    ],
)
def test_run_of_another_schema_or_shape_is_refused(change, text):
    with pytest.raises(ConformanceError, match=text):
        Run.from_json({**RUN.to_json(), **change})


def test_truncated_run_names_what_it_lacks():
    data = RUN.to_json()
    del data["seed"], data["device"]
    with pytest.raises(UsageError, match="lacks device, seed"):
        Run.from_json(data)
    with pytest.raises(UsageError, match="no report"):
        Run.from_json([])


def test_conduct_decides_no_level_when_narrowed_and_keeps_the_order():
    options = Options(ops=("exp", "log"), jobs=2)
    run = conduct.conduct("cpu", options)
    assert [r.case for r in run.results] == [str(c) for c in chosen(options)]
    assert (run.level, run.code, run.interrupted) == (None, 0, False)
    assert set(run.counts()) == {Verdict.PASS}


def test_a_run_states_the_precision_of_float32_products_and_decides_no_level_below_the_highest(monkeypatch):
    # One check stands for all of level 0.
    monkeypatch.setattr(conduct, "chosen", lambda *_: [CHECKS["check.storage.round_trip-float32"]])
    exact = conduct.conduct("cpu", Options(level=0, jobs=0))
    assert (exact.float32_products, exact.level, exact.code) == ("highest", 0, 0)
    with precision.allowing(precision.Precision(matmul="high")):
        loose = conduct.conduct("cpu", Options(level=0, jobs=0))
    assert {r.verdict for r in loose.results} == {r.verdict for r in exact.results}
    assert loose.environment["float32 products"] == "high in products of matrices, highest in convolutions"
    assert (loose.level, loose.code) == (None, 6)
    assert "levels are for highest" in loose.reasons[0]
    assert not any(b.status == "earned" for b in loose.badges)
    assert conduct.conduct("cpu", Options(level=0, jobs=0)).level == 0


def test_conduct_marks_an_interrupted_run_and_keeps_what_was_done():
    def interrupt(result, done, total):
        if done == 5:
            raise KeyboardInterrupt

    run = conduct.conduct("cpu", Options(ops=("exp",), jobs=0), interrupt)
    assert run.interrupted
    assert len(run.results) == 5
    assert run.level is None


def test_conduct_stops_at_its_budget():
    run = conduct.conduct("cpu", Options(jobs=0, budget=0.2))
    assert 0 < len(run.results) < len(chosen(Options()))
    assert run.level is None


def test_conduct_refuses_unknown_devices_operators_and_dtypes():
    with pytest.raises(BackendMissingError, match="did you mean cpu"):
        conduct.conduct("cpuu", Options())
    with pytest.raises(BackendMissingError, match="has 2 device"):
        conduct.conduct("strict:7", Options())
    with pytest.raises(UsageError, match="did you mean exp"):
        conduct.conduct("cpu", Options(ops=("expp",)))
    with pytest.raises(UsageError, match="did you mean float32"):
        conduct.conduct("cpu", Options(dtype=("flot32",)))
