"""Recurrent layers: both directions, one step and many, one sequence and several, widths beyond a tile."""

from __future__ import annotations

from collections.abc import Iterator

from unison_conformance.cases.shapes.table import more
from unison_core.samples import Sample, arg, good

__all__: list[str] = []

# Steps, sequences, width.
_SIZES = ((1, 1, 1), (7, 1, 3), (5, 3, 2), (2, 2, 17), (2, 33, 1))
_SMALL = {"low": -0.5, "high": 0.5}


@more("lstm")
def _long(name: str) -> Iterator[Sample]:
    for reverse in (False, True):
        for t, n, h in _SIZES:
            state = arg(n, h)
            yield good(arg(t, n, 4 * h), state, state, arg(4 * h, h, **_SMALL), reverse=reverse)


@more("gru")
def _gated(name: str) -> Iterator[Sample]:
    for reverse in (False, True):
        for t, n, h in _SIZES:
            bias = arg(3 * h) if t > 1 else None
            yield good(arg(t, n, 3 * h), arg(n, h), arg(3 * h, h, **_SMALL), bias, reverse=reverse)


@more("rnn")
def _plain(name: str) -> Iterator[Sample]:
    for reverse in (False, True):
        for t, n, h in _SIZES:
            yield good(arg(t, n, h), arg(n, h), arg(h, h, **_SMALL), relu=False, reverse=reverse)
        yield good(arg(3, 2, 4), arg(2, 4), arg(4, 4, **_SMALL), relu=True, reverse=reverse)


@more("lstm_backward")
def _long_back(name: str) -> Iterator[Sample]:
    for reverse in (False, True):
        for t, n, h in _SIZES[1:]:
            y, gates, state = arg(t, n, h), arg(t, n, 4 * h, low=0, high=1), arg(n, h)
            weight = arg(4 * h, h, **_SMALL)
            yield good(y, y, gates, state, state, weight, y, y, None, reverse=reverse)


@more("gru_backward")
def _gated_back(name: str) -> Iterator[Sample]:
    for reverse in (False, True):
        for t, n, h in _SIZES[1:]:
            y, gates = arg(t, n, h), arg(t, n, 4 * h, low=0, high=1)
            yield good(y, gates, arg(n, h), arg(3 * h, h, **_SMALL), y, None, reverse=reverse)


@more("rnn_backward")
def _plain_back(name: str) -> Iterator[Sample]:
    for reverse in (False, True):
        for t, n, h in _SIZES[1:]:
            y = arg(t, n, h, low=-0.9, high=0.9)
            yield good(y, y, arg(n, h), arg(h, h, **_SMALL), relu=False, reverse=reverse)
