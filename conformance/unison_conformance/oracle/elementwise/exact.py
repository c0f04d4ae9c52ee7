"""Exact results: integers as Python's, finite floats as fractions, both rounded only where they are held."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from unison_conformance.oracle.wide import Wide

__all__ = ["as_wide", "doubles", "integers", "is_complex", "is_integer", "rational", "rationals"]


def is_integer(x: Any) -> bool:
    """Whether it holds integers or bools."""
    return bool(x.dtype.kind in "biu")


def is_complex(x: Any) -> bool:
    """Whether it holds complex numbers."""
    return bool(x.dtype.kind == "c")


def doubles(*arrays: Any) -> list[Any]:
    """The arrays broadcast to one shape, in float64: every narrower float is one of its numbers."""
    return list(np.broadcast_arrays(*[np.asarray(a).astype(np.float64) for a in arrays]))


def integers(function: Callable[..., Any], *arrays: Any) -> Any:
    """function(int, ...) at every element, as Python integers of any size."""
    given = np.broadcast_arrays(*arrays)
    out = np.empty(given[0].shape, object)
    flat = [function(*x) for x in zip(*(a.ravel().tolist() for a in given), strict=True)]
    for place, value in zip(np.ndindex(out.shape), flat, strict=True):
        out[place] = value
    return out


def as_wide(value: Fraction) -> tuple[float, float]:
    """A fraction as the two parts of a Wide number; infinite beyond float64."""
    try:
        hi = float(value)
    except OverflowError:
        return (np.inf if value > 0 else -np.inf), 0.0
    return hi, float(value - Fraction(hi))


def rational(function: Callable[..., Fraction], *arrays: Any, otherwise: Callable[..., Any]) -> Wide:
    """function(Fraction, ...) at every element of real arrays; `otherwise`, IEEE arithmetic on float64, where an
    input is not finite, the function divides by zero, or the result is a zero, whose sign fractions do not have.
    """
    return rationals(lambda *x: (function(*x),), *arrays, otherwise=lambda *x: (otherwise(*x),))[0]


def rationals(
    function: Callable[..., tuple[Fraction, ...]], *arrays: Any, otherwise: Callable[..., tuple[Any, ...]]
) -> tuple[Wide, ...]:
    """The same for a function with several results."""
    given = doubles(*arrays)
    plain = [np.array(p, np.float64) for p in otherwise(*given)]
    parts = [(p.reshape(-1), np.zeros(p.size)) for p in plain]
    finite = np.isfinite(given).all(0).ravel()
    for i, x in enumerate(zip(*(a.ravel().tolist() for a in given), strict=True)):
        if not finite[i]:
            continue
        try:
            values = function(*map(Fraction, x))
        except ZeroDivisionError:
            continue
        for (hi, lo), value in zip(parts, values, strict=True):
            if value:
                hi[i], lo[i] = as_wide(value)
                if not hi[i]:
                    hi[i] = 0.0 if value > 0 else -0.0
    return tuple(
        Wide(hi.reshape(p.shape), lo.reshape(p.shape)) for (hi, lo), p in zip(parts, plain, strict=True)
    )
