"""`conformance verify REPORT`: run what a report says was run, and see whether it comes out the same."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

from unison_conformance import VERSION
from unison_conformance.cases.listing import list_hash
from unison_conformance.cli._output import progress, table
from unison_conformance.errors import SuiteError, VersionError
from unison_conformance.report import differences, read
from unison_conformance.running.conduct import Options, case_list, conduct

__all__ = ["add", "run"]

_SHOWN = 40


def add(parsers: Any) -> None:
    """Declare the subcommand."""
    parser = parsers.add_parser("verify", help="run again what a report was made of, and compare")
    parser.add_argument("file", metavar="REPORT", help="the JSON that `run --json` wrote")
    parser.add_argument("--device", metavar="NAME", help="instead of the report's own device")
    parser.add_argument("--jobs", type=int, metavar="N", help="worker processes")


def run(options: argparse.Namespace) -> int:
    """0 if every verdict and the level came out as reported, else 1.

    Raises:
        VersionError: the report is of another version of the suite.
        SuiteError: the version is the same, but not the list of cases.
    """
    old = read(options.file)
    if old.suite != VERSION:
        raise VersionError(
            f"{options.file} is of suite {old.suite}, this is {VERSION}: verify it with that version"
        )
    names = Options.__dataclass_fields__
    wanted = Options(
        **{k: tuple(v) if isinstance(v, list) else v for k, v in old.options.items() if k in names}
    )
    if options.jobs is not None:
        wanted = replace(wanted, jobs=options.jobs)
    if list_hash(case_list(wanted.level)) != old.case_list:
        raise SuiteError(f"{options.file} was made with another list of cases than suite {VERSION} has here")
    device = options.device or old.device
    with progress(device) as report:
        new = conduct(device, wanted, report)
    changed = [d for d in differences(old, new) if d.kind != "grown"]
    if changed:
        table(
            ("change", "case", "reported", "seen"),
            [(d.kind, d.case, d.old or "-", d.new or "-") for d in changed[:_SHOWN]],
        )
    same = not changed and new.level == old.level and new.code == old.code
    print(
        f"{options.file}: {len(new.results)} cases run again on {device}, {len(changed)} came out otherwise; "
        f"level {old.level} reported, {new.level} seen; {'verified' if same else 'NOT verified'}"
    )
    return 0 if same else 1
