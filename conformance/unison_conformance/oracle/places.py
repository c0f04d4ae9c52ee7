"""Where elements come from and go to: coordinates as integer arrays, and what was added at each place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from unison_conformance.oracle.wide import Wide, wide

__all__ = ["Sums", "add_at", "fetch", "flat", "grid", "rounds"]

Coordinates = list[Any]


def grid(shape: Sequence[int]) -> Coordinates:
    """The coordinates of every element of an array: one integer array of that shape per dimension."""
    size = int(np.prod(shape, dtype=np.int64))
    rest = np.array(range(size), np.int64)
    out = []
    for length in reversed(shape):
        out.append((rest % max(length, 1)).reshape(tuple(shape)))
        rest = rest // max(length, 1)
    return out[::-1]


def flat(at: Coordinates, shape: Sequence[int], like: Sequence[int] = ()) -> Any:
    """The row-major number of the element at each place; of 0-d arrays 0, in the shape `like`."""
    number: Any = np.zeros(tuple(like), np.int64)
    for place, length in zip(at, shape, strict=True):
        number = number * length + place
    return number


def fetch(x: Any, at: Coordinates, shape: Sequence[int]) -> Any:
    """The elements of x at the coordinates, as an array of that shape."""
    return x.reshape(-1)[np.broadcast_to(flat(at, x.shape), tuple(shape))]


def rounds(targets: Any) -> list[Any]:
    """The positions in a flat list of targets, split so that no target comes twice in one part; order is kept."""
    seen: dict[int, int] = {}
    parts: list[list[int]] = []
    for position, target in enumerate(targets.tolist()):
        turn = seen.get(target, 0)
        seen[target] = turn + 1
        if turn == len(parts):
            parts.append([])
        parts[turn].append(position)
    return [np.array(part, np.int64) for part in parts]


class Sums:
    """Sums that are gathered at places: the value, the sum of absolute terms and how many terms there are."""

    def __init__(self, start: Any) -> None:
        self.value: Wide = wide(start).reshape(-1).copy()
        self.scale = np.abs(self.value.hi)
        self.terms = np.ones(self.value.shape)

    def add(self, targets: Any, terms: Any) -> None:
        """Add terms (flat) at the row-major numbers in targets (flat)."""
        terms = wide(terms)
        for part in rounds(targets):
            at = targets[part]
            self.value[at] = self.value[at] + terms[part]
            self.scale[at] += np.abs(terms.hi[part])
            self.terms[at] += 1


def add_at(start: Any, targets: Any, terms: Any) -> tuple[Any, Any, Any]:
    """start + terms added at the flat targets: value, scale and terms in start's shape, a pair where complex.

    Integers wrap modulo the width of their dtype; bool sums say whether any term is true.
    """
    if start.dtype.kind in "biu":
        out = start.reshape(-1).astype(object)
        for target, term in zip(targets.tolist(), terms.tolist(), strict=True):
            out[target] = out[target] | term if start.dtype.kind == "b" else out[target] + term
        return out.reshape(start.shape), None, 0
    if start.dtype.kind == "c":
        real, imag = (Sums(part) for part in (start.real, start.imag))
        real.add(targets, terms.real)
        imag.add(targets, terms.imag)
        value = (real.value.apply(np.reshape, start.shape), imag.value.apply(np.reshape, start.shape))
        return value, (real.scale + imag.scale).reshape(start.shape), real.terms.reshape(start.shape)
    sums = Sums(start)
    sums.add(targets, terms)
    return (
        sums.value.apply(np.reshape, start.shape),
        sums.scale.reshape(start.shape),
        sums.terms.reshape(start.shape),
    )
