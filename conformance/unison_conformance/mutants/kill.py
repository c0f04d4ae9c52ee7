"""Killing mutants: the suite's cases against each bug, until one sees it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from unison_conformance.cases import cases_of
from unison_conformance.cases.case import Case
from unison_conformance.cases.listing import errors_of
from unison_conformance.checks import CHECKS
from unison_conformance.mutants.mutant import Mutant, planted
from unison_conformance.running import Result, Verdict, perform
from unison_core import dtypes

__all__ = ["Kill", "hunt", "individuals", "rate"]

_THEMES_OF_STORAGE = ("storage", "views", "writing", "transfer")


@dataclass(frozen=True, slots=True)
class Kill:
    """What became of one bug in one operator. `by` is the first case that saw it; empty for a survivor."""

    mutant: str
    operator: str
    by: str
    detail: str
    tried: int
    seconds: float
    like: str = ""

    @property
    def killed(self) -> bool:
        """Whether a case saw the bug."""
        return bool(self.by)


def individuals(bugs: Iterable[Mutant]) -> list[Mutant]:
    """Each bug once for every operator it sits in."""
    return [
        Mutant(bug.name, (name,), bug.wrong, bug.description, bug.part, bug.like)
        for bug in bugs
        for name in bug.operators
    ]


def hunt(bugs: Sequence[Mutant], device: str, *, full: bool = False) -> Iterator[Kill]:
    """Plant each bug in turn and run the cases that pass without it until one does not pass.

    With `full` the cases of all dtypes hunt, else those of level 1.
    """
    healthy: dict[str, bool] = {}
    for bug in bugs:
        start = time.perf_counter()
        found, tried = _first_sight(bug, _hunters(bug, full=full), device, healthy)
        by, detail = (found.case, f"{found.verdict.value}: {found.detail}") if found else ("", "")
        yield Kill(bug.name, bug.operators[0], by, detail, tried, time.perf_counter() - start, bug.like)


def rate(kills: Sequence[Kill]) -> float:
    """The share of bugs that were seen."""
    return sum(k.killed for k in kills) / max(len(kills), 1)


def _first_sight(
    bug: Mutant, hunters: list[Any], device: str, healthy: dict[str, bool]
) -> tuple[Result | None, int]:
    for case in hunters:
        if str(case) not in healthy:
            healthy[str(case)] = perform(case, device).verdict is Verdict.PASS
    able = [case for case in hunters if healthy[str(case)]]
    # One planting for all cases: some bugs need a second call.
    with planted(bug, device):
        for number, case in enumerate(able, 1):
            result = perform(case, device)
            if result.verdict not in {Verdict.PASS, Verdict.NOT_SUPPORTED}:
                return result, number
    return None, len(able)


def _hunters(bug: Mutant, *, full: bool) -> list[Any]:
    """The cases that may see the bug: of its operator, then the checks of what it breaks."""
    name = bug.operators[0]
    if bug.part == "vjp":
        return _checks(lambda theme, word: theme == "gradients" and word == name)
    if bug.part != "kernel":
        return _checks(lambda theme, word: theme in _THEMES_OF_STORAGE)
    cases: list[Any] = list(cases_of(name, dtypes.ALL) if full else cases_of(name))
    errors = [Case(name, "float32", "contiguous", "error", n) for n in range(len(errors_of(name)))]
    return cases + errors + _checks(lambda theme, word: word == name or theme in ("views", "random"))


def _checks(wanted: Callable[[str, str], bool]) -> list[Any]:
    out = []
    for check in CHECKS.values():
        theme, _, word = check.name.removeprefix("check.").partition("-")
        if wanted(theme.split(".")[0], word) and not check.slow:
            out.append(check)
    return out
