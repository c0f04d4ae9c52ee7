"""What changed between two runs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from unison_conformance.running.run import Run
from unison_conformance.running.verdicts import Result, Verdict

__all__ = ["Difference", "differences"]

# An error counts as grown when it is this many times the old one, relative to its limit.
_GROWN = 2.0


@dataclass(frozen=True, slots=True)
class Difference:
    """One case that came out otherwise. `kind` is "broken", "mended", "gone", "new", "grown" or "other"."""

    kind: str
    case: str
    old: str
    new: str


def differences(old: Run, new: Run) -> list[Difference]:
    """The cases whose verdict or error changed, what broke first."""
    before = {r.case: r for r in old.results}
    after = {r.case: r for r in new.results}
    out = [Difference("gone", c, before[c].verdict.value, "") for c in before if c not in after]
    out += [Difference("new", c, "", after[c].verdict.value) for c in after if c not in before]
    out += [d for c, r in after.items() if c in before and (d := _between(before[c], r)) is not None]
    order = ("broken", "gone", "grown", "other", "mended", "new")
    return sorted(out, key=lambda d: (order.index(d.kind), d.case))


def _between(old: Result, new: Result) -> Difference | None:
    if old.verdict is not new.verdict:
        kind = "other"
        if old.verdict is Verdict.PASS:
            kind = "broken"
        elif new.verdict is Verdict.PASS:
            kind = "mended"
        return Difference(kind, new.case, old.verdict.value, new.verdict.value)
    if math.isfinite(new.ratio) and new.ratio > _GROWN * max(old.ratio, 0.05):
        return Difference("grown", new.case, f"{old.ratio:.2f} of the limit", f"{new.ratio:.2f} of the limit")
    return None
