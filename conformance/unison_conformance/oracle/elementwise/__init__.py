"""Oracles of the elementwise operators, at all their dtypes.

`exact` applies a function of Python integers or fractions to every element; `real` has the functions of one real
number and their limits after C99 annex F; `plane` the functions of complex numbers; `arithmetic`, `comparison`,
`bits`, `powers` and `activation` the rest. Imports the oracle's own arithmetic and NumPy, to hold numbers. Start in
`exact` and `real`.
"""

from unison_conformance.oracle.elementwise import (
    activation,
    arithmetic,
    bits,
    comparison,
    plane,
    powers,
    real,
)

__all__ = ["activation", "arithmetic", "bits", "comparison", "plane", "powers", "real"]
