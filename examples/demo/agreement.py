"""Measure how far the devices agree with the reference."""

import math
from collections.abc import Iterator
from itertools import chain

from examples.demo.runs import Run

__all__ = ["table"]

EARLY = 20
COLUMNS = (
    "device",
    "steps",
    "seconds",
    "first gradient",
    f"loss, {EARLY} steps",
    "loss, all steps",
    "outcome",
)


def table(runs: list[Run]) -> list[tuple[str, ...]]:
    """Return a heading and a row a device; differences are the largest, against the first run.

    The gradient's is relative to the largest entry of the first run's gradient, the losses' absolute. Training
    magnifies rounding differences: the first two say whether a device computes the same, the third how far the
    roads part.
    """
    return [COLUMNS, *(_row(run, runs[0]) for run in runs)]


def _row(run: Run, reference: Run) -> tuple[str, ...]:
    steps = str(len(run.losses))
    seconds = f"{run.seconds:.1f}"
    if run.failure:
        return (run.device, steps, seconds, "-", "-", "-", run.failure)
    if run is reference:
        return (run.device, steps, seconds, "reference", "reference", "reference", run.outcome)
    return (
        run.device,
        steps,
        seconds,
        _show(_gradient_difference(run, reference)),
        _show(_largest(_differences(run.losses[:EARLY], reference.losses))),
        _show(_largest(_differences(run.losses, reference.losses))),
        run.outcome,
    )


def _differences(mine: list[float], theirs: list[float]) -> Iterator[float]:
    return (abs(a - b) for a, b in zip(mine, theirs, strict=False))


def _gradient_difference(run: Run, reference: Run) -> float:
    pairs = [(run.first_gradients[name], values) for name, values in reference.first_gradients.items()]
    largest = _largest(abs(value) for _, values in pairs for value in values)
    return _largest(chain.from_iterable(_differences(*pair) for pair in pairs)) / (largest or 1.0)


def _largest(values: Iterator[float]) -> float:
    """The maximum; a NaN among the values is not passed over."""
    out = 0.0
    for value in values:
        if math.isnan(value):
            return value
        out = max(out, value)
    return out


def _show(difference: float) -> str:
    return "same bits" if difference == 0 else f"{difference:.1e}"
