"""References: what the result of a call must be, and how far rounding may take it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from unison_conformance.oracle.wide import Wide

__all__ = ["ORACLES", "Reference", "Residual", "expected", "oracle"]


@dataclass(frozen=True, slots=True)
class Residual:
    """How far results are from an equation that they must fulfil; S and n of rule 5 bound it as they bound a value."""

    equation: str
    error: Any
    """The distances, as float64."""
    scale: Any
    terms: Any


@dataclass(frozen=True, slots=True)
class Reference:
    """One result.

    `value` is Wide for real results, a pair of Wide for complex ones, and a NumPy array where every bit counts
    (of the result's dtype), or of Python integers (any size; compared modulo the width of the result's dtype).
    """

    value: Any
    scale: Any = None
    """S of rule 5: the sum of the absolute values of the terms that were accumulated; float64, same shape."""
    terms: Any = 0
    """n of rule 5: how many terms; a number or an array of the result's shape."""
    free: Any = None
    """Elements that the contract leaves open (a bool mask): not compared."""
    verify: Callable[[tuple[Any, ...]], Iterable[Residual]] | None = None
    """Of results that are not unique: what all results of the call, host arrays, must fulfil together."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the result."""
        return tuple((self.value[0] if isinstance(self.value, tuple) else self.value).shape)


Oracle = Callable[..., Any]

ORACLES: dict[str, Oracle] = {}
"""Operator name -> function of host arrays (positional) and all attributes (keyword) that returns a Reference, an
array of exact results, or a tuple of them for several results."""


def oracle(*names: str) -> Callable[[Oracle], Oracle]:
    """Register the reference of one or more operators; a function of several names takes the name first."""

    def register(function: Oracle) -> Oracle:
        for name in names:
            if name in ORACLES:
                raise ValueError(
                    f"two oracles for {name!r}: {ORACLES[name].__module__} and {function.__module__}"
                )
            ORACLES[name] = function if len(names) == 1 else _named(function, name)
        return function

    return register


def _named(function: Oracle, name: str) -> Oracle:
    def call(*inputs: Any, **attrs: Any) -> Any:
        return function(name, *inputs, **attrs)

    call.__module__ = function.__module__
    return call


def expected(name: str, inputs: tuple[Any, ...], attrs: Mapping[str, Any]) -> tuple[Reference, ...]:
    """The references of all results of an operator's call on host arrays (None where an input is left out).

    Raises:
        KeyError: the operator has no oracle.
    """
    from unison_conformance.oracle.cache import kept

    function = ORACLES[name]

    def compute() -> tuple[Reference, ...]:
        with np.errstate(all="ignore"):
            out = function(*inputs, **attrs)
        return tuple(map(_as_reference, out if isinstance(out, tuple) else (out,)))

    return kept(name, inputs, attrs, compute)


def _as_reference(out: Any) -> Reference:
    if isinstance(out, Reference):
        return out
    return Reference(out if isinstance(out, Wide) else np.asarray(out))
