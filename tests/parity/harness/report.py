"""Measurements, as text for people and as data for programs."""

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

from tests.parity.harness.measure import Measurement
from tests.parity.harness.plan import CARRIED_BY, CHECKS

__all__ = ["as_data", "counts", "render"]

STATUSES = {
    "carried": "values and gradients agree on every sample",
    "partial": "found, but values or gradients differ on some sample",
    "missing": "no counterpart of that name",
    "unmeasured": "PyTorch has no sample for the CPU",
}
COMPLETE = "as are methods, in-place variants, operators, error inputs and aliases"
WIDTH = 110


def counts(measurements: Iterable[Measurement]) -> dict[str, int]:
    """How many operators have each status; complete ones are carried ones as well."""
    made = dict.fromkeys([*STATUSES, "complete"], 0)
    for measurement in measurements:
        made[measurement.status] += 1
        made["complete"] += measurement.complete
    return made


def render(measurements: Sequence[Measurement], *, only_missing: bool = False) -> str:
    """The whole report: operators that fall short, each with its first failing sample, then the counts."""
    by_status: dict[str, list[Measurement]] = {status: [] for status in STATUSES}
    for measurement in sorted(measurements, key=lambda m: m.name):
        by_status[measurement.status].append(measurement)
    lines = []
    if not only_missing:
        lines += _failures("partial", by_status["partial"], CARRIED_BY)
        short = [m for m in by_status["carried"] if not m.complete]
        lines += _failures("carried, not complete", short, CHECKS)
        in_double = [m for m in by_status["carried"] if m.tallies["forward"].in_double]
        lines += _names("carried, on some sample by PyTorch's double precision alone", in_double)
    lines += _names("missing", by_status["missing"])
    lines += _names("unmeasured", by_status["unmeasured"])
    return "\n".join([*lines, *_summary(measurements)])


def as_data(measurements: Sequence[Measurement], **about: Any) -> dict[str, Any]:
    """The same, for JSON."""
    operators = [
        {
            "name": m.name,
            "status": m.status,
            "complete": m.complete,
            "seconds": round(m.seconds, 3),
            "samples": {check: vars(tally) for check, tally in m.tallies.items()},
            "failures": {check: vars(failure) for check, failure in m.failures.items()},
        }
        for m in sorted(measurements, key=lambda m: m.name)
    ]
    return {**about, "counts": counts(measurements), "operators": operators}


def _failures(title: str, measurements: list[Measurement], of: Sequence[str]) -> list[str]:
    if not measurements:
        return []
    lines = [f"{title} ({len(measurements)})"]
    for m in measurements:
        passed = ", ".join(f"{check} {t.passed}/{t.passed + t.failed}" for check, t in m.tallies.items())
        lines.append(f"  {m.name}: {passed}")
        lines += [f"      {f.case}: {f.reason}" for check, f in m.failures.items() if check in of]
    return [*lines, ""]


def _names(title: str, measurements: list[Measurement]) -> list[str]:
    if not measurements:
        return []
    names = " ".join(m.name for m in measurements)
    return [f"{title} ({len(measurements)})", textwrap.indent(textwrap.fill(names, WIDTH - 2), "  "), ""]


def _summary(measurements: Sequence[Measurement]) -> list[str]:
    made, total = counts(measurements), len(measurements)
    lines = [f"{total} operators, {sum(m.seconds for m in measurements):.0f} s"]
    for status, meaning in STATUSES.items():
        lines.append(f"{made[status]:5} {_percent(made[status], total)} {status:12}{meaning}")
        if status == "carried":
            share = _percent(made["complete"], total)
            lines.append(f"{made['complete']:5} {share}   complete  {COMPLETE}")
    return lines


def _percent(part: int, total: int) -> str:
    return f"{100 * part / max(total, 1):5.1f} %"
