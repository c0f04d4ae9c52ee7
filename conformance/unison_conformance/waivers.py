"""Waivers: failures that a backend's authors know of, in `conformance.toml` beside the backend.

    [[waiver]]
    case = "log-float16-*"                 # a pattern of case names
    device = "mine:*"                      # optional
    reason = "the driver's log is off by 3 ULP below 2^-10"
    pointer = "https://example.org/issues/1"
    expires = 2027-06-30

A waived failure is not a pass. An entry that has expired, or whose case passes, fails the run.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from unison_conformance.errors import UsageError
from unison_conformance.running.verdicts import Result, Verdict

__all__ = ["FILE", "Waiver", "read", "waive", "waivers_of"]

FILE = "conformance.toml"
_FIELDS = {"case": str, "reason": str, "pointer": str, "expires": dt.date}


@dataclass(frozen=True, slots=True)
class Waiver:
    """One entry."""

    case: str
    reason: str
    pointer: str
    expires: dt.date
    device: str = "*"

    def expired(self, today: dt.date | None = None) -> bool:
        """Whether its day is over."""
        return (today or dt.datetime.now(dt.UTC).date()) > self.expires


def read(path: Path | Any) -> tuple[Waiver, ...]:
    """The waivers of a file.

    Raises:
        UsageError: there is no such file, or an entry is not complete; the text says what is missing.
    """
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("waiver", [])
    except FileNotFoundError as e:
        raise UsageError(f"there is no file of waivers {str(path)!r}") from e
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise UsageError(f"{path}: no TOML: {e}") from e
    return tuple(_waiver(path, n, entry) for n, entry in enumerate(entries, 1))


def _waiver(path: Any, number: int, entry: Any) -> Waiver:
    wrong = [k for k, kind in _FIELDS.items() if not isinstance(entry.get(k), kind) or not entry[k]]
    unknown = sorted(set(entry) - {*_FIELDS, "device"})
    if wrong or unknown:
        missing = f"needs {', '.join(wrong)} ({', '.join(_FIELDS)} are texts and a date)" if wrong else ""
        odd = f"has unknown fields {', '.join(unknown)}" if unknown else ""
        raise UsageError(f"{path}: waiver {number} {' and '.join(filter(None, (missing, odd)))}")
    return Waiver(**entry)


def waivers_of(device: Any) -> tuple[Waiver, ...]:
    """Those that the backend's package carries."""
    return _carried(type(device.backend).__module__.partition(".")[0])


@cache
def _carried(package: str) -> tuple[Waiver, ...]:
    try:
        file = resources.files(package) / FILE
    except (ModuleNotFoundError, TypeError):
        return ()
    return read(file) if file.is_file() else ()


def waive(result: Result, waivers: Sequence[Waiver], device: str) -> Result:
    """The result as the waivers make it: WAIVED where it failed, XPASS where it passed."""
    for w in waivers:
        if fnmatchcase(result.case, w.case) and fnmatchcase(device, w.device):
            break
    else:
        return result
    if result.verdict is Verdict.PASS:
        return replace(
            result, verdict=Verdict.XPASS, detail=f"passes, but is waived: {w.reason} ({w.pointer})"
        )
    if result.verdict in (Verdict.SUITE_ERROR, Verdict.NOT_SUPPORTED):
        return result
    was = f"{result.verdict.value} {result.detail}".strip()
    return replace(
        result, verdict=Verdict.WAIVED, detail=f"{w.reason} ({w.pointer}, until {w.expires}); was: {was}"
    )
