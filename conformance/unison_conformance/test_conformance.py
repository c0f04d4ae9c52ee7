"""What pytest collects: every case of the level, on every device asked for."""

from __future__ import annotations

from typing import Any

from unison_conformance.pytest_plugin import judge, seen
from unison_conformance.running.verdicts import Verdict

__all__ = ["test_case", "test_something_was_asserted"]


def test_case(conformance_device: str, conformance_case: Any) -> None:
    """The case comes out as the oracle has it."""
    judge(conformance_case, conformance_device)


def test_something_was_asserted(conformance_device: str) -> None:
    """A device on which every case was skipped does not pass."""
    results = seen.get(conformance_device)
    assert results is None or any(r.verdict is Verdict.PASS for r in results)
