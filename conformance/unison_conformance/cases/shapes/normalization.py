"""Normalisations: long rows, single elements, rows of large mean and small spread, differences that overflow exp."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from unison_conformance.cases.shapes.table import more
from unison_core.samples import Arg, Sample, arg, good

__all__: list[str] = []

_ALONG: tuple[tuple[tuple[int, ...], int], ...] = (
    ((1, 3), 0),
    ((4, 33), 1),
    ((2, 127), -1),
    ((31, 2), 0),
    ((257,), 0),
    ((2, 3, 2, 2, 3), 2),
    ((2, 1, 3, 1, 2, 2), -2),
    ((2, 0), 0),
    ((2, 1025), 1),
)
_FAR: dict[str, Any] = {"low": 1000.0, "high": 1001.0}


@more("softmax", "log_softmax")
def _distributions(name: str) -> Iterator[Sample]:
    for shape, dim in _ALONG:
        yield good(arg(*shape), dim=dim)
    yield good(arg(3, 17, low=-1e4, high=1e4), dim=1)
    yield good(arg(2, 31, low=9999, high=10000), dim=1)
    yield good(arg(5, 7, low=2, high=2), dim=0)


@more("softmax_backward", "log_softmax_backward")
def _distributions_back(name: str) -> Iterator[Sample]:
    ends = (0.0, 1.0) if name == "softmax_backward" else (-6.0, -0.1)
    for shape, dim in _ALONG[:-1]:
        yield good(arg(*shape), Arg(shape, low=ends[0], high=ends[1]), dim=dim)


@more("layer_norm")
def _layers(name: str) -> Iterator[Sample]:
    plain: dict[str, Any] = {"dims": 1, "eps": 1e-5}
    for columns in (31, 64, 257):
        yield good(arg(3, columns), arg(columns), arg(columns), **plain)
    yield good(arg(2, 1025), None, None, **plain)
    yield good(arg(4, 129, **_FAR), arg(129), arg(129), **plain)
    yield good(arg(3, 1), None, None, **plain)
    yield good(arg(2, 1, 3, 2, 3), arg(2, 3), arg(2, 3), dims=2, eps=1e-5)
    yield good(arg(13), arg(13), None, **plain)
    yield good(arg(3, 7, low=2, high=2), None, arg(7), **plain)


@more("rms_norm")
def _roots(name: str) -> Iterator[Sample]:
    plain: dict[str, Any] = {"dims": 1, "eps": 1e-5}
    for columns in (31, 64, 257):
        yield good(arg(3, columns), arg(columns), **plain)
    yield good(arg(4, 129, **_FAR), arg(129), **plain)
    yield good(arg(3, 1), None, **plain)
    yield good(arg(2, 1, 3, 2, 3), arg(2, 3), dims=2, eps=1e-5)


@more("group_norm")
def _groups(name: str) -> Iterator[Sample]:
    yield good(arg(2, 6, 17), arg(6), arg(6), groups=3, eps=1e-5)
    yield good(arg(1, 4, 5, 13), arg(4), None, groups=4, eps=1e-5)
    yield good(arg(2, 4, 33, **_FAR), None, arg(4), groups=2, eps=1e-5)
    yield good(arg(1, 33, 2, 2), arg(33), arg(33), groups=1, eps=1e-3)
    yield good(arg(1, 2, 2, 3, 2), arg(2), arg(2), groups=2, eps=1e-5)


@more("batch_norm")
def _batches(name: str) -> Iterator[Sample]:
    yield good(arg(33, 2), arg(2), arg(2), eps=1e-5)
    yield good(arg(2, 1, 65), arg(1), arg(1), eps=1e-5)
    yield good(arg(3, 2, 5, 7, **_FAR), arg(2), arg(2), eps=1e-5)
    yield good(arg(2, 31, 3), None, arg(31), eps=1e-5)
    yield good(arg(2, 3, 2, 3, 2), arg(3), arg(3), eps=1e-5)


@more("layer_norm_backward", "rms_norm_backward")
def _features_back(name: str) -> Iterator[Sample]:
    plain: dict[str, Any] = {"dims": 1, "eps": 1e-5}
    for columns in (31, 64, 257):
        yield good(arg(3, columns), arg(3, columns), arg(columns), **plain)
    yield good(arg(33, 5), arg(33, 5), None, **plain)
    yield good(arg(2, 1, 3, 2, 3), arg(2, 1, 3, 2, 3), arg(2, 3), dims=2, eps=1e-5)


@more("group_norm_backward")
def _groups_back(name: str) -> Iterator[Sample]:
    yield good(arg(2, 6, 17), arg(2, 6, 17), arg(6), groups=3, eps=1e-5)
    yield good(arg(1, 4, 5, 7), arg(1, 4, 5, 7), None, groups=4, eps=1e-5)


@more("batch_norm_backward")
def _batches_back(name: str) -> Iterator[Sample]:
    for shape in ((33, 2), (2, 1, 65), (2, 3, 2, 3, 2)):
        channels = arg(shape[1], low=0.5, high=2)
        yield good(arg(*shape), arg(*shape), arg(shape[1]), channels, channels, eps=1e-5)
