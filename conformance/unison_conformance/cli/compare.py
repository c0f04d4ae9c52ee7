"""`conformance compare`: several devices beside the oracle, and bit for bit beside each other."""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from unison_conformance import levels
from unison_conformance.cases.case import Case
from unison_conformance.cli._arguments import add_device, add_selection, add_workers, options_from
from unison_conformance.cli._output import failures, table
from unison_conformance.cli._workers import performed
from unison_conformance.errors import UsageError
from unison_conformance.running.bits import BitsOf
from unison_conformance.running.conduct import chosen, device_named
from unison_conformance.running.run import FLOAT32
from unison_conformance.running.support import claims_of
from unison_conformance.running.verdicts import Result, Verdict
from unison_core import precision

__all__ = ["add", "run"]

_ORDER = (7, 5, 4, 1, 8, 6, 0)
_ANSWERED = {Verdict.PASS, Verdict.FAIL}


def add(parsers: Any) -> None:
    """Declare the subcommand."""
    parser = parsers.add_parser("compare", help="several devices against the oracle and each other")
    add_device(parser, several=True)
    add_selection(parser)
    add_workers(parser)


def run(options: argparse.Namespace) -> int:
    """Print a row for each operator; the exit code is the gravest of the devices'.

    Raises:
        UsageError: fewer than two devices are named.
    """
    devices = list({str(device_named(name)): device_named(name) for name in options.device}.values())
    if len(devices) < 2:
        raise UsageError("compare takes two devices or more: --device cpu --device strict:0")
    cases = [c for c in chosen(options_from(options)) if isinstance(c, Case) and c.values != "error"]
    if not cases:
        raise UsageError("these options choose no calls of operators to compare")
    results = {str(d): _in_order(cases, str(d), options) for d in devices}
    bits = {
        str(d): [r.detail for r in _in_order([BitsOf(c) for c in cases], str(d), options)] for d in devices
    }
    first = str(devices[0])
    _print(cases, results, {str(d): _equal(bits[first], bits[str(d)]) for d in devices[1:]})
    for device, found in results.items():
        failures(found, device, most=5)
    codes = [
        levels.conclude(results[str(d)], claims_of(d), level=options.level, whole=False).code for d in devices
    ]
    return min(codes, key=_ORDER.index)


def _in_order(cases: Sequence[Any], device: str, options: argparse.Namespace) -> list[Result]:
    found = {r.case: r for r in performed(cases, device, options)}
    return [found[str(case)] for case in cases]


def _bits(
    results: Sequence[Result], device: str, cases: Sequence[Case], options: argparse.Namespace
) -> list[str]:
    """For each case the digest of its results on the device; empty where there are none."""
    able = [BitsOf(c) for c, r in zip(cases, results, strict=True) if r.verdict in _ANSWERED]
    found = {r.case: r.detail for r in performed(able, device, options) if r.verdict is Verdict.PASS}
    return [found.get(str(BitsOf(c)), "") for c in cases]


def _equal(first: list[str], other: list[str]) -> list[bool | None]:
    """For each case whether the results have the same bits; None where one of the devices gave none."""
    return [a == b if a and b else None for a, b in zip(first, other, strict=True)]


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
        columns,
        rows,
        title="passed: against the oracle; worst: error/limit; last: cases with the same bits; "
        f"{FLOAT32}: {precision.allowed()}",
    )
