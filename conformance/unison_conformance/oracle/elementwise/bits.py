"""Bits: logic on integers, shifts, divisors, and the neighbours and signs of floats."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from unison_conformance.oracle.elementwise.exact import doubles, integers
from unison_conformance.oracle.reference import Reference, oracle
from unison_conformance.oracle.wide import Wide

__all__ = ["pattern"]


def pattern(x: Any) -> Any:
    """The bits of real floats as unsigned integers."""
    return np.array(x, order="C").view(f"u{x.dtype.itemsize}")


@oracle("bitwise_and")
def _and(a: Any, b: Any) -> Any:
    return integers(lambda x, y: x & y, a, b)


@oracle("bitwise_or")
def _or(a: Any, b: Any) -> Any:
    return integers(lambda x, y: x | y, a, b)


@oracle("bitwise_xor")
def _xor(a: Any, b: Any) -> Any:
    return integers(lambda x, y: x ^ y, a, b)


@oracle("bitwise_not")
def _not(x: Any) -> Any:
    return integers(lambda v: (not v) if isinstance(v, bool) else ~v, x)


@oracle("bitwise_left_shift")
def _left(a: Any, b: Any) -> Any:
    bits = a.dtype.itemsize * 8
    return _shift(integers(lambda x, y: x << y if 0 <= y < bits else 0, a, b), b)


@oracle("bitwise_right_shift")
def _right(a: Any, b: Any) -> Any:
    bits = a.dtype.itemsize * 8
    return _shift(integers(lambda x, y: x >> min(max(y, 0), bits), a, b), b)


def _shift(out: Any, amount: Any) -> Reference:
    """Shifts by negative amounts are not promised."""
    return Reference(out, free=np.broadcast_to(amount, out.shape) < 0)


@oracle("gcd")
def _gcd(a: Any, b: Any) -> Any:
    return integers(math.gcd, a, b)


@oracle("copysign")
def _copysign(a: Any, b: Any) -> Any:
    x, y = doubles(a, b)
    sign = np.uint64(1 << 63)
    return Wide(((pattern(x) & ~sign) | (pattern(y) & sign)).view(np.float64))


@oracle("nextafter")
def _nextafter(a: Any, b: Any) -> Any:
    """One step on the line of bit patterns: up away from zero, down towards it."""
    a, b = (v.copy() for v in np.broadcast_arrays(a, b))
    x, y = doubles(a, b)
    bits = pattern(a).astype(np.int64) if a.dtype.itemsize < 8 else pattern(a).view(np.int64)
    sign = np.int64(-(1 << 63)) if a.dtype.itemsize == 8 else np.int64(1 << (a.dtype.itemsize * 8 - 1))
    away = (x < y) == (x > 0)
    stepped = np.where(x == 0, np.where(y < 0, sign | 1, 1), bits + np.where(away, 1, -1))
    moved = stepped.astype(f"i{a.dtype.itemsize}").view(a.dtype).astype(np.float64)
    return Wide(np.where(np.isnan(x) | np.isnan(y), np.nan, np.where(x == y, y, moved)))
