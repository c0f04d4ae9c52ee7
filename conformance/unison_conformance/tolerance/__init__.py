"""How far a result may lie from its reference: one table, every entry with its source.

`limits` is the table (operator family x dtype), `families` says which family an operator belongs to, `compare`
measures a result against its reference. Nothing else in the suite or its tests may hold a tolerance. Start in
`limits`.
"""

from unison_conformance.tolerance.compare import Comparison, compare
from unison_conformance.tolerance.families import family_of
from unison_conformance.tolerance.limits import LIMITS, Limit, limit_of

__all__ = ["LIMITS", "Comparison", "Limit", "compare", "family_of", "limit_of"]
