"""`conformance report FILE`: print a report again, or turn it into HTML or JUnit."""

from __future__ import annotations

import argparse
from typing import Any

from unison_conformance.cli.run import print_run
from unison_conformance.errors import UsageError
from unison_conformance.report import junit, page, read, schema
from unison_conformance.report.files import write_text

__all__ = ["add", "run"]


def add(parsers: Any) -> None:
    """Declare the subcommand."""
    parser = parsers.add_parser("report", help="show a report, or write it as HTML or JUnit")
    parser.add_argument("file", nargs="?", metavar="FILE", help="the JSON that `run --json` wrote")
    parser.add_argument("--html", metavar="FILE", help="write it as one HTML file that needs nothing else")
    parser.add_argument("--junit", metavar="FILE", help="write it as JUnit XML")
    parser.add_argument("--schema", action="store_true", help="print the JSON Schema of reports instead")


def run(options: argparse.Namespace) -> int:
    """Print the summary unless a file was asked for; the exit code is that of the run reported.

    Raises:
        UsageError: neither a report nor the schema is asked for.
    """
    if options.schema:
        print(schema(), end="")
        return 0
    if not options.file:
        raise UsageError("report takes the FILE that `conformance run --json FILE` wrote, or --schema")
    outcome = read(options.file)
    if options.html:
        write_text(page(outcome), options.html)
    if options.junit:
        write_text(junit(outcome), options.junit)
    if not (options.html or options.junit):
        print_run(outcome)
    return outcome.code
