"""The checks of determinism catch results that depend on the past or on the process."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.conformance.checks.faulty import caught
from unison_conformance.checks import CHECKS, CheckFailed, determinism
from unison_core.errors import NotSupportedError


def test_repeats_notices_a_sum_in_any_order() -> None:
    calls = [0]

    def sum_(x: Any, *, dim: Any, keepdim: bool) -> Any:
        calls[0] += 1
        order = np.random.default_rng(calls[0]).permutation(x.size)
        return np.add.accumulate(x.ravel()[order])[-1]

    assert "gave other bits" in caught("check.determinism.repeats-sum", {"sum": sum_})


def test_repeats_notices_what_depends_on_the_address() -> None:
    places: dict[int, int] = {}

    def index_add(x: Any, i: Any, v: Any, *, dim: int, alpha: Any) -> Any:
        out = x.copy()
        order = (
            np.arange(len(v))
            if places.setdefault(v.ctypes.data, len(places)) == 0
            else np.arange(len(v))[::-1]
        )
        np.add.at(out, i[order], v[order])
        return out

    assert "repeat" in caught("check.determinism.repeats-index_add", {"index_add": index_add})


def test_repeats_says_nondeterministic() -> None:
    failed = CheckFailed("text", "NONDETERMINISTIC")
    assert (failed.verdict, CheckFailed("text").verdict) == ("NONDETERMINISTIC", "FAIL")


def test_repeats_needs_the_badge() -> None:
    assert CHECKS["check.determinism.repeats-sum"].needs == {"deterministic"}


def test_digest_tells_work_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    before = determinism.digest("cpu")
    assert before == determinism.digest("cpu")
    monkeypatch.setattr(determinism, "_bits", lambda name, device: name.encode())
    assert determinism.digest("cpu") != before


def test_processes_notices_results_by_hash_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[str] = []

    class Ran:
        returncode, stderr = 0, ""

        def __init__(self, seed: str) -> None:
            self.stdout = seed

    def run(command: Any, *, env: Any, **_: Any) -> Ran:
        given.append(env["PYTHONHASHSEED"])
        return Ran(env["PYTHONHASHSEED"])

    monkeypatch.setattr(determinism.subprocess, "run", run)
    with pytest.raises(CheckFailed, match="two processes"):
        CHECKS["check.determinism.processes"].run("cpu")
    assert given == ["1", "2"]


def test_processes_leaves_devices_of_this_process_out() -> None:
    from tests.conformance.checks.faulty import NAME, faulty

    with faulty(), pytest.raises(NotSupportedError, match="registered in this process"):
        CHECKS["check.determinism.processes"].run(NAME)
