"""Levels and badges: which cases each consists of, and what the results of a run come to.

# Note [What decides a level]
Level 0 is the checks of level 0. Level 1 adds every operator in float32, int32, int64 and bool, in all layouts,
its erroneous calls, and the checks of level 1. Level 2 adds the checks of level 2, which train. Level 3 adds
every other dtype the device has, and the slow checks. A level is reached when all its cases and those of the levels
below are green; a case that the device need not support (a dtype or layout it does not claim) is left out of
account; an operator must have `MINIMUM` passes, or as many as it has cases.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from unison_conformance.badges import BADGES, judge
from unison_conformance.cases.case import Case
from unison_conformance.cases.demands import dtypes_of
from unison_conformance.cases.listing import cases_of, errors_of
from unison_conformance.checks import CHECKS, Check
from unison_conformance.running.finding import find
from unison_conformance.running.run import Badge, Claims
from unison_conformance.running.verdicts import Result, Verdict
from unison_core import dtypes
from unison_core.operator import registry

__all__ = [
    "CORE",
    "MINIMUM",
    "NAMES",
    "Conclusion",
    "cases",
    "cases_at",
    "conclude",
    "level_of",
    "required",
]

NAMES = {0: "Storage", 1: "Core", 2: "Train", 3: "Full"}
CORE = (dtypes.float32, dtypes.int32, dtypes.int64, dtypes.bool_)
MINIMUM = 3
"""Passes that every operator needs, unless it has fewer cases."""


@cache
def cases_at(level: int) -> tuple[Case | Check, ...]:
    """The fixed list: what level `level` asks for beyond the level below."""
    checks = [c for c in CHECKS.values() if (3 if c.slow else c.level) == level]
    calls: list[Case] = []
    if level == 1:
        for name in registry:
            calls += cases_of(name, CORE)
            calls += [
                Case(name, _dtype_for_errors(name), "contiguous", "error", n)
                for n in range(len(errors_of(name)))
            ]
    if level == 3:
        others = [d for d in dtypes.ALL if d not in CORE]
        for name in registry:
            calls += cases_of(name, others)
    return (*sorted(checks, key=str), *calls)


def _dtype_for_errors(name: str) -> str:
    held = registry[name].dtypes
    return next((d.name for d in (*CORE, *dtypes.ALL) if d in held), "float32")


def level_of(name: str) -> int:
    """The level that a case or check of that name first counts for."""
    if name.startswith("check."):
        found = CHECKS[name]
        return 3 if found.slow else found.level
    case = find(name)
    assert isinstance(case, Case)
    return 1 if not case.seed and (case.values == "error" or case.element_type in CORE) else 3


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The level reached (None: the run decides none), the badges, the exit code and a line for each reason."""

    level: int | None
    badges: tuple[Badge, ...]
    code: int
    reasons: tuple[str, ...]


def conclude(
    results: Sequence[Result],
    claims: Claims,
    *,
    level: int,
    whole: bool = True,
    expired: Sequence[str] = (),
    cut: str = "",
) -> Conclusion:
    """What the results come to, by the contract's table of exit codes.

    `whole` is False for a run that was narrowed or cut short: it decides no level. `expired` are waivers whose day
    is over. `cut` says why cases that were asked for did not run, which leaves the run inconclusive.
    """
    badges = tuple(judge(b, results, claims, level=level, whole=whole) for b in BADGES)
    codes: dict[int, str] = {}
    for code, text in _codes(results, claims, badges, whole, expired):
        codes.setdefault(code, text)
    if cut:
        codes.setdefault(6, cut)
    order = [c for c in (7, 5, 4, 1, 8, 6) if c in codes]
    reached = _reached(results, claims, level) if whole else None
    if whole and any(b.claimed and b.status == "failed" for b in badges):
        reached = min(reached if reached is not None else -1, 0)
    return Conclusion(reached, badges, order[0] if order else 0, tuple(codes[c] for c in order))


def _codes(
    results: Sequence[Result], claims: Claims, badges: Iterable[Badge], whole: bool, expired: Sequence[str]
) -> Iterable[tuple[int, str]]:
    counts = Counter(r.verdict for r in results)
    groups = (
        (7, (Verdict.SUITE_ERROR,), "the suite itself failed in {}"),
        (5, (Verdict.CRASH, Verdict.HANG), "the backend crashed or hung in {}"),
        (4, (Verdict.LIE, Verdict.FALLBACK), "the contract was violated in {} (lies or fallbacks)"),
        (1, (Verdict.FAIL, Verdict.NONDETERMINISTIC), "{} failed"),
        (8, (Verdict.XPASS,), "{} pass, though waived: remove the waivers"),
    )
    for code, verdicts, text in groups:
        number = sum(counts[v] for v in verdicts)
        if number:
            yield code, text.format(cases(number))
    for waiver in expired:
        yield 8, f"a waiver has expired: {waiver}"
    for badge in badges:
        if badge.claimed and badge.status == "failed":
            yield 1, f"the badge {badge.name} is claimed and failed: {badge.reason}"
    refused = [r for r in results if r.verdict is Verdict.NOT_SUPPORTED and required(r, claims)]
    if not counts[Verdict.PASS]:
        yield 6, "nothing passed: no case asserted anything"
    elif refused:
        yield (
            6,
            (
                f"{cases(len(refused))} not supported, though the device must or claims to: {refused[0].case} "
                f"({refused[0].detail})"
            ),
        )
    elif whole and (short := _below_minimum(results, claims)):
        yield (
            6,
            f"too few passes for {len(short)} operators: {', '.join(short[:5])}{' ...' if short[5:] else ''}",
        )


def cases(number: int) -> str:
    """`1 case`, `2 cases`."""
    return f"{number} case{'' if number == 1 else 's'}"


def _operator_of(name: str) -> str:
    return "" if name.startswith("check.") else name.rsplit("-", 4)[0]


def required(result: Result, claims: Claims) -> bool:
    """Whether the device must do it, by what it claims; only NOT_SUPPORTED is ever excused."""
    if result.verdict is not Verdict.NOT_SUPPORTED:
        return True
    has = {*claims.dtypes, *(d.name for d in CORE)}
    if result.case.startswith("check."):
        word = result.case.rpartition("-")[2]
        return CHECKS[result.case].needs <= set(claims.badges) and (word in has or word not in dtypes.BY_NAME)
    layout = result.case.rsplit("-", 4)[2]
    return _dtypes_of(result.case) <= has and (layout == "contiguous" or "strided" in claims.badges)


def _dtypes_of(name: str) -> set[str]:
    case = find(name)
    assert isinstance(case, Case)
    return {d.name for d in dtypes_of(case)}


def _below_minimum(results: Sequence[Result], claims: Claims) -> list[str]:
    """Operators with too few passes; a waived case is no pass, but its operator need not have it."""
    there: Counter[str] = Counter()
    passed: Counter[str] = Counter()
    for r in results:
        name = _operator_of(r.case)
        if name and r.verdict is not Verdict.WAIVED and required(r, claims):
            there[name] += 1
            passed[name] += r.verdict is Verdict.PASS
    return [name for name, number in there.items() if passed[name] < min(MINIMUM, number)]


def _reached(results: Sequence[Result], claims: Claims, level: int) -> int:
    held: Mapping[int, list[Result]] = {n: [] for n in NAMES}
    for r in results:
        if required(r, claims):
            held[level_of(r.case)].append(r)
    reached = -1
    for n in range(level + 1):
        # A level without any case is not reached: nothing has been shown. Waived cases do not stand in its way.
        shown = any(r.verdict is Verdict.PASS for r in held[n])
        if not shown or any(r.verdict not in (Verdict.PASS, Verdict.WAIVED) for r in held[n]):
            break
        reached = n
    return reached
