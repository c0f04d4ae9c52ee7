"""Creation: numbers of exact fractions, rounded once."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil
from typing import Any

import numpy as np

from unison_conformance.oracle.reference import Reference, oracle
from unison_conformance.oracle.rounding import native, part_of, rounded, widened
from unison_core.dtypes import DType, float64

__all__: list[str] = []


def _number(value: Any, dtype: DType) -> Any:
    """A Python number in a dtype: nearest of a float type, the integer part of an integer type."""
    if dtype.is_complex:
        z = complex(value)
        return complex(rounded(z.real, part_of(dtype)), rounded(z.imag, part_of(dtype)))
    if dtype.is_floating_point:
        return rounded(value, dtype)
    return value != 0 if dtype.name == "bool" else int(value)


@oracle("full")
def _full(*, shape: tuple[int, ...], value: Any, dtype: DType) -> Any:
    count = int(np.prod(shape, dtype=np.int64))
    return np.array([_number(value, dtype)] * count, native(dtype)).reshape(shape)


@oracle("empty")
def _empty(*, shape: tuple[int, ...], dtype: DType) -> Any:
    """Shape and dtype alone are promised."""
    value = np.array([0] * int(np.prod(shape, dtype=np.int64)), native(dtype)).reshape(shape)
    return Reference(value, free=np.full(shape, True))


@oracle("eye")
def _eye(*, rows: int, columns: int, dtype: DType) -> Any:
    ones = [int(i == j) for i in range(rows) for j in range(columns)]
    return np.array(ones, native(dtype)).reshape(rows, columns)


def _quotient(start: Any, end: Any, step: Any) -> Fraction:
    """How many steps: of integers exactly, else each operation in float64, which decides the length as in PyTorch."""
    way = Fraction(end) - Fraction(start)
    if all(isinstance(v, int) for v in (start, end, step)):
        return way / step
    return Fraction(rounded(Fraction(rounded(way, float64)) / Fraction(step), float64))


@oracle("arange")
def _arange(*, start: Any, end: Any, step: Any, dtype: DType) -> Any:
    first, by = Fraction(start), Fraction(step)
    count = max(0, ceil(_quotient(start, end, step)))
    values = [first + i * by for i in range(count)]
    return _range(values, [abs(first) + abs(i * by) for i in range(count)], dtype)


@oracle("linspace")
def _linspace(*, start: Any, end: Any, steps: int, dtype: DType) -> Any:
    """Both ends are exact; between them S = |start| + |end|, more than the modulus of start and of any step."""
    if dtype.is_complex:
        a, b = complex(start), complex(end)
        parts = [_linspace(start=p, end=q, steps=steps, dtype=part_of(dtype)) for p, q in
                 ((a.real, b.real), (a.imag, b.imag))]  # fmt: skip
        return Reference(tuple(p.value for p in parts), parts[0].scale + parts[1].scale)
    first, last = Fraction(start), Fraction(end)
    values = [first + Fraction(i, max(steps - 1, 1)) * (last - first) for i in range(steps)]
    sizes = [0 if i in (0, steps - 1) else abs(first) + abs(last) for i in range(steps)]
    return _range(values, sizes, dtype)


def _range(values: Sequence[Fraction], sizes: Sequence[Any], dtype: DType) -> Any:
    shape = (len(values),)
    if not dtype.is_floating_point and not dtype.is_complex:
        return np.array([int(v) for v in values] or np.empty(0, object), object)
    value = widened(values, shape)
    scale = np.array([float(s) for s in sizes], np.float64).reshape(shape)
    return Reference((value, widened([0] * len(values), shape)) if dtype.is_complex else value, scale)
