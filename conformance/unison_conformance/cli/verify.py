"""`conformance verify REPORT`: run what a report says was run, and see whether it comes out the same."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from unison_conformance import VERSION
from unison_conformance.cases.listing import list_hash
from unison_conformance.cli._arguments import count
from unison_conformance.cli._output import progress, say, table
from unison_conformance.errors import SuiteError, UsageError, VersionError
from unison_conformance.report import Difference, differences, read
from unison_conformance.running.conduct import Options, case_list, conduct
from unison_conformance.running.run import FLOAT32, Run
from unison_core.precision import EXACT

__all__ = ["add", "run"]

_SHOWN = 40


def add(parsers: Any) -> None:
    """Declare the subcommand."""
    parser = parsers.add_parser("verify", help="run again what a report was made of, and compare")
    parser.add_argument("file", metavar="REPORT", help="the JSON that `run --json` wrote")
    parser.add_argument("--device", metavar="NAME", help="instead of the report's own device")
    parser.add_argument("--jobs", type=count, metavar="N", help="worker processes (default: the report's)")


def run(options: argparse.Namespace) -> int:
    """0 if verdicts, level, badges, claims and exit code came out as reported, else 1.

    Raises:
        UsageError: it is no report, or one of a run that was cut short.
        VersionError: the report is of another version of the suite.
        SuiteError: the version is the same, but not the list of cases.
    """
    old = read(options.file)
    wanted = _wanted(old, options)
    device = options.device or old.device
    with progress(device) as report:
        new = conduct(device, wanted, report)
    changed = _changed(old, new)
    if changed:
        table(
            ("change", "case", "reported", "seen"),
            [(d.kind, d.case, d.old or "-", d.new or "-") for d in changed[:_SHOWN]],
        )
        if len(changed) > _SHOWN:
            print(f"... and {len(changed) - _SHOWN} more")
    told = list(_told(old, new))
    for line in told:
        print(line)
    print(
        f"{options.file}: {len(new.results)} cases run again on {device}, {len(changed)} came out otherwise"
    )
    say("NOT verified" if changed or told else "verified", good=not (changed or told))
    return int(bool(changed or told))


def _wanted(old: Run, options: argparse.Namespace) -> Options:
    """What was asked for when the report was made."""
    if old.suite != VERSION:
        raise VersionError(
            f"{options.file} is of suite {old.suite}, this is {VERSION}: verify it with that version"
        )
    names = Options.__dataclass_fields__
    try:
        given: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in old.options.items() if k in names
        }
        wanted = replace(Options(**given), budget=0.0)
        whole = case_list(wanted.level)
    except (KeyError, TypeError, ValueError) as e:
        raise UsageError(f"{options.file}: its options cannot be read: {type(e).__name__}: {e}") from None
    if old.float32_products not in {str(EXACT), "not stated"}:
        raise UsageError(
            f"{options.file} was made with {FLOAT32} at {old.float32_products}: that is no run of the contract, which "
            f"wants {EXACT!s}; run again"
        )
    if old.level is None and not wanted.narrowed:
        raise UsageError(f"{options.file} is of a run that was cut short: there is nothing whole to verify")
    if list_hash(whole) != old.case_list:
        raise SuiteError(
            f"{options.file} was made with another list of cases than suite {VERSION} has here: it was edited, "
            "or one of the two suites was (conformance doctor)"
        )
    return wanted if options.jobs is None else replace(wanted, jobs=options.jobs)


def _changed(old: Run, new: Run) -> list[Difference]:
    """The cases that came out otherwise; errors are held against each other where the environment is the same."""
    same = dict(old.environment) == dict(new.environment)
    return [d for d in differences(old, new) if same or d.kind != "grown"]


def _told(old: Run, new: Run) -> Iterator[str]:
    """What the report says of the whole, and is not so."""
    for what in ("level", "code", "claims", "seed"):
        if getattr(old, what) != getattr(new, what):
            yield f"{what}: {getattr(old, what)} reported, {getattr(new, what)} seen"
    if old.float32_products not in {new.float32_products, "not stated"}:
        yield f"{FLOAT32}: {old.float32_products} reported, {new.float32_products} seen"
    seen = {b.name: b for b in new.badges}
    for badge in old.badges:
        now = seen.get(badge.name)
        if now is None or (badge.claimed, badge.status) != (now.claimed, now.status):
            yield f"badge {badge.name}: {badge.status} reported, {now.status if now else 'no such badge'} seen"
