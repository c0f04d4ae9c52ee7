"""Reductions and normalisations that pass over the elements where a bool mask is False.

Each puts the identity of its operation in place of what is masked out and calls the plain function: `reductions`,
`normalizations`. May import core and `unison.functions`.
"""

from unison.masked.normalizations import log_softmax, logaddexp, normalize, softmax, softmin
from unison.masked.reductions import (
    amax,
    amin,
    argmax,
    argmin,
    cumprod,
    cumsum,
    logsumexp,
    mean,
    median,
    norm,
    prod,
    std,
    sum,
    var,
)

__all__ = [
    "amax",
    "amin",
    "argmax",
    "argmin",
    "cumprod",
    "cumsum",
    "log_softmax",
    "logaddexp",
    "logsumexp",
    "mean",
    "median",
    "norm",
    "normalize",
    "prod",
    "softmax",
    "softmin",
    "std",
    "sum",
    "var",
]
