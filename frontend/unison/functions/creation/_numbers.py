"""Python numbers on their way into tensors of a given dtype."""

from __future__ import annotations

import math
from typing import Any

from unison_core import dtypes
from unison_core.dtypes import DType
from unison_core.errors import OperatorError

__all__ = ["fitted"]

_SINGLE = (2 - 2.0**-23) * 2.0**127
_LARGEST = {
    dtypes.float16: 65504.0,
    dtypes.bfloat16: (2 - 2.0**-7) * 2.0**127,
    dtypes.float32: _SINGLE,
    dtypes.complex64: _SINGLE,
}
"""The largest finite element of each type that is narrower than Python's numbers."""


def fitted(value: Any, dtype: DType) -> Any:
    """The number as an element of `dtype` holds it before rounding; what is no Python number comes back as it is.

    Integers lose the fraction, and unsigned ones count negative integers from 2**bits downwards.

    Raises:
        OverflowError: an integer that 64 bits cannot hold.
        RuntimeError: the number is outside the dtype's range, is no number, or has an imaginary part too many.
    """
    if not isinstance(value, bool | int | float | complex):
        return value
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        raise OverflowError(f"the number {value} takes more than 64 bits; give it as a float")
    if dtype is dtypes.bool_:
        return bool(value)
    if isinstance(value, complex) and not dtype.is_complex:
        if value.imag != 0:
            raise _does_not_fit(value, dtype, "it has an imaginary part; give its .real or a complex dtype")
        value = value.real
    if not dtype.is_complex and not dtype.is_floating_point:
        return _whole(value, dtype)
    largest = _LARGEST.get(dtype, math.inf)
    if any(math.isfinite(part) and abs(part) > largest for part in (value.real, value.imag)):
        raise _does_not_fit(value, dtype, "give float('inf') if infinity is meant, or a wider dtype")
    return value if isinstance(value, complex) else float(value)


def _whole(value: Any, dtype: DType) -> int:
    bits = dtype.bits
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if dtype.is_signed else (0, 2**bits - 1)
    lowest = low if dtype.is_signed or isinstance(value, float) else -high
    if not lowest <= value <= high:
        raise _does_not_fit(value, dtype, f"{dtype.name} holds {low} to {high}; give another dtype")
    return int(value) if dtype.is_signed else int(value) % 2**bits


def _does_not_fit(value: Any, dtype: DType, hint: str) -> OperatorError:
    return OperatorError(f"value cannot be converted to type {dtype.name} without overflow: {value}; {hint}")
