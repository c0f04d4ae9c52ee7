"""`conformance measure`: the worst error observed, for each operator and dtype, with the input in hexadecimal."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from unison_conformance.cases.case import Case
from unison_conformance.cli._arguments import (
    add_budget,
    add_device,
    add_selection,
    add_workers,
    count,
    options_from,
)
from unison_conformance.cli._output import failures, table
from unison_conformance.cli._workers import performed
from unison_conformance.errors import UsageError
from unison_conformance.running.conduct import chosen, device_named
from unison_conformance.running.run import FLOAT32
from unison_conformance.running.verdicts import Result, Verdict
from unison_core import dtypes, precision

__all__ = ["add", "run"]


def add(parsers: Any) -> None:
    """Declare the subcommand."""
    parser = parsers.add_parser(
        "measure", help="the worst error of each operator and dtype, in ULP, with its input"
    )
    add_device(parser)
    add_selection(parser)
    parser.add_argument(
        "--rounds", type=count, default=4, metavar="N", help="draws of every sample (default: 4)"
    )
    add_budget(parser)
    add_workers(parser)


def run(options: argparse.Namespace) -> int:
    """Print a row for each operator and dtype.

    Measuring is no judgement: the exit code is 0, or 5 if a case crashed or hung, or 6 if nothing was measured.

    Raises:
        UsageError: the options choose no call that could have an error.
    """
    device = str(device_named(options.device))
    wanted = replace(options_from(options), seed=0)
    cases = [c for c in chosen(wanted) if isinstance(c, Case) and c.layout == "contiguous"]
    floats = [c for c in cases if c.values != "error" and c.element_type in dtypes.INEXACT]
    if not floats or not options.rounds:
        raise UsageError(
            "these options choose nothing to measure: calls with floating or complex numbers have errors"
        )
    worst: dict[Any, Result] = {}
    ended = []
    for result in performed(list(_rounds(floats, options.rounds)), device, options):
        ended += [result] if result.verdict in (Verdict.CRASH, Verdict.HANG) else []
        key = tuple(result.case.rsplit("-", 4)[:2])
        if result.verdict in (Verdict.PASS, Verdict.FAIL) and result.ratio >= getattr(
            worst.get(key), "ratio", -1.0
        ):
            worst[key] = result
    rows = [
        (op, dtype, f"{r.error:.3f}", f"{r.limit:.3f}", f"{r.ratio:.3f}", r.case, r.inputs)
        for (op, dtype), r in sorted(worst.items())
    ]
    table(
        ("operator", "dtype", "ULP", "limit", "ratio", "case", "inputs"),
        rows,
        title=f"worst errors on {device}, {FLOAT32}: {precision.allowed()}",
    )
    failures(ended, device, most=5)
    return 5 if ended else 0 if rows else 6


def _rounds(cases: list[Case], rounds: int) -> Iterator[Case]:
    for seed in range(rounds):
        for case in cases:
            yield replace(case, seed=seed)
