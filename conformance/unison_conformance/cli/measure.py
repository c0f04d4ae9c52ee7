"""`conformance measure`: the worst error observed, for each operator and dtype, with the input in hexadecimal."""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from unison_conformance.cases.case import Case
from unison_conformance.cli._arguments import add_device, add_selection, options_from
from unison_conformance.cli._output import table
from unison_conformance.running.conduct import chosen, device_named
from unison_conformance.running.perform import perform
from unison_conformance.running.verdicts import Result, Verdict
from unison_core import dtypes

__all__ = ["add", "run"]


def add(parsers: Any) -> None:
    """Declare the subcommand."""
    parser = parsers.add_parser(
        "measure", help="the worst error of each operator and dtype, in ULP, with its input"
    )
    add_device(parser)
    add_selection(parser)
    parser.add_argument(
        "--rounds", type=int, default=4, metavar="N", help="draws of every sample (default: 4)"
    )
    parser.add_argument(
        "--budget", type=float, default=math.inf, metavar="S", help="stop after so many seconds"
    )


def run(options: argparse.Namespace) -> int:
    """Print a row for each operator and dtype. Measuring is no judgement: the exit code is 0, or 6 if nothing was."""
    device = str(device_named(options.device))
    cases = [c for c in chosen(options_from(options)) if isinstance(c, Case) and c.layout == "contiguous"]
    floats = [c for c in cases if c.values != "error" and c.element_type in dtypes.INEXACT]
    end = time.monotonic() + options.budget
    worst: dict[tuple[str, str], Result] = {}
    for case in _rounds(floats, options.rounds):
        result = perform(case, device)
        key = (case.operator, case.dtype)
        if result.verdict in (Verdict.PASS, Verdict.FAIL) and result.ratio >= getattr(
            worst.get(key), "ratio", -1.0
        ):
            worst[key] = result
        if time.monotonic() > end:
            break
    rows = [
        (op, dtype, f"{r.error:.3f}", f"{r.limit:.3f}", f"{r.ratio:.3f}", r.case, r.inputs)
        for (op, dtype), r in sorted(worst.items())
    ]
    table(
        ("operator", "dtype", "ULP", "limit", "ratio", "case", "inputs"),
        rows,
        title=f"worst errors on {device}",
    )
    return 0 if rows else 6


def _rounds(cases: list[Case], rounds: int) -> Iterator[Case]:
    for seed in range(rounds):
        for case in cases:
            yield replace(case, seed=seed)
