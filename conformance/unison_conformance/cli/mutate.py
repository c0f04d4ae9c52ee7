"""`conformance mutate`: plant bugs in a backend's kernels and see whether the suite notices."""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from dataclasses import asdict
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from unison_conformance.cli._output import table, ticks
from unison_conformance.errors import UsageError
from unison_conformance.report.files import require_writable, write_text
from unison_conformance.running.conduct import device_named

__all__ = ["QUICK", "add", "run"]

QUICK = 0.95
"""The share of mutants that the cases of level 1 must kill; the full run must kill all."""


def add(parsers: Any) -> None:
    """Declare the subcommand."""
    parser = parsers.add_parser("mutate", help="seed bugs into the kernels and count those the suite notices")
    parser.add_argument("--device", default="cpu", help="a device whose arrays are NumPy's (default: cpu)")
    parser.add_argument("--full", action="store_true", help="hunt with the cases of all dtypes")
    parser.add_argument("--only", default="*", metavar="PATTERN", help="mutants by name (default: all)")
    parser.add_argument("--json", metavar="FILE", help="write what became of each mutant")


def run(options: argparse.Namespace) -> int:
    """Print the kill rate and the survivors; 0 if the rate is met, else 7: the suite is not in order.

    Raises:
        UsageError: no mutant has such a name, or the device's arrays are not NumPy's.
    """
    from unison_conformance.mutants import MUTANTS
    from unison_conformance.mutants.kill import hunt, individuals, rate

    device = device_named(options.device)
    if device.backend.array_class is not np.ndarray:
        raise UsageError(
            f"mutants are written for NumPy's arrays, and {device} has {device.backend.array_class.__name__}; "
            "use --device cpu"
        )
    bugs = individuals(m for m in MUTANTS.values() if fnmatchcase(m.name, options.only))
    if not bugs:
        raise UsageError(f"no mutant is named {options.only!r}; kinds are {', '.join(_kinds(MUTANTS))}")
    if options.json:
        require_writable(options.json)
    start, kills, alive = time.monotonic(), [], 0
    with ticks(str(device), "mutants") as tick:
        for kill in hunt(bugs, str(device), full=options.full):
            kills.append(kill)
            alive += not kill.killed
            tick(len(kills), len(bugs), f"{alive} survived")
    if options.json:
        write_text(json.dumps([asdict(k) for k in kills], indent=1) + "\n", options.json)
    _print(kills, time.monotonic() - start)
    return 0 if rate(kills) >= (1.0 if options.full else QUICK) else 7


def _kinds(mutants: Any) -> list[str]:
    return sorted({name.split(".")[0] + ".*" for name in mutants})


def _print(kills: list[Any], seconds: float) -> None:
    total, killed = Counter[str](), Counter[str]()
    for kill in kills:
        kind = kill.mutant.split(".")[0]
        total[kind] += 1
        killed[kind] += kill.killed
    table(("kind of bug", "mutants", "killed"), [(k, total[k], killed[k]) for k in sorted(total)])
    for kill in kills:
        if not kill.killed:
            print(f"SURVIVOR {kill.mutant} in {kill.operator} ({kill.tried} cases)")
    alive = sum(not k.killed for k in kills)
    share = 100 * (len(kills) - alive) / len(kills)
    print(f"{len(kills) - alive} of {len(kills)} mutants killed ({share:.1f} %), {seconds:.1f} s")
