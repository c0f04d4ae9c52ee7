"""Line search for the strong Wolfe conditions, section 3.5 of Nocedal and Wright, Numerical Optimization (2006)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from unison._tensor import Tensor

__all__ = ["Probe", "strong_wolfe"]

_SUFFICIENT_DECREASE = 1e-4
_CURVATURE = 0.9
_SHORTEST_BRACKET = 1e-9


@dataclass(frozen=True, slots=True)
class Probe:
    """The objective at one step length: its value, its gradient, and its slope along the direction, a 0-d tensor.

    The cubic through two points of equal slope divides by zero, which for tensors is an infinite step, cut off at the
    bounds.
    """

    length: Any
    value: float
    grad: Tensor
    slope: Tensor


@dataclass(frozen=True, slots=True)
class _Conditions:
    """The strong Wolfe conditions, against the point where the search began."""

    start: Probe

    def too_high(self, probe: Probe) -> bool:
        bound = self.start.value + _SUFFICIENT_DECREASE * probe.length * self.start.slope
        return bool(probe.value > bound)

    def flat(self, probe: Probe) -> bool:
        return bool(abs(probe.slope) <= -_CURVATURE * self.start.slope)


def strong_wolfe(
    evaluate: Callable[[Any], Probe], start: Probe, length: Any, reach: Any, max_iterations: int
) -> Probe:
    """The best point found along a direction.

    ``start`` is the point of departure, ``length`` the first step length to try, ``reach`` the largest component of
    the direction: a bracket shorter than 1e-9 over that is not divided further. The objective is evaluated at most
    ``max_iterations + 1`` times.
    """
    conditions = _Conditions(start)
    bracket, used = _bracket(evaluate, conditions, evaluate(length), max_iterations)
    if len(bracket) == 1:
        return bracket[0]
    return _zoom(evaluate, conditions, bracket, reach, max_iterations - used)


def _bracket(
    evaluate: Callable[[Any], Probe], conditions: _Conditions, probe: Probe, max_iterations: int
) -> tuple[list[Probe], int]:
    """Two points around a minimum, or one alone that satisfies the conditions; and the iterations used."""
    previous = conditions.start
    for iteration in range(max_iterations):
        if conditions.too_high(probe) or (iteration > 1 and probe.value >= previous.value):
            return [previous, probe], iteration
        if conditions.flat(probe):
            return [probe], iteration
        if probe.slope >= 0:
            return [previous, probe], iteration
        nearest = probe.length + 0.01 * (probe.length - previous.length)
        length = _cubic_minimum(previous, probe, nearest, probe.length * 10)
        previous, probe = probe, evaluate(length)
    return [conditions.start, probe], max_iterations


def _zoom(
    evaluate: Callable[[Any], Probe],
    conditions: _Conditions,
    bracket: list[Probe],
    reach: Any,
    iterations: int,
) -> Probe:
    """The lower end of a bracket that every iteration makes shorter."""
    low, high = _ordered(bracket)
    stalled = False
    for _ in range(iterations):
        if abs(bracket[1].length - bracket[0].length) * reach < _SHORTEST_BRACKET:
            break
        smallest, largest = sorted(end.length for end in bracket)
        length = _cubic_minimum(bracket[0], bracket[1], smallest, largest)
        length, stalled = _off_the_ends(length, smallest, largest, stalled)
        probe = evaluate(length)
        if conditions.too_high(probe) or probe.value >= bracket[low].value:
            bracket[high] = probe
            low, high = _ordered(bracket)
            continue
        if conditions.flat(probe):
            return probe
        if probe.slope * (bracket[high].length - bracket[low].length) >= 0:
            bracket[high] = bracket[low]
        bracket[low] = probe
    return bracket[low]


def _ordered(bracket: list[Probe]) -> tuple[int, int]:
    """The places of the lower and of the higher end."""
    return (0, 1) if bracket[0].value <= bracket[1].value else (1, 0)


def _off_the_ends(length: Any, smallest: Any, largest: Any, stalled: bool) -> tuple[Any, bool]:
    """length, moved a tenth inwards when it is that close to an end again, and whether it stays close this once."""
    margin = 0.1 * (largest - smallest)
    if min(largest - length, length - smallest) >= margin:
        return length, False
    if not stalled and smallest < length < largest:
        return length, True
    nearer_to_largest = abs(length - largest) < abs(length - smallest)
    return (largest - margin if nearer_to_largest else smallest + margin), False


def _cubic_minimum(a: Probe, b: Probe, lower: Any, upper: Any) -> Any:
    """Where the cubic through two points and their slopes is least, within [lower, upper]; equation (3.59)."""
    first, second = (a, b) if a.length <= b.length else (b, a)
    width = second.length - first.length
    d1 = first.slope + second.slope - 3 * (first.value - second.value) / (first.length - second.length)
    square = d1**2 - first.slope * second.slope
    if not square >= 0:
        return (lower + upper) / 2.0
    d2 = square**0.5
    least = second.length - width * ((second.slope + d2 - d1) / (second.slope - first.slope + 2 * d2))
    return min(max(least, lower), upper)
