"""Functions of one or two real numbers to any precision, by Arb's ball arithmetic (python-flint).

Johansson, Arb: efficient arbitrary-precision midpoint-radius interval arithmetic, 2017. Every result carries a
proven error bound; precision is raised until the bound is far below half a unit of float64.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from unison_conformance.oracle.wide import Wide, wide

__all__ = ["evaluate", "evaluate_plane", "flint"]

_FIRST, _LAST = 160, 20_000
_ENOUGH = 110


def flint() -> Any:
    """The library.

    Raises:
        ImportError: it is not installed; the text names the extra.
    """
    try:
        import flint as library
    except ImportError as e:
        raise ImportError(
            "the oracle needs python-flint: pip install 'unison[conformance]' (or python-flint)"
        ) from e
    return library


def evaluate(function: Callable[..., Any], *inputs: Any) -> Wide:
    """function(arb, ...) at every element of the inputs, broadcast.

    Elements must be finite and inside the function's domain: limits are the caller's to fill in. Results beyond
    float64 are infinite, results below it 0.
    """
    library = flint()
    arrays = np.broadcast_arrays(*[w.hi for w in map(wide, inputs)])
    tails = np.broadcast_arrays(*[w.lo for w in map(wide, inputs)])
    shape, count = arrays[0].shape, arrays[0].size
    hi, lo = np.empty(count), np.zeros(count)
    previous = library.ctx.prec
    try:
        for i, (x, tail) in enumerate(
            zip(
                zip(*(a.ravel().tolist() for a in arrays), strict=True),
                zip(*(t.ravel().tolist() for t in tails), strict=True),
                strict=True,
            )
        ):
            hi[i], lo[i] = _one(library, function, x, tail)
    finally:
        library.ctx.prec = previous
    return Wide(hi.reshape(shape), lo.reshape(shape))


def _one(library: Any, function: Any, x: tuple[float, ...], tail: tuple[float, ...]) -> tuple[float, float]:
    precision = _FIRST
    while True:
        library.ctx.prec = precision
        y = function(*(library.arb(a) + b if b else library.arb(a) for a, b in zip(x, tail, strict=True)))
        if y.rel_accuracy_bits() >= _ENOUGH or y.is_zero():
            break
        if precision >= _LAST:
            raise ArithmeticError(f"{function} at {x} is not determined with {_LAST} bits: {y}")
        precision *= 2
    hi = float(y)
    return (hi, float(y - hi)) if abs(hi) < np.inf else (hi, 0.0)


def evaluate_plane(function: Callable[..., Any], *inputs: Any) -> tuple[Wide, Wide]:
    """The parts of function(acb, ...) at every element of complex arrays of one shape; NaN where it has a pole."""
    library = flint()
    shape = inputs[0].shape
    parts = np.zeros((2, 2, inputs[0].size))
    seen: dict[tuple[complex, ...], Any] = {}
    previous = library.ctx.prec
    try:
        for i, z in enumerate(zip(*(a.ravel().tolist() for a in inputs), strict=True)):
            if z not in seen:
                seen[z] = _one_in_plane(library, function, z)
            parts[:, :, i] = seen[z]
    finally:
        library.ctx.prec = previous
    return Wide(*parts[0].reshape(2, *shape)), Wide(*parts[1].reshape(2, *shape))


def _one_in_plane(library: Any, function: Any, z: tuple[complex, ...]) -> list[tuple[float, float]]:
    precision = _FIRST
    while True:
        library.ctx.prec = precision
        w = function(*(library.acb(a.real, a.imag) for a in z))
        # One part may be an undetermined zero: the modulus is what counts.
        if w.rel_accuracy_bits() >= _ENOUGH or w.is_zero():
            break
        if precision >= _LAST or not w.is_finite():
            return [(np.nan, 0.0), (np.nan, 0.0)]
        precision *= 2
    his = [float(w.real.mid()), float(w.imag.mid())]
    return [
        (hi, float((part - hi).mid()) if abs(hi) < np.inf else 0.0)
        for hi, part in zip(his, (w.real, w.imag), strict=True)
    ]
