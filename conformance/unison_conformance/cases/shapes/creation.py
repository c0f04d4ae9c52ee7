"""Arrays from nothing, and random numbers: several seeds and streams, odd sizes, every core dtype."""

from __future__ import annotations

from collections.abc import Iterator

from unison_conformance.cases.shapes.table import more
from unison_core import dtypes
from unison_core.samples import Sample, arg, good

__all__: list[str] = []

_SHAPES = ((), (1,), (31,), (2, 0, 3), (2, 1, 3, 1, 2), (257,), (7, 13))
# The largest seed, ones that differ in one half only, and streams beyond 32 bits.
_SEEDS = ((0, 0), (1, 0), (0, 1), (2**32, 0), (2**64 - 1, 2**31), (12345, 2**33 + 1))
_CORE = (dtypes.float32, dtypes.int32, dtypes.int64, dtypes.bool_)


@more("full")
def _filled(name: str) -> Iterator[Sample]:
    for dtype in _CORE:
        for shape in _SHAPES:
            yield good(shape=shape, value=1, dtype=dtype)
    for value in (-2.5, 1e-45, 3e38, float("inf"), float("nan")):
        yield good(shape=(3,), value=value, dtype=dtypes.float32)
    yield good(shape=(3,), value=-(2**63), dtype=dtypes.int64)
    yield good(shape=(3,), value=2**53 + 1, dtype=dtypes.int64)


@more("empty")
def _unfilled(name: str) -> Iterator[Sample]:
    for dtype in _CORE:
        for shape in _SHAPES[1:4]:
            yield good(shape=shape, dtype=dtype)


@more("arange")
def _counted(name: str) -> Iterator[Sample]:
    for dtype in (dtypes.float32, dtypes.int32, dtypes.int64):
        yield good(start=0, end=257, step=1, dtype=dtype)
        yield good(start=10, end=-11, step=-3, dtype=dtype)
        yield good(start=3, end=4, step=7, dtype=dtype)
        yield good(start=5, end=5, step=1, dtype=dtype)
    yield good(start=2**53, end=2**53 + 5, step=1, dtype=dtypes.int64)
    yield good(start=0.1, end=3.1, step=0.1, dtype=dtypes.float32)
    yield good(start=-1.5, end=1.6, step=0.3, dtype=dtypes.float32)


@more("linspace")
def _spaced(name: str) -> Iterator[Sample]:
    for steps in (0, 2, 3, 31, 64, 257):
        yield good(start=-1.0, end=3.7, steps=steps, dtype=dtypes.float32)
    yield good(start=1e30, end=-1e30, steps=7, dtype=dtypes.float32)


@more("eye")
def _diagonal(name: str) -> Iterator[Sample]:
    for dtype in _CORE:
        yield good(rows=31, columns=33, dtype=dtype)
        yield good(rows=5, columns=1, dtype=dtype)
        yield good(rows=0, columns=3, dtype=dtype)


@more("random_bits")
def _bits(name: str) -> Iterator[Sample]:
    for dtype in (dtypes.int32, dtypes.int64):
        for seed, stream in _SEEDS:
            yield good(shape=(33,), seed=seed, stream=stream, dtype=dtype)
        for shape in _SHAPES:
            yield good(shape=shape, seed=7, stream=3, dtype=dtype)


@more("uniform", "normal")
def _random(name: str) -> Iterator[Sample]:
    for seed, stream in _SEEDS:
        yield good(shape=(33,), seed=seed, stream=stream, dtype=dtypes.float32)
    for shape in _SHAPES:
        yield good(shape=shape, seed=7, stream=3, dtype=dtypes.float32)
    for dtype in (dtypes.float64, dtypes.float16, dtypes.bfloat16):
        yield good(shape=(129,), seed=7, stream=3, dtype=dtype)


@more("randint")
def _integers(name: str) -> Iterator[Sample]:
    for seed, stream in _SEEDS:
        yield good(shape=(33,), low=-7, high=6, seed=seed, stream=stream)
    for shape in _SHAPES:
        yield good(shape=shape, low=0, high=2, seed=7, stream=3)
    yield good(shape=(31,), low=5, high=6, seed=1, stream=0)
    yield good(shape=(31,), low=-(2**40), high=2**40 + 7, seed=1, stream=0)


@more("dropout")
def _dropped(name: str) -> Iterator[Sample]:
    for seed, stream in _SEEDS:
        yield good(arg(65), p=0.3, seed=seed, stream=stream)
    for p in (0.0, 0.999, 1.0):
        yield good(arg(7, 13), p=p, seed=5, stream=2)
    yield good(arg(2, 1, 3, 1, 2), p=0.5, seed=5, stream=2)
    yield good(arg(0, 3), p=0.5, seed=5, stream=2)
