"""Badges: earned by cases alone, and a claim that nothing verifies is never green."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conformance.broken_backend import install
from unison_conformance import badges, levels
from unison_conformance.running import Result, Verdict
from unison_conformance.running.run import Claims
from unison_core import backend as contract

V = Verdict
CLAIMS = Claims(("float32", "float64"), ("fp64", "strided", "ieee", "graph"))
STRIDED = "exp-float32-stepped-ordinary-1"
DOUBLE = "exp-float64-contiguous-ordinary-1"
DIVISION = "div-float32-contiguous-ordinary-1"


def judge(name, *found, claims=CLAIMS, level=3, whole=True):
    results = [Result(case, verdict) for case, verdict in found]
    return badges.judge(name, results, claims, level=level, whole=whole)


def test_the_badges_are_those_of_the_contract():
    assert set(badges.BADGES) == contract.BADGES
    assert set(badges.LEVELS) < contract.BADGES


@pytest.mark.parametrize("badge", badges.LEVELS)
def test_every_badge_that_can_be_earned_has_cases_at_its_level(badge):
    names = [str(c) for n in range(badges.LEVELS[badge] + 1) for c in levels.cases_at(n)]
    assert any(badges.speaks_for(badge, name) for name in names)


@pytest.mark.parametrize("badge", sorted(set(badges.BADGES) - set(badges.LEVELS)))
def test_a_claim_without_cases_is_unverified_whatever_passed(badge):
    claims = Claims(("float32",), (badge,))
    found = judge(badge, (STRIDED, V.PASS), (DOUBLE, V.PASS), claims=claims)
    assert (found.claimed, found.status) == (True, "unverified")
    assert badges.unverified(claims) == (badge,)
    assert judge(badge, (STRIDED, V.PASS)).status == ("unverified" if badge == "graph" else "open")


def test_a_badge_is_earned_by_a_whole_run_of_the_level_that_has_its_cases():
    assert judge("strided", (STRIDED, V.PASS), level=1).status == "earned"
    assert judge("fp64", (DOUBLE, V.PASS)).status == "earned"


@pytest.mark.parametrize("how", [{"level": 1}, {"whole": False}])
def test_part_of_its_cases_earn_no_badge(how):
    assert judge("fp64", (DOUBLE, V.PASS), **how).status == "partly"


def test_waived_cases_earn_no_badge():
    assert judge("fp64", (DOUBLE, V.PASS), ("sin-float64-contiguous-ordinary-1", V.WAIVED)).status == "partly"


def test_no_case_tried_is_said():
    found = judge("fp64", (STRIDED, V.PASS), level=1)
    assert (found.status, found.reason) == ("not tried", "level 3 has its cases")


def test_a_bad_verdict_fails_the_badge_and_names_its_case():
    found = judge("strided", (STRIDED, V.FAIL), (DOUBLE, V.PASS), level=1)
    assert (found.status, found.reason) == ("failed", f"{STRIDED} (1 of 1)")


def test_refusing_a_dtype_says_nothing_of_its_badge_without_the_claim():
    refused = ("check.promises.unlisted-bfloat16", V.PASS)
    assert judge("bf16", refused).status == "open"


def test_limits_that_a_badge_tightens_speak_for_it_if_it_is_claimed():
    assert judge("ieee", (DIVISION, V.PASS), level=1).status == "earned"
    assert judge("ieee", (DIVISION, V.PASS), level=1, claims=Claims(("float32",), ())).status == "open"
    assert badges.speaks_for("tightsum", "sum-float32-contiguous-ordinary-1")
    assert not badges.speaks_for("tightsum", "exp-float32-contiguous-ordinary-1")
    assert not badges.speaks_for("ieee", "div-float64-contiguous-ordinary-1")


def test_what_is_claimed_and_refused_is_inconclusive():
    claims = Claims(("float32",), ("dlpack",))
    found = [
        Result(next(n for n in levels.CHECKS if n.startswith("check.exchange.dlpack_n")), V.NOT_SUPPORTED),
        Result("exp-float32-contiguous-ordinary-1", V.PASS),
    ]
    end = levels.conclude(found, claims, level=1, whole=False)
    assert end.code == 6
    assert "check.exchange.dlpack_n" in end.reasons[0]


INEXACT_DIVISION = """
    def claims(self, device):
        return super().claims(device) | {claimed}

    def kernels(self):
        import numpy as np

        table = super().kernels()

        def div(a, b):
            # Next to the right quotient: within 2.5 units in the last place, but not correctly rounded.
            q = table["div"](a, b)
            inner = (np.abs(q) > 1e-30) & (np.abs(q) < 1e30)
            return np.where(inner, np.nextafter(q, 0), q).astype(q.dtype) if q.dtype == np.float32 else q

        return {{**table, "div": div}}
"""


@pytest.mark.parametrize(("claimed", "code"), [("frozenset()", 0), ("frozenset({'ieee'})", 1)])
def test_claiming_ieee_holds_division_to_correct_rounding(tmp_path, claimed, code):
    path = install(tmp_path, exp="return right(x)")
    with (tmp_path / "broken_backend_code.py").open("a", encoding="utf-8") as file:
        file.write(INEXACT_DIVISION.format(claimed=claimed))
    done = subprocess.run(
        [sys.executable, "-m", "unison_conformance", "run", "--device", "broken", "--ops", "div"],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert ("ieee" in done.stdout) == bool(code)
