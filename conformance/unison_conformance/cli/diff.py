"""`conformance diff OLD NEW`: what changed between two reports."""

from __future__ import annotations

import argparse
from typing import Any

from unison_conformance.cli._output import table
from unison_conformance.report import differences, read

__all__ = ["add", "run"]

_WORSE = {"broken", "gone"}
_SHOWN = 60


def add(parsers: Any) -> None:
    """Declare the subcommand."""
    parser = parsers.add_parser("diff", help="what changed from one report to another")
    parser.add_argument("old", metavar="OLD")
    parser.add_argument("new", metavar="NEW")


def run(options: argparse.Namespace) -> int:
    """Print the cases that came out otherwise; 1 if any that passed does not any more, else 0."""
    old, new = read(options.old), read(options.new)
    for what in ("suite", "device", "case_list", "float32_products", "level"):
        before, after = getattr(old, what), getattr(new, what)
        if before != after:
            print(f"{what}: {before} -> {after}")
    found = differences(old, new)
    if found:
        table(
            ("change", "case", "was", "is"),
            [(d.kind, d.case, d.old or "-", d.new or "-") for d in found[:_SHOWN]],
        )
        if len(found) > _SHOWN:
            print(f"... and {len(found) - _SHOWN} more")
    else:
        print("no case came out otherwise")
    return int(any(d.kind in _WORSE for d in found))
