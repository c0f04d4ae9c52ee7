"""Mutants: kernels with one bug each, by which the suite proves that it would have seen the bug.

`mutant` is the registry and how a bug is planted, one module per kind of bug registers its mutants, `backends`
has whole backends that are wrong on purpose (null, cheating) or right by definition (echo), `kill` runs the
cases against the mutants. Start in `mutant`.
"""

from unison_conformance.mutants import (
    axes,
    gradients,
    indexing,
    layout,
    networks,
    precision,
    sizes,
    special,
    state,
    storage,
)
from unison_conformance.mutants.mutant import MUTANTS, Mutant, planted

__all__ = [
    "MUTANTS",
    "Mutant",
    "axes",
    "gradients",
    "indexing",
    "layout",
    "networks",
    "planted",
    "precision",
    "sizes",
    "special",
    "state",
    "storage",
]
