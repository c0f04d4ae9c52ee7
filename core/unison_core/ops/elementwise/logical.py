"""Logic (any dtype taken as zero or not) and bits (bool and integers)."""

from __future__ import annotations

from unison_core.dtypes import ALL, INTEGER, INTEGRAL
from unison_core.operator import Array, Promote, primitive
from unison_core.samples import binary, unary

__all__ = [
    "bitwise_and",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
]

COMMON = Promote.COMMON


@primitive(dtypes=ALL, promote=COMMON, elementwise=True, same_dtype=False, differentiable=False)
def logical_and(a: Array, b: Array) -> Array:
    """Whether both are non-zero."""


@primitive(dtypes=ALL, promote=COMMON, elementwise=True, same_dtype=False, differentiable=False)
def logical_or(a: Array, b: Array) -> Array:
    """Whether one is non-zero."""


@primitive(dtypes=ALL, promote=COMMON, elementwise=True, same_dtype=False, differentiable=False)
def logical_xor(a: Array, b: Array) -> Array:
    """Whether exactly one is non-zero."""


@primitive(dtypes=ALL, elementwise=True, same_dtype=False, differentiable=False)
def logical_not(x: Array) -> Array:
    """Whether x is zero."""


@primitive(dtypes=INTEGRAL, promote=COMMON, elementwise=True, differentiable=False)
def bitwise_and(a: Array, b: Array) -> Array:
    """Bits set in both."""


@primitive(dtypes=INTEGRAL, promote=COMMON, elementwise=True, differentiable=False)
def bitwise_or(a: Array, b: Array) -> Array:
    """Bits set in either."""


@primitive(dtypes=INTEGRAL, promote=COMMON, elementwise=True, differentiable=False)
def bitwise_xor(a: Array, b: Array) -> Array:
    """Bits set in exactly one."""


@primitive(dtypes=INTEGRAL, elementwise=True, differentiable=False)
def bitwise_not(x: Array) -> Array:
    """All bits flipped; logical not on bool."""


@primitive(dtypes=INTEGER, promote=COMMON, elementwise=True, differentiable=False)
def bitwise_left_shift(a: Array, b: Array) -> Array:
    """a shifted left by b bits; zero when b is not below the width."""


@primitive(dtypes=INTEGER, promote=COMMON, elementwise=True, differentiable=False)
def bitwise_right_shift(a: Array, b: Array) -> Array:
    """a shifted right by b bits, copies of the sign coming in."""


for _op in (logical_and, logical_or, logical_xor, bitwise_and, bitwise_or, bitwise_xor):
    _op.samples(binary())
for _op in (bitwise_left_shift, bitwise_right_shift):
    _op.samples(binary(second=(0, 6)))
for _op in (logical_not, bitwise_not):
    _op.samples(unary())
