"""Shapes: calls beyond the operators' own samples, of the sizes at which kernels go wrong.

Sizes of 1 and 0 in every position, edges of tiles (31 to 33, 63 to 65, 127 to 129, 255 to 257), primes, up to six
dimensions, long accumulations with cancellation, equal elements, duplicate indices. One module per theme of
`unison_core.ops`, each a table of operators; samples keep their order, since cases count them. Start in `table`.
"""

from unison_conformance.cases.shapes import (
    creation,
    elementwise,
    fourier,
    indexing,
    linalg,
    movement,
    network,
    normalization,
    recurrent,
    reduction,
    windows,
)
from unison_conformance.cases.shapes.table import MORE, more_samples

__all__ = [
    "MORE",
    "creation",
    "elementwise",
    "fourier",
    "indexing",
    "linalg",
    "more_samples",
    "movement",
    "network",
    "normalization",
    "recurrent",
    "reduction",
    "windows",
]
