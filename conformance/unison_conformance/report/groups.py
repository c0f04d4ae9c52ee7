"""What is not green, gathered: a wrong kernel fails in a hundred cases, and is one thing to read about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from unison_conformance.faults import where
from unison_conformance.running.verdicts import Result, Verdict

__all__ = ["QUIET", "Group", "groups", "shortened", "subject"]

QUIET = frozenset({Verdict.PASS, Verdict.NOT_SUPPORTED, Verdict.WAIVED})
"""Verdicts that are no failure by themselves."""

# What the backend did comes before what the suite could not judge.
_GRAVITY = (
    Verdict.CRASH,
    Verdict.HANG,
    Verdict.LIE,
    Verdict.FALLBACK,
    Verdict.FAIL,
    Verdict.NONDETERMINISTIC,
    Verdict.XPASS,
    Verdict.SUITE_ERROR,
)


@dataclass(frozen=True, slots=True)
class Group:
    """The results of one verdict about one operator, or one check."""

    verdict: Verdict
    subject: str
    results: tuple[Result, ...]


def subject(case: str) -> str:
    """The operator of a case's name, or the check without its last word."""
    return case.partition("-")[0] if case.startswith("check.") else case.rsplit("-", 4)[0]


def groups(results: Iterable[Result]) -> list[Group]:
    """The groups of what failed: the gravest verdicts first, operators before checks, the largest first."""
    held: dict[tuple[Verdict, str], list[Result]] = {}
    for r in results:
        if r.verdict not in QUIET:
            held.setdefault((r.verdict, subject(r.case)), []).append(r)
    found = [Group(verdict, name, tuple(rs)) for (verdict, name), rs in held.items()]
    return sorted(
        found,
        key=lambda g: (_GRAVITY.index(g.verdict), g.subject.startswith("check."), -len(g.results), g.subject),
    )


def shortened(result: Result, most: int) -> str:
    """What the result tells, in so many characters: of a process that died, where it was."""
    text = result.detail
    if result.verdict in {Verdict.CRASH, Verdict.HANG}:
        text = text.partition(":")[0] + where(text)
    return text if len(text) <= most else text[:most].rsplit(" ", 1)[0] + " ..."
