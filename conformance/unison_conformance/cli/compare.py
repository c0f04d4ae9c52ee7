"""`conformance compare`: several devices beside the oracle, and bit for bit beside each other."""

from __future__ import annotations

import argparse
from collections import defaultdict
from typing import Any

from unison_conformance import levels
from unison_conformance.cases.case import Case
from unison_conformance.cli._arguments import add_device, add_selection, options_from
from unison_conformance.cli._output import failures, table
from unison_conformance.errors import UsageError
from unison_conformance.running.conduct import chosen, device_named
from unison_conformance.running.perform import outputs, perform
from unison_conformance.running.support import claims_of
from unison_conformance.running.verdicts import Result, Verdict
from unison_core.dispatch.fallback import fallback_policy

__all__ = ["add", "run"]

_ORDER = (7, 5, 4, 1, 8, 6, 0)


def add(parsers: Any) -> None:
    """Declare the subcommand."""
    parser = parsers.add_parser(
        "compare", help="several devices against the oracle and each other, in this process"
    )
    add_device(parser, several=True)
    add_selection(parser)


def run(options: argparse.Namespace) -> int:
    """Print a row for each operator; the exit code is the gravest of the devices'.

    Raises:
        UsageError: fewer than two devices are named.
    """
    if len(set(options.device)) < 2:
        raise UsageError("compare takes two devices or more: --device cpu --device strict:0")
    devices = [device_named(name) for name in options.device]
    cases = [c for c in chosen(options_from(options)) if isinstance(c, Case) and c.values != "error"]
    results = {str(d): [perform(c, str(d)) for c in cases] for d in devices}
    same = {str(d): _equal(cases, str(devices[0]), str(d)) for d in devices[1:]}
    _print(cases, results, same)
    for device, found in results.items():
        failures([r for r in found if r.verdict not in (Verdict.PASS, Verdict.NOT_SUPPORTED)], device, most=5)
    codes = [
        levels.conclude(results[str(d)], claims_of(d), level=options.level, whole=False).code for d in devices
    ]
    return min(codes, key=_ORDER.index)


def _equal(cases: list[Case], first: str, second: str) -> list[bool | None]:
    """For each case whether the results have the same bits; None where one of the devices refuses."""
    return [_same(case, first, second) for case in cases]


def _same(case: Case, first: str, second: str) -> bool | None:
    try:
        with fallback_policy("error"):
            a, b = outputs(case, first), outputs(case, second)
    except Exception:  # noqa: BLE001 - the verdict beside the oracle tells of it
        return None
    return len(a) == len(b) and all(
        x.shape == y.shape and x.dtype == y.dtype and x.tobytes() == y.tobytes()
        for x, y in zip(a, b, strict=True)
    )


def _print(cases: list[Case], results: dict[str, list[Result]], same: dict[str, list[bool | None]]) -> None:
    places: dict[str, list[int]] = defaultdict(list)
    for i, case in enumerate(cases):
        places[case.operator].append(i)
    names = list(results)
    columns = ["operator", "cases"]
    for name in names:
        columns += [f"{name} passed", "worst"]
    columns += [f"{name} = {names[0]}" for name in names[1:]]
    rows: list[list[Any]] = []
    for operator, at in places.items():
        row: list[Any] = [operator, len(at)]
        for name in names:
            mine = [results[name][i] for i in at]
            worst = max(r.ratio for r in mine)
            row += [sum(r.verdict is Verdict.PASS for r in mine), f"{worst:.2f}" if worst else ""]
        for name in names[1:]:
            bits = [same[name][i] for i in at if same[name][i] is not None]
            row.append(f"{sum(map(bool, bits))}/{len(bits)}")
        rows.append(row)
    table(
        columns, rows, title="passed: against the oracle; worst: error/limit; last: cases with the same bits"
    )
