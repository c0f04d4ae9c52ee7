"""The table of further samples: operator -> function that yields them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import unison_core.ops  # noqa: F401 - declares the operators
from unison_core import operator
from unison_core.samples import Sample

__all__ = ["MORE", "more", "more_samples"]

Samples = Callable[[str], Iterator[Sample]]

MORE: dict[str, Samples] = {}
"""Operator -> function of its name that yields samples."""


def more(*names: str) -> Callable[[Samples], Samples]:
    """Register the further samples of some operators; the function is given the operator's name.

    Raises:
        ValueError: an operator is unknown, or has samples from another function.
    """

    def register(function: Samples) -> Samples:
        for name in names:
            if name not in operator.registry or name in MORE:
                raise ValueError(f"shapes of {name!r}: no such operator, or registered twice")
            MORE[name] = function
        return function

    return register


def more_samples(name: str) -> tuple[Sample, ...]:
    """The further samples of an operator; elementwise ones without an entry have those of their number of inputs."""
    from unison_conformance.cases.shapes.elementwise import broadcast

    if name in MORE:
        return tuple(MORE[name](name))
    op = operator.registry[name]
    return tuple(broadcast(op)) if op.theme == "elementwise" or op.elementwise else ()
