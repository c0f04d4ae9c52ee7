"""From verdicts to levels, badges and exit codes."""

from __future__ import annotations

import pytest

from unison_conformance import levels
from unison_conformance.checks import CHECKS
from unison_conformance.running import Result, Verdict
from unison_conformance.running.run import Claims

V = Verdict
CLAIMS = Claims(("float32", "float64"), ("fp64", "strided"))
STORAGE = next(name for name, c in CHECKS.items() if c.level == 0 and not c.needs and not c.slow)
EXP = [f"exp-float32-contiguous-ordinary-{n}" for n in range(4)]


def conclude(*verdicts, claims=CLAIMS, level=1, **settings):
    results = [Result(name, verdict) for name, verdict in verdicts]
    return levels.conclude(results, claims, level=level, **settings)


GREEN = ((STORAGE, V.PASS), *((name, V.PASS) for name in EXP))


def test_all_green_reaches_the_level():
    end = conclude(*GREEN)
    assert (end.level, end.code, end.reasons) == (1, 0, ())


@pytest.mark.parametrize(
    ("verdict", "code"),
    [
        (V.FAIL, 1),
        (V.NONDETERMINISTIC, 1),
        (V.LIE, 4),
        (V.FALLBACK, 4),
        (V.CRASH, 5),
        (V.HANG, 5),
        (V.SUITE_ERROR, 7),
        (V.XPASS, 8),
    ],
)
def test_one_bad_verdict_decides_the_code_and_keeps_the_level_down(verdict, code):
    end = conclude(*GREEN, ("sin-float32-contiguous-ordinary-2", verdict))
    assert (end.level, end.code) == (0, code)


def test_codes_have_the_precedence_of_the_contract():
    bad = [V.SUITE_ERROR, V.CRASH, V.LIE, V.FAIL, V.XPASS]
    names = [f"sin-float32-contiguous-ordinary-{n}" for n in range(5)]
    for i, code in enumerate((7, 5, 4, 1, 8)):
        assert conclude(*GREEN, *zip(names[i:], bad[i:], strict=True)).code == code
    assert conclude(*GREEN, expired=["x"]).code == 8


def test_nothing_asserted_is_inconclusive():
    assert conclude().code == 6
    assert conclude(*((name, V.NOT_SUPPORTED) for name in EXP)).code == 6


def test_operator_with_too_few_passes_is_inconclusive():
    end = conclude((STORAGE, V.PASS), *((name, V.NOT_SUPPORTED) for name in EXP[1:]), (EXP[0], V.PASS))
    assert (end.code, end.level) == (6, 0)
    assert "exp" in end.reasons[0]


def test_dtypes_and_layouts_that_are_not_claimed_are_left_out_of_account():
    claims = Claims(("float32",), ())
    excused = ("exp-float16-contiguous-ordinary-1", "exp-float32-stepped-ordinary-1")
    end = conclude(*GREEN, *((name, V.NOT_SUPPORTED) for name in excused), claims=claims)
    assert (end.level, end.code) == (1, 0)


def test_attribute_dtype_that_is_not_claimed_is_left_out_of_account():
    case = next(
        n
        for n in map(str, levels.cases_at(1))
        if n.startswith("cast-float32-contiguous") and "complex64" in levels._dtypes_of(n)
    )
    result = Result(case, V.NOT_SUPPORTED)
    assert not levels.required(result, Claims(("float32",)))
    assert levels.required(result, Claims(("float32", "complex64")))


def test_waived_failure_is_no_pass_but_does_not_stand_in_the_way():
    end = conclude(*GREEN, ("sin-float32-contiguous-ordinary-2", V.WAIVED))
    assert (end.level, end.code) == (1, 0)
    assert conclude((STORAGE, V.WAIVED)).code == 6


def test_claimed_badge_that_fails_fails_the_level():
    bad = ("exp-float64-contiguous-ordinary-1", V.FAIL)
    end = conclude(*GREEN, bad)
    badge = next(b for b in end.badges if b.name == "fp64")
    assert (badge.claimed, badge.status, end.level, end.code) == (True, "failed", 0, 1)
    unclaimed = conclude(*GREEN, bad, claims=Claims(("float32",)))
    assert next(b for b in unclaimed.badges if b.name == "fp64").claimed is False


def test_level_without_cases_is_not_reached():
    assert conclude(*GREEN, level=3).level == 1
    assert conclude(*((name, V.PASS) for name in EXP)).level == -1


def test_fixed_list_names_every_operator_and_every_case_once():
    from unison_core.operator import registry

    names = [str(c) for n in levels.NAMES for c in levels.cases_at(n)]
    assert len(names) == len(set(names))
    assert {n.rsplit("-", 4)[0] for n in names if not n.startswith("check.")} == set(registry)


def test_level_of_a_name_is_the_level_of_its_list():
    for level in levels.NAMES:
        for case in levels.cases_at(level)[:: 1 + len(levels.cases_at(level)) // 500]:
            assert levels.level_of(str(case)) == level
