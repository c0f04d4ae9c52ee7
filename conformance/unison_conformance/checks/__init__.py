"""Checks beyond the value of one call: memory, aliasing, gradients, random streams, threads, truthfulness.

`check` is the registry and what a check may say; one module per theme registers its checks, named
`check.<theme>.<fact>`. Start in `check`.
"""

from unison_conformance.checks import (
    determinism,
    detours,
    exchange,
    fused,
    gradients,
    huge,
    lifetime,
    neighbours,
    promises,
    promotion,
    queues,
    random,
    state,
    storage,
    threads,
    training,
    transfer,
    views,
    writing,
)
from unison_conformance.checks.check import CHECKS, Check, CheckFailed, check

__all__ = [
    "CHECKS",
    "Check",
    "CheckFailed",
    "check",
    "determinism",
    "detours",
    "exchange",
    "fused",
    "gradients",
    "huge",
    "lifetime",
    "neighbours",
    "promises",
    "promotion",
    "queues",
    "random",
    "state",
    "storage",
    "threads",
    "training",
    "transfer",
    "views",
    "writing",
]
