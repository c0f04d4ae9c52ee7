"""Comparisons, tests and logic: on Python's integers, floats through the order of their bit patterns."""

from __future__ import annotations

import operator as python
from collections.abc import Callable
from typing import Any

import numpy as np

from unison_conformance.oracle.elementwise.bits import pattern
from unison_conformance.oracle.elementwise.exact import integers, is_complex, is_integer
from unison_conformance.oracle.reference import ORACLES

__all__: list[str] = []

_SIGN = 1 << 63
_INFINITY = 0x7FF << 52


def _rank(bits: int) -> int | None:
    """The place of a float64 on the line of all of them, 0 for both zeros; None for NaN."""
    size = bits & (_SIGN - 1)
    if size > _INFINITY:
        return None
    return -size if bits & _SIGN else size


def _ranks(x: Any) -> Any:
    """Integers that are ordered as the elements of a real array."""
    return integers(int, x) if is_integer(x) else integers(_rank, pattern(x.astype(np.float64)))


def _parts(x: Any) -> tuple[Any, ...]:
    return (x.real, x.imag) if is_complex(x) else (x,)


def _bools(function: Callable[..., bool], *arrays: Any) -> Any:
    return integers(function, *arrays).astype(bool)


def _comparison(name: str, compare: Callable[[Any, Any], bool]) -> None:
    """NaN is unequal to everything, and neither more nor less."""
    unordered = compare is python.ne

    def one(a: Any, b: Any) -> bool:
        return unordered if a is None or b is None else compare(a, b)

    def compute(a: Any, b: Any) -> Any:
        each = [_bools(one, _ranks(x), _ranks(y)) for x, y in zip(_parts(a), _parts(b), strict=True)]
        if len(each) == 1:
            return each[0]
        return _bools(lambda x, y: (x or y) if unordered else (x and y), *each)

    ORACLES[name] = compute


for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    _comparison(_name, getattr(python, _name))


def _test(name: str, one: Callable[[int | None], bool], *, every: bool = False) -> None:
    """`one` of the rank of a float; for complex numbers of any part, or of every one."""

    def compute(x: Any) -> Any:
        if is_integer(x):
            return np.full(x.shape, one(0), bool)
        each = [_bools(one, _ranks(p)) for p in _parts(x)]
        return each[0] if len(each) == 1 else _bools(lambda a, b: (a and b) if every else (a or b), *each)

    ORACLES[name] = compute


_test("isnan", lambda r: r is None)
_test("isinf", lambda r: r is not None and abs(r) == _INFINITY)
_test("isfinite", lambda r: r is not None and abs(r) < _INFINITY, every=True)


def _signbit(x: Any) -> Any:
    if is_integer(x):
        return _bools(lambda v: v < 0, x)
    return _bools(lambda b: bool(b & _SIGN), pattern(x.astype(np.float64)))


ORACLES["signbit"] = _signbit


def _holds(x: Any) -> Any:
    """Whether each element is not zero; NaN is not."""
    each = [_bools(lambda r: r != 0, _ranks(p)) for p in _parts(x)]
    return each[0] if len(each) == 1 else _bools(lambda a, b: a or b, *each)


def _logic(name: str, function: Callable[..., bool]) -> None:
    def compute(*arrays: Any) -> Any:
        return _bools(function, *map(_holds, arrays))

    ORACLES[name] = compute


_logic("logical_and", lambda a, b: a and b)
_logic("logical_or", lambda a, b: a or b)
_logic("logical_xor", lambda a, b: a != b)
_logic("logical_not", lambda a: not a)
