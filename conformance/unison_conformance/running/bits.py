"""The bits of results: a digest of what a call returns, so that devices in different processes can be compared."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from unison_conformance.cases.case import Case
from unison_conformance.running.perform import outputs
from unison_conformance.running.verdicts import Result, Verdict
from unison_core.dispatch.fallback import fallback_policy

__all__ = ["WORD", "BitsOf", "bits_of"]

WORD = "bits"
"""Before the name of a case, asks a worker for the bits of its results instead of its verdict."""


@dataclass(frozen=True, slots=True)
class BitsOf:
    """What to hand to `pool.isolated` in the place of the case."""

    case: Case

    def __str__(self) -> str:
        return f"{WORD} {self.case}"


def bits_of(case: Case, device: str) -> Result:
    """PASS with the digest of shapes, dtypes and bits as detail; NOT_SUPPORTED where the call raises."""
    name = str(BitsOf(case))
    try:
        with fallback_policy("error"):
            found = outputs(case, device)
    except Exception as e:  # noqa: BLE001 - the verdict tells of it
        return Result(name, Verdict.NOT_SUPPORTED, f"{type(e).__name__}: {e}")
    digest = hashlib.sha256()
    for x in found:
        digest.update(f"{x.dtype.name}{x.shape}".encode())
        digest.update(x.tobytes())
    return Result(name, Verdict.PASS, digest.hexdigest())
