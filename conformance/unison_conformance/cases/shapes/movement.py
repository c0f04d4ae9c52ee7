"""Operators that only move elements: permutations that are no swaps, uneven borders, several dimensions, nothing."""

from __future__ import annotations

import builtins
from collections.abc import Iterator

from unison_conformance.cases.shapes.table import more
from unison_core import dtypes
from unison_core.samples import Sample, arg, good

__all__: list[str] = []

_SHAPES = ((), (1,), (33,), (2, 1, 3, 1, 2), (3, 0, 2), (7, 13), (257,))


@more("copy")
def _copies(name: str) -> Iterator[Sample]:
    for shape in _SHAPES[1:]:
        yield good(arg(*shape))


@more("cast")
def _casts(name: str) -> Iterator[Sample]:
    for dtype in (dtypes.float32, dtypes.int32, dtypes.int64, dtypes.bool_):
        yield good(arg(33, low=0, high=100), dtype=dtype)
        yield good(arg(2, 1, 3, 0), dtype=dtype)
    # Fractions of both signs: towards zero as integers; ties as half types.
    yield good(arg(257, low=-100, high=100), dtype=dtypes.int32)
    yield good(arg(7, 13, low=-5000, high=5000), dtype=dtypes.float16)
    yield good(arg(7, 13, low=-5000, high=5000), dtype=dtypes.bfloat16)


@more("cat")
def _joined(name: str) -> Iterator[Sample]:
    yield good(arg(5), dim=0)
    yield good(arg(1), arg(1), arg(1), dim=0)
    yield good(arg(31, 2), arg(33, 2), dim=0)
    yield good(arg(2, 64), arg(2, 65), arg(2, 1), dim=1)
    yield good(arg(2, 1, 3, 2, 2), arg(2, 4, 3, 2, 2), dim=1)
    yield good(arg(2, 3, 4), arg(2, 3, 1), dim=-1)
    yield good(arg(0, 3), arg(2, 3), arg(0, 3), dim=0)
    yield good(arg(2, 0), arg(3, 0), dim=0)


@more("flip")
def _flipped(name: str) -> Iterator[Sample]:
    yield good(arg(1), dims=(0,))
    yield good(arg(33, 2), dims=(0, 1))
    yield good(arg(2, 3, 2, 3, 2), dims=(-1, 1, 2))
    yield good(arg(2, 257), dims=(1,))
    yield good(arg(3, 0), dims=(0,))
    yield good(arg(2, 3), dims=())


@more("roll")
def _rolled(name: str) -> Iterator[Sample]:
    yield good(arg(1), shifts=(3,), dims=(0,))
    yield good(arg(33, 2), shifts=(40, 1), dims=(0, 1))
    yield good(arg(2, 3, 2, 3, 2), shifts=(-1, 2, 1), dims=(-1, 1, 2))
    yield good(arg(7, 13), shifts=(-5,), dims=(1,))
    yield good(arg(5), shifts=(1, 1), dims=(0, 0))
    yield good(arg(5), shifts=(0,), dims=(0,))


@more("pad")
def _bordered(name: str) -> Iterator[Sample]:
    yield good(arg(2, 3), widths=((2, 0), (0, 3)), value=0)
    yield good(arg(31, 2), widths=((1, 1), (3, 0)), value=1)
    yield good(arg(2, 1, 3, 2), widths=((0, 1), (2, 0), (1, 2), (0, 0)), value=0)
    yield good(arg(5, 7), widths=((-1, 2), (3, -4)), value=1)
    yield good(arg(0, 3), widths=((2, 1), (0, 0)), value=1)
    yield good(arg(), widths=(), value=0)
    yield good(arg(257), widths=((0, 0),), value=0)


@more("permute")
def _permuted(name: str) -> Iterator[Sample]:
    yield good(arg(1), dims=(0,))
    yield good(arg(3, 4, 5), dims=(1, 2, 0))
    yield good(arg(2, 3, 4), dims=(0, 2, 1))
    yield good(arg(2, 3, 4), dims=(2, 1, 0))
    yield good(arg(2, 3, 4, 5), dims=(0, 3, 1, 2))
    yield good(arg(2, 1, 3, 2, 4), dims=(4, 2, 0, 3, 1))
    yield good(arg(2, 1, 3, 1, 2, 2), dims=(-1, 0, 3, 2, 5 - 1, 1))
    yield good(arg(3, 0, 2), dims=(2, 0, 1))
    yield good(arg(33, 31), dims=(1, 0))


@more("reshape", "view")
def _reshaped(name: str) -> Iterator[Sample]:
    yield good(arg(7, 13), shape=(91,))
    yield good(arg(257), shape=(1, 257, 1))
    yield good(arg(2, 3, 4, 5), shape=(4, 6, 5))
    yield good(arg(), shape=(1, 1))
    yield good(arg(3, 0, 2), shape=(0, 5))
    yield good(arg(64), shape=(2, 2, 2, 2, 2, 2))


@more("expand")
def _expanded(name: str) -> Iterator[Sample]:
    yield good(arg(1, 33, 1), shape=(4, 33, 3))
    yield good(arg(), shape=(2, 1, 3))
    yield good(arg(2, 1, 3, 1), shape=(2, 2, 5, 3, 2))
    yield good(arg(1, 3), shape=(0, 3))
    yield good(arg(7, 13), shape=(7, 13))


@more("slice")
def _sliced(name: str) -> Iterator[Sample]:
    all_, part = builtins.slice(None), builtins.slice
    yield good(arg(33, 31), key=(part(1, None, 2), part(None, -1, 3)))
    yield good(arg(5, 7), key=(part(2, 2), all_))
    yield good(arg(5, 7), key=(all_, None, -7))
    yield good(arg(2, 3, 4, 5), key=(1, ..., 2))
    yield good(arg(2, 3, 2, 3, 2), key=(all_, part(1, 3), 0, part(None, None, 2), 1))
    yield good(arg(3, 0), key=(part(1, 2),))
    yield good(arg(), key=(None, ...))


@more("unslice")
def _unsliced(name: str) -> Iterator[Sample]:
    part = builtins.slice
    yield good(arg(16, 3), shape=(33, 3), key=(part(1, None, 2),))
    yield good(arg(2, 4), shape=(2, 3, 4), key=(..., 1, part(None)))
    yield good(arg(0, 4), shape=(3, 4), key=(part(2, 2),))
    yield good(arg(2, 1, 2), shape=(2, 5), key=(part(None), None, part(1, None, 3)))


@more("diagonal")
def _diagonals(name: str) -> Iterator[Sample]:
    yield good(arg(33, 31), offset=0, dim1=0, dim2=1)
    yield good(arg(5, 7), offset=6, dim1=0, dim2=1)
    yield good(arg(5, 7), offset=3, dim1=1, dim2=0)
    yield good(arg(2, 3, 4, 5), offset=-1, dim1=1, dim2=3)
    yield good(arg(1, 1), offset=0, dim1=0, dim2=1)
    yield good(arg(3, 3), offset=3, dim1=0, dim2=1)
    yield good(arg(2, 0, 3), offset=0, dim1=1, dim2=2)


@more("unfold")
def _windows(name: str) -> Iterator[Sample]:
    yield good(arg(33), dim=0, size=1, step=1)
    yield good(arg(33, 2), dim=0, size=7, step=3)
    yield good(arg(2, 13), dim=-1, size=13, step=5)
    yield good(arg(2, 3, 5, 2, 1), dim=2, size=2, step=2)


@more("as_strided")
def _strided(name: str) -> Iterator[Sample]:
    yield good(arg(12), shape=(3, 4), stride=(4, 1), offset=0)
    yield good(arg(12), shape=(4, 5), stride=(1, 2), offset=0)
    yield good(arg(4, 5), shape=(3, 3), stride=(1, 1), offset=2)
    yield good(arg(7), shape=(), stride=(), offset=6)
    yield good(arg(6), shape=(0, 3), stride=(3, 1), offset=0)


@more("view_as_real")
def _pairs(name: str) -> Iterator[Sample]:
    yield good(arg(33))
    yield good(arg(2, 1, 3, 2))


@more("view_as_complex")
def _planes(name: str) -> Iterator[Sample]:
    yield good(arg(33, 2))
    yield good(arg(2, 1, 3, 2))
