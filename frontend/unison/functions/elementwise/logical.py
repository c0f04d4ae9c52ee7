"""Logic (elements taken as zero or not) and bits (bool and integers)."""

from __future__ import annotations

from unison.functions._common import binary, unary
from unison_core import ops

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

bitwise_and = binary(ops.bitwise_and)
bitwise_left_shift = binary(ops.bitwise_left_shift)
bitwise_not = unary(ops.bitwise_not, exact=True)
bitwise_or = binary(ops.bitwise_or)
bitwise_right_shift = binary(ops.bitwise_right_shift)
bitwise_xor = binary(ops.bitwise_xor)
logical_and = binary(ops.logical_and, tensors=2)
logical_not = unary(ops.logical_not)
logical_or = binary(ops.logical_or, tensors=2)
logical_xor = binary(ops.logical_xor, tensors=2)
