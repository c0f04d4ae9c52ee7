"""Running: one case, or many with each kept from hurting the others.

`perform` runs one case in this process; `verdicts` are the possible outcomes. Start in `perform`.
"""

from unison_conformance.running.perform import perform
from unison_conformance.running.verdicts import Result, Verdict

__all__ = ["Result", "Verdict", "perform"]
