"""`conformance list`: the names of the cases."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from unison_conformance.cases.listing import list_hash
from unison_conformance.cli._arguments import add_selection, options_from
from unison_conformance.running.conduct import case_list, chosen

__all__ = ["add", "run"]


def add(parsers: Any) -> None:
    """Declare the subcommand."""
    parser = parsers.add_parser("list", help="print the names of the cases, and how many there are")
    add_selection(parser)
    parser.add_argument("--count", action="store_true", help="only how many")


def run(options: argparse.Namespace) -> int:
    """Print a name a line; the count and the hash of the level's list go to standard error."""
    cases = chosen(options_from(options))
    if not options.count:
        for case in cases:
            print(case)
    whole = case_list(options.level)
    text = f"{len(cases)} cases; level {options.level} has {len(whole)}, SHA-256 {list_hash(whole)}"
    print(text, file=sys.stdout if options.count else sys.stderr)
    return 0
