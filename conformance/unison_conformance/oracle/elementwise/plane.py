"""Functions of complex numbers, by Arb.

C99 tells the two sides of a branch cut by the sign of a zero, which Arb does not have. All functions here commute
with conjugation: a number below the real axis, -0 included, is reflected, and so is the result. Where a part is
not finite, or so large or small that its square leaves the format, neither C99's annex G nor torch promises a
result that libraries agree on: such elements are free.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from unison_conformance.oracle.multiprecision import evaluate_plane
from unison_conformance.oracle.reference import Reference
from unison_conformance.oracle.wide import Wide, where

__all__ = ["Plane", "in_plane", "pair", "unpromised"]

Plane = Callable[..., Any]

_ROOT_OF_RANGE = {np.dtype(np.complex64): 62, np.dtype(np.complex128): 510}


def pair(z: Any) -> tuple[Wide, Wide]:
    """The two parts."""
    return Wide(np.array(z.real, np.float64)), Wide(np.array(z.imag, np.float64))


def unpromised(*arrays: Any) -> Any:
    """The elements with a part that is not finite, or whose square leaves the format."""
    free: Any = False
    for z in np.broadcast_arrays(*arrays):
        bound = 2.0 ** _ROOT_OF_RANGE[z.dtype]
        for part in (np.abs(z.real), np.abs(z.imag)):
            free = free | ~(part <= bound) | ((part < 1 / bound) & (part > 0))
    return free


def in_plane(
    function: Plane, *arrays: Any, scale: Callable[..., Any] | None = None, odd: bool = False
) -> Reference:
    """function(acb, ...) at every element; `scale` makes S of rule 5 of the result's modulus and the arrays.

    An odd function is asked in the first quarter of the plane alone: one with a cut on the imaginary axis has to be.
    """
    given = np.broadcast_arrays(*arrays)
    free = np.asarray(unpromised(*given))
    below = np.signbit(given[0].imag)
    left = np.signbit(given[0].real) & odd
    upper = [np.where(free, 0.5 + 0.5j, _reflected(z, left, below)) for z in given]
    real, imag = evaluate_plane(function, *upper)
    largest = np.finfo(given[0].dtype).max / 8
    size = np.hypot(real.hi, imag.hi)
    free = free | ~(size <= largest)
    parts = where(left, -real, real), where(below, -imag, imag)
    return Reference(parts, None if scale is None else scale(size, *upper), 1, free)


def _reflected(z: Any, left: Any, below: Any) -> Any:
    """To the right of the imaginary axis, and above the real one; not by arithmetic, which loses the zeros' signs."""
    out = np.empty(z.shape, np.complex128)
    out.real, out.imag = np.where(left, -z.real, z.real), np.where(below, -z.imag, z.imag)
    return out
