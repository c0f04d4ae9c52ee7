"""Cases: which calls are made, with which numbers in which memory.

`case` is one case and its name, `values` makes the numbers, `layouts` lays them out on the device, `listing` is
the list of all cases of a level with its hash. A case is made again from its name alone. Start in `case`.
"""

from unison_conformance.cases.case import Case, parse
from unison_conformance.cases.listing import cases_of

__all__ = ["Case", "cases_of", "parse"]
