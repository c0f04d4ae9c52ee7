"""Verdicts: what a case may come to. Only PASS is green."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ["Result", "Verdict"]


class Verdict(Enum):
    """One of the contract's verdicts."""

    PASS = "PASS"  # noqa: S105 - a verdict
    FAIL = "FAIL"
    NOT_SUPPORTED = "NOT_SUPPORTED"
    FALLBACK = "FALLBACK"
    LIE = "LIE"
    CRASH = "CRASH"
    HANG = "HANG"
    NONDETERMINISTIC = "NONDETERMINISTIC"
    WAIVED = "WAIVED"
    XPASS = "XPASS"
    SUITE_ERROR = "SUITE_ERROR"


@dataclass(frozen=True, slots=True)
class Result:
    """What a case came to. `error` and `limit` are in units in the last place of the result's dtype."""

    case: str
    verdict: Verdict
    detail: str = ""
    error: float = 0.0
    limit: float = 0.0
    ratio: float = 0.0
    inputs: str = ""
    """The worst element's inputs, in hexadecimal, where the operator is elementwise."""
    seconds: float = 0.0
