"""Matrix products: tails in K, edges in M and N, nothing to sum, batches that broadcast, long sums that cancel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from unison_conformance.cases.shapes.table import more
from unison_core.samples import Sample, arg, good

__all__: list[str] = []

_PAIRS: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((1, 1), (1, 1)),
    ((1, 7), (7, 1)),
    ((2, 31), (31, 3)),
    ((3, 63), (63, 2)),
    ((2, 65), (65, 2)),
    ((3, 127), (127, 2)),
    ((2, 129), (129, 3)),
    ((2, 255), (255, 2)),
    ((1, 257), (257, 2)),
    ((31, 3), (3, 33)),
    ((64, 2), (2, 65)),
    ((129, 2), (2, 1)),
    ((1, 3), (3, 257)),
    ((32, 32), (32, 32)),
    ((2, 3, 0), (0, 4)),
    ((0, 4), (4, 3)),
    ((3, 4), (4, 0)),
    ((2, 0, 3), (3, 2)),
    ((2, 2, 3, 2, 4), (2, 2, 3, 4, 3)),
    ((2, 1, 2, 3), (1, 3, 3, 2)),
    ((3, 4), (5, 4, 2)),
    ((0, 2, 3), (3, 2)),
    ((1, 1, 3, 5), (2, 1, 5, 2)),
    # Batches that repeat in turns: their dimensions do not join.
    ((2, 1, 2, 1, 2, 1, 2, 2, 3), (1, 2, 1, 2, 1, 2, 1, 3, 2)),
)
_CANCELLING: dict[str, Any] = {"low": -30.0, "high": 30.0}


@more("matmul")
def _products(name: str) -> Iterator[Sample]:
    for a, b in _PAIRS:
        yield good(arg(*a), arg(*b))
    yield good(arg(1, 4096, **_CANCELLING), arg(4096, 1, **_CANCELLING))
    yield good(arg(5, 1025, **_CANCELLING), arg(1025, 2, **_CANCELLING))


@more("linear")
def _layers(name: str) -> Iterator[Sample]:
    yield good(arg(1, 1), arg(1, 1), arg(1))
    yield good(arg(31, 3), arg(33, 3), arg(33))
    yield good(arg(2, 129), arg(3, 129), None)
    yield good(arg(257), arg(2, 257), arg(2))
    yield good(arg(64, 7), arg(1, 7), arg(1))
    yield good(arg(2, 1, 3, 2, 5), arg(3, 5), arg(3))
    yield good(arg(3, 0), arg(4, 0), arg(4))
    yield good(arg(2, 1025, **_CANCELLING), arg(3, 1025, **_CANCELLING), arg(3))


@more("cholesky", "inverse", "slogdet")
def _square(name: str) -> Iterator[Sample]:
    for shape in ((1, 1), (7, 7), (17, 17), (2, 1, 2, 2)):
        yield good(arg(*shape, make="positive_definite"))


@more("eigh")
def _hermitian(name: str) -> Iterator[Sample]:
    for shape in ((1, 1), (7, 7), (2, 1, 2, 2)):
        yield good(arg(*shape, make="symmetric"), upper=False)
    yield good(arg(5, 5, make="symmetric"), upper=True)


@more("qr")
def _orthogonal(name: str) -> Iterator[Sample]:
    for shape in ((1, 1), (7, 3), (3, 7), (2, 1, 4, 2)):
        yield good(arg(*shape), complete=False)
    yield good(arg(2, 5, 3), complete=True)


@more("svd")
def _singular(name: str) -> Iterator[Sample]:
    for shape in ((1, 1), (7, 3), (3, 7), (2, 1, 4, 2)):
        yield good(arg(*shape), full_matrices=False)
    yield good(arg(2, 3, 5), full_matrices=True)


@more("solve")
def _systems(name: str) -> Iterator[Sample]:
    yield good(arg(1, 1, make="positive_definite"), arg(1, 1))
    yield good(arg(7, 7, make="positive_definite"), arg(7, 3))
    yield good(arg(2, 1, 3, 3, make="positive_definite"), arg(4, 3, 2))


@more("solve_triangular")
def _triangles(name: str) -> Iterator[Sample]:
    for upper in (False, True):
        yield good(
            arg(7, 7, make="positive_definite"), arg(7, 1), upper=upper, left=True, unitriangular=False
        )
        yield good(
            arg(2, 4, 4, make="positive_definite"), arg(2, 4, 3), upper=upper, left=True, unitriangular=True
        )
