"""python -m tests.parity.harness: measure a candidate against PyTorch's own samples."""

import argparse
import importlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from tests.parity.harness import database, lists
from tests.parity.harness.candidate import Candidate
from tests.parity.harness.isolate import measure_all
from tests.parity.harness.measure import Measurement, measure
from tests.parity.harness.plan import CARRIED_BY, CHECKS
from tests.parity.harness.report import as_data, render
from tests.parity.harness.repro import reproduce

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and say by the exit status whether a listed operator was lost."""
    options = _parser().parse_args(arguments)
    # One thread: workers are forked, and a forked thread pool hangs.
    torch.set_num_threads(1)
    candidate = Candidate(importlib.import_module(options.candidate))
    if options.repro:
        print(reproduce(options.repro, candidate))
        return 0
    ops = database.find(options.ops)
    measurements = _measure(ops, candidate, options)
    print(render(measurements, only_missing=options.missing))
    if options.json:
        about = {
            "candidate": options.candidate,
            "torch": torch.__version__,
            "samples": options.samples or "all",
        }
        options.json.write_text(json.dumps(as_data(measurements, **about), indent=1), encoding="utf-8")
    return _update(measurements, drop=options.drop) if options.update else 0


def _measure(ops: Sequence[object], candidate: Candidate, options: argparse.Namespace) -> list[Measurement]:
    by_name = {op.full_name: op for op in ops}
    wanted = CARRIED_BY if options.only_carried else CHECKS

    def measure_one(name: str) -> Measurement:
        limit = options.samples
        return measure(by_name[name], candidate, limit=limit, seconds=options.timeout, wanted=wanted)

    made = []
    for m in measure_all(list(by_name), measure_one, jobs=options.jobs, seconds=2 * options.timeout + 30):
        made.append(m)
        if sys.stderr.isatty():
            print(f"\r\x1b[K{len(made)}/{len(ops)} {m.name}", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    return made


def _update(measurements: list[Measurement], *, drop: bool) -> int:
    lost = {name: lists.lost(name, measurements) for name in lists.LISTS}
    if any(lost.values()) and not drop:
        for name, operators in lost.items():
            print(f"no longer {name}: {' '.join(operators) or 'none'}", file=sys.stderr)
        print("lists left as they are; --drop takes these operators off them", file=sys.stderr)
        return 1
    for name in lists.LISTS:
        print(f"{lists.FOLDER / name}.txt: {lists.write(name, measurements)} operators")
    print(f"{lists.FOLDER / 'partial.txt'}: {lists.write_partial(measurements)} operators")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.parity.harness", description=__doc__)
    add = parser.add_argument
    add("--ops", default="", metavar="PATTERN", help="regular expression that operators' names contain")
    add("--candidate", default="unison", metavar="MODULE", help="the module to measure (default: unison)")
    add("--missing", action="store_true", help="list only operators without a counterpart")
    add("--only-carried", action="store_true", help="check values and gradients, nothing else")
    add("--samples", type=int, metavar="N", help="at most N samples per check and dtype (default: all)")
    add("--fast", dest="samples", action="store_const", const=6, help="the same as --samples 6")
    add("--jobs", type=int, default=1, metavar="N", help="worker processes (default: 1)")
    add("--timeout", type=float, default=120.0, metavar="S", help="seconds per operator (default: 120)")
    add("--json", type=Path, metavar="FILE", help="write the measurements there as well")
    add("--update", action="store_true", help="bring tests/parity/ops/*.txt up to date; needs all samples")
    add("--drop", action="store_true", help="with --update: take lost operators off the lists")
    add("--repro", metavar="CASE", help="run one sample again, named as in a report: add/int64/forward/3")
    return parser


if __name__ == "__main__":
    sys.exit(main())
