"""From the name of a case or check to the thing itself."""

from __future__ import annotations

from unison_conformance.cases.case import Case, nearest, parse
from unison_conformance.cases.layouts import LAYOUTS
from unison_conformance.cases.listing import errors_of, samples_of
from unison_conformance.cases.values import applicable_values
from unison_conformance.checks import CHECKS, Check
from unison_conformance.errors import UsageError

__all__ = ["find"]


def find(name: str) -> Case | Check:
    """The case or check of that name.

    Raises:
        UsageError: there is none; the text says which part is wrong, or the nearest names.
    """
    if name.startswith("check."):
        if name not in CHECKS:
            raise UsageError(f"no check is named {name!r}{nearest(name, CHECKS)}")
        return CHECKS[name]
    case = parse(name)
    if case.layout not in LAYOUTS:
        raise UsageError(f"{name!r}: no layout is named {case.layout!r}; there are {', '.join(LAYOUTS)}")
    values = (*applicable_values(case.op, case.element_type), "error")
    if case.values not in values:
        raise UsageError(
            f"{name!r}: {case.operator} in {case.dtype} is not tried with values {case.values!r}, but with "
            f"{', '.join(values)}"
        )
    known = errors_of(case.operator) if case.values == "error" else samples_of(case.operator)
    if case.sample >= len(known):
        what = "erroneous samples" if case.values == "error" else "samples"
        raise UsageError(f"{name!r}: {case.operator} has {len(known)} {what}, counted from 0")
    return case
