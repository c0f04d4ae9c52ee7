"""Badges: which cases speak for each, and what a run has shown of it.

# Note [What a badge is worth]
A badge says something about a device beyond its level. It is earned when a whole run of the level that has all its
cases passed them; a run that saw some of them says how far it came. A badge that no case of this suite speaks for can
be claimed, and is then reported as a claim: it is never green. A badge that is claimed and failed fails the level.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from unison_conformance.checks import CHECKS
from unison_conformance.running.run import Badge, Claims
from unison_conformance.running.verdicts import Result, Verdict
from unison_conformance.tolerance import family_of, limit_of
from unison_core import dtypes

__all__ = ["BADGES", "LEVELS", "judge", "speaks_for", "unverified"]

BADGES = (
    "fp64",
    "fp16",
    "bf16",
    "complex",
    "strided",
    "async",
    "dlpack",
    "deterministic",
    "bitexact",
    "tightsum",
    "ieee",
    "graph",
    "distributed",
    "arrayapi",
)

LEVELS: Mapping[str, int] = {
    "fp64": 3,
    "fp16": 3,
    "bf16": 3,
    "complex": 3,
    "strided": 1,
    "async": 1,
    "dlpack": 1,
    "deterministic": 3,
    "tightsum": 1,
    "ieee": 1,
}
"""Badge -> the level whose run has all of its cases; a badge that is not here has none in this suite."""

_DTYPES = {
    "fp64": {"float64", "complex128"},
    "fp16": {"float16"},
    "bf16": {"bfloat16"},
    "complex": {"complex64", "complex128"},
}
_TIGHTER = ("tightsum", "ieee")
_BAD = {Verdict.FAIL, Verdict.NONDETERMINISTIC, Verdict.CRASH, Verdict.HANG, Verdict.LIE, Verdict.FALLBACK}


def unverified(claims: Claims) -> tuple[str, ...]:
    """The badges claimed that no case of this suite speaks for."""
    return tuple(b for b in claims.badges if b not in LEVELS)


def speaks_for(badge: str, name: str) -> bool:
    """Whether the case of that name speaks for the badge."""
    if name.startswith("check."):
        return badge in CHECKS[name].needs or name.rpartition("-")[2] in _DTYPES.get(badge, ())
    operator, dtype, layout, _, _ = name.rsplit("-", 4)
    if badge == "strided":
        return layout != "contiguous"
    if badge in _TIGHTER:
        return _tightened(badge, operator, dtype)
    return dtype in _DTYPES.get(badge, ())


@cache
def _tightened(badge: str, operator: str, dtype: str) -> bool:
    """Whether the badge makes the operator's limit smaller."""
    try:
        family = family_of(operator)
        ours = dtypes.BY_NAME[dtype]
        return limit_of(family, ours, {badge}) != limit_of(family, ours)
    except KeyError:
        return False


def judge(name: str, results: Sequence[Result], claims: Claims, *, level: int, whole: bool) -> Badge:
    """What the results of a run of that level come to; `whole` is False where cases were left out."""
    claimed = name in claims.badges
    if name not in LEVELS:
        return Badge(name, claimed, "unverified", "this suite has no case for it") if claimed else _open(name)
    if not claimed and (name in _DTYPES or name in _TIGHTER):
        # Without the claim a device need not have the dtype, and is held to the wider limits.
        return _open(name)
    mine = [r for r in results if speaks_for(name, r.case)]
    bad = [r for r in mine if r.verdict in _BAD]
    if bad:
        return Badge(name, claimed, "failed", f"{bad[0].case} ({len(bad)} of {len(mine)})")
    passed = sum(r.verdict is Verdict.PASS for r in mine)
    if not passed:
        reason = f"level {LEVELS[name]} has its cases" if level < LEVELS[name] else "none of its cases ran"
        return Badge(name, claimed, "not tried", reason) if claimed else _open(name)
    if level < LEVELS[name] or not whole:
        rest = (
            f"level {LEVELS[name]} has the rest of its cases"
            if level < LEVELS[name]
            else "the run was not whole"
        )
        return Badge(name, claimed, "partly", rest)
    waived = sum(r.verdict is Verdict.WAIVED for r in mine)
    if waived:
        return Badge(name, claimed, "partly", f"{passed} cases passed, {waived} are waived")
    return Badge(name, claimed, "earned", f"{passed} cases passed")


def _open(name: str) -> Badge:
    return Badge(name, claimed=False, status="open")
