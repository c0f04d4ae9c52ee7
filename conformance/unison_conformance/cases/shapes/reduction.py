"""Reductions and running results: tile edges, several dimensions, nothing to reduce, long sums that cancel, ties."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from unison_conformance.cases.shapes.table import more
from unison_core.samples import Sample, arg, good

__all__: list[str] = []

_OVER: tuple[tuple[tuple[int, ...], tuple[int, ...] | None, bool], ...] = (
    ((1,), (0,), False),
    ((31, 3), (0,), False),
    ((3, 64), (1,), True),
    ((129,), None, False),
    ((2, 255), (-1,), False),
    ((7, 13), None, True),
    ((5, 1), (1,), False),
    ((2, 2, 3, 2, 3), (0, 2, 4), False),
    ((2, 1, 2, 3, 1, 2), (1, 3), True),
    ((2, 3, 4), (-1, 0), False),
    ((3, 0, 2), (2,), False),
    ((3, 1, 0), (1,), True),
    # Rows whose last elements, those after whole vectors of 4, decide in many of them.
    ((65, 7), (1,), False),
    ((7, 33), (0,), False),
)
# Nothing to reduce, which extremes refuse.
_NOTHING = (((0,), None, False), ((3, 0), (1,), False), ((0, 2), (0,), True), ((2, 0, 3), (0, 1), False))
_CANCELLING: dict[str, Any] = {"low": -1000.0, "high": 1000.0}


def _over(**settings: Any) -> Iterator[Sample]:
    for shape, dim, keepdim in _OVER:
        yield good(arg(*shape), dim=dim, keepdim=keepdim, **settings)


def _empty() -> Iterator[Sample]:
    for shape, dim, keepdim in _NOTHING:
        yield good(arg(*shape), dim=dim, keepdim=keepdim)


@more("sum", "mean")
def _sums(name: str) -> Iterator[Sample]:
    yield from _over()
    yield from _empty()
    yield good(arg(4096, **_CANCELLING), dim=None, keepdim=False)
    yield good(arg(2, 1025, **_CANCELLING), dim=(1,), keepdim=False)
    yield good(arg(1025, 2, **_CANCELLING), dim=(0,), keepdim=False)


@more("amax", "amin", "all", "any", "logsumexp")
def _extremes(name: str) -> Iterator[Sample]:
    yield from _over()
    # Every element negative: a maximum that starts from zero shows.
    yield good(arg(3, 33, low=-9, high=-1), dim=(1,), keepdim=False)
    yield good(arg(5, 7, low=0, high=0), dim=(0,), keepdim=False)
    if name not in ("amax", "amin"):
        yield from _empty()


@more("prod")
def _products(name: str) -> Iterator[Sample]:
    yield from _over()
    yield from _empty()
    yield good(arg(2, 1025, low=0.97, high=1.03), dim=(1,), keepdim=False)
    # Of integers -1 an odd number of times, so that three lost beyond a group of 256 show.
    yield good(arg(3, 259, low=-1.02, high=-1), dim=(1,), keepdim=False)


@more("var")
def _variances(name: str) -> Iterator[Sample]:
    for shape, dim, keepdim in _OVER[1:6] + _OVER[7:10]:
        yield good(arg(*shape), dim=dim, correction=1.0, keepdim=keepdim)
    yield good(arg(5, 1), dim=(1,), correction=0.0, keepdim=False)
    yield good(arg(3, 129, low=1000, high=1001), dim=(1,), correction=1.0, keepdim=False)
    yield good(arg(4096, low=-3, high=3), dim=None, correction=0.0, keepdim=False)


@more("argmax", "argmin")
def _places(name: str) -> Iterator[Sample]:
    yield good(arg(1), dim=0, keepdim=False)
    yield good(arg(31, 3), dim=0, keepdim=False)
    yield good(arg(2, 257), dim=1, keepdim=True)
    yield good(arg(64, 2), dim=-2, keepdim=False)
    yield good(arg(2, 3, 2, 1, 3), dim=2, keepdim=False)
    yield good(arg(7, 13), dim=None, keepdim=True)
    yield good(arg(5, low=2, high=2), dim=0, keepdim=False)
    yield good(arg(3, 65, low=2, high=2), dim=1, keepdim=False)
    yield good(arg(33, 2, low=-1, high=-1), dim=0, keepdim=False)
    yield good(arg(3, 0, 2), dim=2, keepdim=False)


@more("cumsum", "cumprod", "cummax", "cummin", "logcumsumexp")
def _running(name: str) -> Iterator[Sample]:
    near = {"low": 0.97, "high": 1.03} if name == "cumprod" else {}
    yield good(arg(1), dim=0)
    yield good(arg(33, 2), dim=0)
    yield good(arg(2, 129, **near), dim=1)
    yield good(arg(255, **near), dim=-1)
    yield good(arg(3, 31), dim=1)
    yield good(arg(2, 1, 3, 1, 2), dim=-3)
    yield good(arg(2, 3, 1, 2, 1, 2), dim=1)
    yield good(arg(3, 0), dim=0)
    yield good(arg(5, 7, low=1, high=1), dim=1)
    if name == "cumsum":
        yield good(arg(1025, **_CANCELLING), dim=0)


@more("sort")
def _sorted(name: str) -> Iterator[Sample]:
    for descending in (False, True):
        yield good(arg(1), dim=0, descending=descending)
        yield good(arg(2, 64), dim=1, descending=descending)
        yield good(arg(31, 2), dim=0, descending=descending)
        yield good(arg(257), dim=-1, descending=descending)
        yield good(arg(2, 1, 3, 2, 3), dim=2, descending=descending)
        # Ties keep their order: many of them, where an unstable sort shows.
        yield good(arg(3, 65, low=1, high=1), dim=1, descending=descending)
        yield good(arg(3, 0), dim=0, descending=descending)


@more("searchsorted")
def _places_in_order(name: str) -> Iterator[Sample]:
    for right in (False, True):
        yield good(arg(1, make="ordered"), arg(5), right=right)
        yield good(arg(127, make="ordered"), arg(33), right=right)
        yield good(
            arg(257, make="ordered", low=-300, high=300), arg(2, 3, 2, low=-400, high=400), right=right
        )
        yield good(arg(0, make="ordered"), arg(4), right=right)
        yield good(arg(7, make="ordered", low=-1, high=1), arg(), right=right)
        yield good(arg(2, 3, 31, make="ordered"), arg(2, 3, 5), right=right)
        yield good(arg(5, make="ordered"), arg(0), right=right)
