"""Functions of one or two real numbers to any precision, by Arb's ball arithmetic (python-flint).

Johansson, Arb: efficient arbitrary-precision midpoint-radius interval arithmetic, 2017. Every result carries a
proven error bound; precision is raised until the bound is far below half a unit of float64.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from unison_conformance.oracle.wide import Wide, wide

__all__ = ["evaluate", "flint"]

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
