"""`conformance doctor`: what is here, what is missing, and how to mend it."""

from __future__ import annotations

import argparse
import platform
from collections.abc import Iterator
from importlib import metadata
from typing import Any

import unison
from unison_conformance import VERSION
from unison_conformance.badges import unverified
from unison_conformance.cases.listing import check_list, list_hash
from unison_conformance.errors import SuiteError
from unison_conformance.levels import NAMES
from unison_conformance.oracle import ORACLES
from unison_conformance.running.conduct import case_list
from unison_conformance.running.support import claims_of
from unison_core import devices
from unison_core.operator import registry

__all__ = ["add", "run"]

_ORACLE = {"numpy": "unison", "ml_dtypes": "unison", "python-flint": "unison[conformance]"}


def add(parsers: Any) -> None:
    """Declare the subcommand."""
    parsers.add_parser(
        "doctor", help="show the environment, the backends and what they claim, the suite's own state"
    )


def run(options: argparse.Namespace) -> int:
    """Print the report; 3 if no device can be used, 7 if the suite cannot judge."""
    healthy = list(_suite())
    usable = list(_backends())
    return 7 if not all(healthy) else 0 if any(usable) else 3


def _suite() -> Iterator[bool]:
    print(
        f"Suite {VERSION}, Unison {unison.__version__}, Python {platform.python_version()}, {platform.platform()}"
    )
    for name, package in _ORACLE.items():
        try:
            print(f"  {name:<14}{metadata.version(name)}")
        except metadata.PackageNotFoundError:
            print(f"  {name:<14}missing: pip install '{package}'")
            yield False
    for level, name in NAMES.items():
        cases = case_list(level)
        print(f"  L{level} {name:<11}{len(cases):>7} cases, SHA-256 {list_hash(cases)}")
    try:
        check_list()
        print("  case list     the one that this version of the suite stands for")
    except SuiteError as e:
        print(f"  case list     not in order: {e}")
        yield False
    without = sorted(set(registry) - set(ORACLES))
    print(f"  oracles       {len(registry) - len(without)} of {len(registry)} operators")
    if without:
        print(f"                none for {', '.join(without)}")
        yield False
    yield True


def _backends() -> Iterator[bool]:
    print("Backends")
    for record in unison.backends():
        print(f"  {record.name:<14}{record.status}, from {record.origin}")
        if record.reason:
            print(f"{'':16}reason: {record.reason}")
        if record.status == "quarantined" and record.fix:
            print(f"{'':16}fix: {record.fix}")
        for name in record.devices:
            device = devices.canonical(name)
            claims = claims_of(device)
            print(f"{'':16}{name}: {device.backend.describe(device)}")
            print(f"{'':18}dtypes {' '.join(claims.dtypes)}")
            tried = [b for b in claims.badges if b not in unverified(claims)]
            print(f"{'':18}badges claimed {' '.join(tried) or 'none'}; subnormals: {claims.subnormals}")
            if unverified(claims):
                print(f"{'':18}claimed, and verified by no case here: {' '.join(unverified(claims))}")
            yield True
