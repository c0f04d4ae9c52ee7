"""What operators must return, from mathematics alone: exact integers, multiprecision, or sums of 106 bits.

`reference` says what an oracle hands out, `wide` is the arithmetic of accumulations, `multiprecision` the
functions. One module per theme of `unison_core.ops` registers the oracles of its operators. Nothing here runs on
a backend, and nothing here calls the function that NumPy has for what is being computed. Start in `reference`.
"""

from unison_conformance.oracle import (
    attention,
    convolution,
    creation,
    decomposition,
    elementwise,
    embedding,
    folding,
    fourier,
    indexing,
    linalg,
    loss,
    movement,
    normalization,
    optimizer,
    pooling,
    random,
    recurrent,
    reduction,
    sorting,
)
from unison_conformance.oracle.reference import ORACLES, Reference, expected, oracle

__all__ = [
    "ORACLES",
    "Reference",
    "attention",
    "convolution",
    "creation",
    "decomposition",
    "elementwise",
    "embedding",
    "expected",
    "folding",
    "fourier",
    "indexing",
    "linalg",
    "loss",
    "movement",
    "normalization",
    "optimizer",
    "oracle",
    "pooling",
    "random",
    "recurrent",
    "reduction",
    "sorting",
]
