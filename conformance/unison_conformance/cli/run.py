"""`conformance run`: the whole suite, or part of it, on one device."""

from __future__ import annotations

import argparse
from collections import defaultdict
from typing import Any

from unison_conformance.cli._arguments import add_device, add_selection, add_whole, options_from
from unison_conformance.cli._output import failures, progress, say, table
from unison_conformance.levels import NAMES
from unison_conformance.report.files import require_writable, write_text
from unison_conformance.report.groups import subject
from unison_conformance.running.conduct import conduct
from unison_conformance.running.run import FLOAT32, Run
from unison_conformance.running.verdicts import Result, Verdict
from unison_core.operator import registry

__all__ = ["REPORTS", "add", "print_run", "run", "write_reports"]

REPORTS = ("json", "junit", "html")


def add(parsers: Any) -> None:
    """Declare the subcommand."""
    parser = parsers.add_parser("run", help="run the suite on a device; exit code 0 if it conforms")
    add_device(parser)
    add_selection(parser)
    add_whole(parser)
    for kind in REPORTS:
        parser.add_argument(f"--{kind}", metavar="FILE", help=f"write a report as {kind.upper()}")


def run(options: argparse.Namespace) -> int:
    """Run, print the summary, write the reports asked for."""
    for path in filter(None, (getattr(options, kind) for kind in REPORTS)):
        require_writable(path)
    with progress(options.device) as report:
        outcome = conduct(options.device, options_from(options), report)
    print_run(outcome)
    write_reports(outcome, options)
    return outcome.code


def write_reports(outcome: Run, options: argparse.Namespace) -> None:
    """Write the reports that were asked for."""
    from unison_conformance import report

    if options.json:
        report.write(outcome, options.json)
    if options.junit:
        write_text(report.junit(outcome), options.junit)
    if options.html:
        write_text(report.page(outcome), options.html)


def print_run(outcome: Run) -> None:
    """Print the summary of a run."""
    print(f"unison conformance {outcome.suite} on {outcome.device}: {outcome.environment.get('device', '')}")
    print(f"{FLOAT32}: {outcome.float32_products}")
    columns = ("theme", "cases", "passed", "failed", "other", "worst error/limit", "where")
    table(columns, [_row(theme, rs) for theme, rs in sorted(_by_theme(outcome).items())])
    failures(outcome.results, outcome.device)
    for r in outcome.results:
        if r.verdict is Verdict.WAIVED:
            print(f"WAIVED {r.case}: {r.detail}")
    print(", ".join(f"{n} {v.value}" for v, n in outcome.counts().items()) or "no case ran")
    _print_badges(outcome)
    print(
        f"level: {_level(outcome)}; seed {outcome.seed}; cases {outcome.case_list[:12]}; {outcome.seconds:.1f} s"
    )
    words = f": {_WORDS[outcome.code]}" if outcome.code in _WORDS else ""
    say(f"exit code {outcome.code}{words}", good=outcome.code == 0)
    for reason in outcome.reasons:
        print(f"    {reason}")


def _by_theme(outcome: Run) -> dict[str, list[Result]]:
    themes: dict[str, list[Result]] = defaultdict(list)
    for r in outcome.results:
        if r.case.startswith("check."):
            themes[".".join(r.case.split("-")[0].split(".")[:2])].append(r)
        else:
            op = registry.get(subject(r.case))
            themes[op.theme if op is not None else "other"].append(r)
    return themes


def _row(theme: str, results: list[Result]) -> tuple[Any, ...]:
    passed = sum(r.verdict is Verdict.PASS for r in results)
    other = sum(r.verdict in (Verdict.NOT_SUPPORTED, Verdict.WAIVED) for r in results)
    worst = max(results, key=lambda r: r.ratio)
    ratio = f"{worst.ratio:.2f}" if worst.ratio else ""
    where = worst.case if worst.ratio else ""
    return theme, len(results), passed, len(results) - passed - other, other or "", ratio, where


_STATUSES = {
    "failed": "failed",
    "earned": "earned",
    "partly": "partly tried",
    "not tried": "claimed, not tried",
    "unverified": "claimed, not verified",
}
_WORDS = {
    0: "nothing failed",
    1: "there are failures",
    4: "the contract is violated",
    5: "the backend crashes or hangs",
    6: "inconclusive",
    7: "the suite itself is not in order",
    8: "waivers are not in order",
}
_ALWAYS = {"failed", "unverified"}


def _print_badges(outcome: Run) -> None:
    """A line for each status and reason; where part of the cases ran, what was not tried goes without saying."""
    groups: dict[str, list[str]] = defaultdict(list)
    for status, words in _STATUSES.items():
        for b in outcome.badges:
            if b.status == status and (outcome.level is not None or status in _ALWAYS):
                reason = f" ({b.reason})" if b.reason and status != "earned" else ""
                groups[f"badges {words}: %s{reason}"].append(b.name + ("" if b.claimed else " (not claimed)"))
    for line, names in groups.items():
        print(line % ", ".join(names))
    if not groups and outcome.level is not None:
        print("badges: none claimed")


def _level(outcome: Run) -> str:
    if outcome.level is None:
        return f"not decided, as {outcome.undecided}"
    if outcome.level < 0:
        return "none reached"
    return f"L{outcome.level} {NAMES[outcome.level]} reached (asked for L{outcome.options['level']})"
