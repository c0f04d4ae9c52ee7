"""`conformance report FILE`: print a report again, or turn it into HTML or JUnit."""

from __future__ import annotations

import argparse
from typing import Any

from unison_conformance.cli.run import print_run
from unison_conformance.report import junit, page, read
from unison_conformance.report.files import write_text

__all__ = ["add", "run"]


def add(parsers: Any) -> None:
    """Declare the subcommand."""
    parser = parsers.add_parser("report", help="show a report, or write it as HTML or JUnit")
    parser.add_argument("file", metavar="FILE", help="the JSON that `run --json` wrote")
    parser.add_argument("--html", metavar="FILE")
    parser.add_argument("--junit", metavar="FILE")


def run(options: argparse.Namespace) -> int:
    """Print the summary unless a file was asked for; the exit code is that of the run reported."""
    outcome = read(options.file)
    if options.html:
        write_text(page(outcome), options.html)
    if options.junit:
        write_text(junit(outcome), options.junit)
    if not (options.html or options.junit):
        print_run(outcome)
    return outcome.code
