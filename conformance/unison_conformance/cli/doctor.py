"""`conformance doctor`: what is here, what is missing, and how to mend it."""

from __future__ import annotations

import argparse
import contextlib
import platform
from collections.abc import Iterator, Mapping
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
from unison_conformance.running.loading import trouble_loading
from unison_conformance.running.support import claims_of
from unison_core import devices, plugins
from unison_core.errors import UnisonError
from unison_core.operator import registry
from unison_core.plugins import loading

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
        print(f"  L{level} {name:<11}{len(cases):>7} cases, SHA-256 {list_hash(cases)[:16]}...")
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
    # Each in a process of its own if need be: a driver may crash while it loads.
    trouble = trouble_loading(sorted(_names()))
    for name, text in trouble.items():
        print(f"  {name:<14}takes down the process that loads it, from {_origin(name)}")
        print(f"{'':16}{text}")
        yield False
    for record in _records(trouble):
        print(f"  {record.name:<14}{record.status}, from {record.origin}")
        if record.reason:
            print(f"{'':16}reason: {record.reason}")
        if record.status == "quarantined" and record.fix:
            print(f"{'':16}fix: {record.fix}")
        for name in record.devices:
            yield _print_device(name)


def _print_device(name: str) -> bool:
    try:
        device = devices.canonical(name)
        claims, words = claims_of(device), device.backend.describe(device)
    except Exception as e:  # noqa: BLE001 - a backend may raise anything
        print(f"{'':16}{name}: cannot say what it is: {type(e).__name__}: {e}")
        return False
    print(f"{'':16}{name}: {words}")
    print(f"{'':18}dtypes {' '.join(claims.dtypes)}")
    tried = [b for b in claims.badges if b not in unverified(claims)]
    print(f"{'':18}claims the badges {' '.join(tried) or 'none'}; subnormals: {claims.subnormals}")
    if unverified(claims):
        print(f"{'':18}claims, and no case here can verify: {' '.join(unverified(claims))}")
    return True


def _names() -> dict[str, Any]:
    return {e.name: e for e in metadata.entry_points(group=loading.GROUP)}


def _origin(name: str) -> str:
    dist = _names()[name].dist
    return dist.name if dist is not None else "an unknown distribution"


def _records(trouble: Mapping[str, str]) -> list[Any]:
    """What became of the other backends."""
    if not trouble:
        return list(unison.backends())
    for name in set(_names()) - set(trouble):
        with contextlib.suppress(UnisonError):
            plugins.load(name)
    return [plugins.require(name) for name in sorted(set(_names()) - set(trouble))]
