"""Cases: which calls are made, with which numbers in which memory.

`case` is one case and its name, `values` makes the numbers and `points` the long vectors of them, `layouts` lays them
out on the device, `shapes` adds calls to the operators' own samples, `listing` is the list of all cases of a level
with its hash, `fuzz` makes more at random. A case is made again from its name alone. Start in `case`.
"""

from typing import Any

from unison_conformance.cases.case import Case, parse

__all__ = ["Case", "cases_of", "parse"]


def __getattr__(name: str) -> Any:
    # `listing` is also a command, which Python does not like to find imported already.
    if name == "cases_of":
        from unison_conformance.cases.listing import cases_of

        return cases_of
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
