"""Indices: duplicates that meet in one place, all of them, none of them, along every dimension, far apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from unison_conformance.cases.shapes.table import more
from unison_core.dtypes import int64
from unison_core.samples import Arg, Sample, arg, good

__all__: list[str] = []


def _to(size: int, *shape: int, low: int = 0) -> Arg:
    """Indices of a dimension of that size."""
    return Arg(shape, dtype=int64, low=low, high=max(size - 1, 0))


@more("index_select")
def _selected(name: str) -> Iterator[Sample]:
    yield good(arg(1), _to(1, 1), dim=0)
    yield good(arg(3, 2), _to(3, 65), dim=0)
    yield good(arg(257, 2), _to(257, 33), dim=0)
    yield good(arg(2, 3), _to(3, 65), dim=1)
    yield good(arg(2, 3, 5, 2, 3), _to(5, 7), dim=2)
    yield good(arg(2, 31), _to(31, 31), dim=-1)
    yield good(arg(0, 3), _to(3, 4), dim=1)
    yield good(arg(5, 3), Arg((9,), dtype=int64, low=4, high=4), dim=0)


@more("gather")
def _gathered(name: str) -> Iterator[Sample]:
    yield good(arg(257), _to(257, 33), dim=0)
    yield good(arg(2, 3), _to(3, 2, 65), dim=1)
    yield good(arg(5, 4, 3), _to(5, 2, 3, 2), dim=0)
    yield good(arg(2, 3, 2, 3, 2), _to(3, 2, 2, 2, 2, 2), dim=3)
    yield good(arg(3, 5), Arg((3, 6), dtype=int64, low=4, high=4), dim=-1)
    yield good(arg(31, 2), _to(31, 33, 1), dim=0)
    yield good(arg(1, 1), _to(1, 1, 1), dim=1)


@more("scatter")
def _scattered(name: str) -> Iterator[Sample]:
    once: dict[str, Any] = {"dtype": int64, "make": "permutation"}
    yield good(arg(33, 2), arg(33, 2, **once), arg(33, 2), dim=0)
    yield good(arg(65), arg(31, **once), arg(33), dim=0)
    yield good(arg(5, 4, 3), arg(4, 2, 2, **once), arg(5, 3, 2), dim=0)
    yield good(arg(3, 5), arg(0, 5, **once), arg(2, 5), dim=0)
    yield good(arg(1), arg(1, **once), arg(1), dim=0)


@more("scatter_add")
def _added(name: str) -> Iterator[Sample]:
    yield from _meeting()
    # Everything meets in one place: additions that overwrite each other show.
    yield good(arg(3, 5), Arg((65, 5), dtype=int64, low=1, high=1), arg(65, 5), dim=0)
    yield good(arg(257), _to(257, 129), arg(129), dim=0)


def _meeting(**attrs: Any) -> Iterator[Sample]:
    yield good(arg(2), _to(2, 257), arg(257), dim=0, **attrs)
    yield good(arg(3, 4), _to(4, 3, 33), arg(3, 33), dim=1, **attrs)
    yield good(arg(2, 3, 2, 2), _to(3, 2, 5, 1, 2), arg(2, 6, 2, 2), dim=1, **attrs)
    yield good(arg(3, 5), _to(3, 0, 5), arg(2, 5), dim=0, **attrs)
    yield good(arg(1), _to(1, 7), arg(7), dim=0, **attrs)


@more("scatter_reduce")
def _reduced(name: str) -> Iterator[Sample]:
    for reduce in ("amax", "amin"):
        yield from _meeting(reduce=reduce)
    yield good(arg(3, 4), _to(4, 3, 9), arg(3, 9), dim=1, reduce="prod")
    yield good(arg(2, low=0.9, high=1.1), _to(2, 33), arg(33, low=0.9, high=1.1), dim=0, reduce="prod")


@more("index_add")
def _index_added(name: str) -> Iterator[Sample]:
    yield good(arg(3, 2), _to(3, 65), arg(65, 2), dim=0, alpha=1)
    yield good(arg(2, 5, 3), Arg((9,), dtype=int64, low=2, high=2), arg(2, 9, 3), dim=1, alpha=1)
    yield good(arg(2, 2, 3, 2, 2), _to(3, 4), arg(2, 2, 4, 2, 2), dim=2, alpha=2)
    yield good(arg(3, 5), _to(5, 0), arg(3, 0), dim=1, alpha=1)
    yield good(arg(257), _to(257, 31), arg(31), dim=0, alpha=3)


@more("index")
def _indexed(name: str) -> Iterator[Sample]:
    yield good(arg(257), _to(257, 33, low=-257))
    yield good(arg(5, 7), _to(5, 3, 1), _to(7, 4))
    yield good(arg(3, 4, 5), None, _to(4, 31, low=-4), None)
    yield good(arg(3, 4, 5), _to(3, 6), _to(4, 6), _to(5, 6))
    yield good(arg(2, 3, 4, 2, 3), None, _to(3, 2, 2), _to(4, 2), None)
    yield good(arg(3, 5), _to(3, 0), None)
    yield good(arg(1, 3), _to(1, 65))


@more("index_put")
def _put(name: str) -> Iterator[Sample]:
    yield good(arg(2, 3), arg(65, 3), _to(2, 65), accumulate=True)
    yield good(arg(5, 7), arg(4), Arg((4,), dtype=int64, low=3, high=3), _to(7, 4), accumulate=True)
    yield good(arg(5, 7), arg(2, 4), _to(5, 2, 1), _to(7, 4), accumulate=True)
    yield good(arg(33, 2), arg(31, 2), Arg((31,), dtype=int64, make="permutation"), accumulate=False)
    yield good(arg(3, 5), arg(0, 5), _to(3, 0), accumulate=False)
    yield good(arg(5, 3), arg(), _to(5, 4, low=-5), accumulate=False)


@more("nonzero")
def _found(name: str) -> Iterator[Sample]:
    yield good(arg(low=1, high=1))
    yield good(arg(7, 13, low=0, high=0))
    yield good(arg(257, low=-1, high=1))
    yield good(arg(2, 1, 3, 2, 3, low=-1, high=1))
    yield good(arg(3, 0, 2))


@more("embedding")
def _embedded(name: str) -> Iterator[Sample]:
    yield good(arg(1, 1), _to(1, 1))
    yield good(arg(31, 3), _to(31, 33))
    yield good(arg(5, 65), _to(5, 2, 1, 3))
    yield good(arg(7, 2), _to(7))


@more("embedding_backward")
def _embedded_back(name: str) -> Iterator[Sample]:
    plain: dict[str, Any] = {"padding_idx": None, "scale_grad_by_freq": False}
    yield good(arg(65, 3), _to(2, 65), rows=3, **plain)
    yield good(arg(33, 2), Arg((33,), dtype=int64, low=4, high=4), rows=31, **plain)
    yield good(arg(0, 3), _to(5, 0), rows=5, **plain)
