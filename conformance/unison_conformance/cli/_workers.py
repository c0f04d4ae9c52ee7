"""Cases in worker processes, for the subcommands that are no whole run."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from typing import Any

from unison_conformance.cli._output import progress
from unison_conformance.running.bits import BitsOf, bits_of
from unison_conformance.running.perform import perform
from unison_conformance.running.pool import isolated
from unison_conformance.running.verdicts import Result

__all__ = ["performed"]


def performed(cases: Sequence[Any], device: str, options: argparse.Namespace) -> Iterator[Result]:
    """The results in the order in which they come, as `--jobs`, `--timeout` and `--budget` say, with progress."""
    budget = getattr(options, "budget", 0.0)
    end = time.monotonic() + budget if budget else float("inf")
    results = (
        isolated(cases, device, jobs=options.jobs, timeout=options.timeout)
        if options.jobs
        else (_here(case, device) for case in cases)
    )
    try:
        with progress(device) as report:
            for done, result in enumerate(results, 1):
                report(result, done, len(cases))
                yield result
                if time.monotonic() > end:
                    return
    finally:
        results.close()


def _here(case: Any, device: str) -> Result:
    return bits_of(case.case, device) if isinstance(case, BitsOf) else perform(case, device)
