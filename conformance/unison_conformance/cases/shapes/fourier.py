"""Transforms: lengths of one, primes, powers of two and their neighbours, long ones that cancel, dimensions inside."""

from __future__ import annotations

from collections.abc import Iterator

from unison_conformance.cases.shapes.table import more
from unison_core.samples import Sample, arg, good

__all__: list[str] = []

_LENGTHS = (1, 2, 3, 4, 31, 32, 33, 64, 65, 127, 128)


@more("fft_c2c")
def _whole(name: str) -> Iterator[Sample]:
    for n in _LENGTHS:
        yield good(arg(n), dim=0, inverse=n % 2 == 0)
    for inverse in (False, True):
        yield good(arg(3, 48, 2), dim=1, inverse=inverse)
        yield good(arg(48, 3), dim=0, inverse=inverse)
        yield good(arg(0, 5), dim=1, inverse=inverse)
        yield good(arg(2, 257, low=-30.0, high=30.0), dim=1, inverse=inverse)


@more("fft_r2c")
def _of_real_signals(name: str) -> Iterator[Sample]:
    for n in _LENGTHS:
        yield good(arg(2, n), dim=1)
    yield good(arg(3, 48, 2), dim=1)
    yield good(arg(49, 3), dim=0)
    yield good(arg(0, 5), dim=1)
    yield good(arg(2, 257, low=-30.0, high=30.0), dim=1)


@more("fft_c2r")
def _to_real_signals(name: str) -> Iterator[Sample]:
    for n in _LENGTHS:
        yield good(arg(2, n // 2 + 1), dim=1, length=n)
    yield good(arg(3, 25, 2), dim=1, length=48)
    yield good(arg(25, 3), dim=0, length=49)
    yield good(arg(0, 3), dim=1, length=5)
    yield good(arg(2, 129, low=-30.0, high=30.0), dim=1, length=257)
