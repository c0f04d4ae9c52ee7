"""Promotion: the dtype of results of two dtypes, and of numbers beside tensors, with exact values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np

import unison
from unison_conformance.cases.values import host_dtype
from unison_conformance.checks._device import dtypes_of, expect, fetch, same_bits, send
from unison_conformance.checks.check import check
from unison_core import dtypes
from unison_core.dtypes import DType

__all__ = ["pairs", "scalars", "zero_dim"]

_NAMES = tuple(dtypes.BY_NAME)
_WORDS = ("b", "u8", "i8", "i16", "i32", "i64", "f16", "bf", "f32", "f64", "c64", "c128")
# The documented table of PyTorch's promote_types, a row for each first dtype, in the order of _NAMES.
_ROWS = """
b   u8  i8  i16 i32 i64 f16 bf  f32 f64 c64 c128
u8  u8  i16 i16 i32 i64 f16 bf  f32 f64 c64 c128
i8  i16 i8  i16 i32 i64 f16 bf  f32 f64 c64 c128
i16 i16 i16 i16 i32 i64 f16 bf  f32 f64 c64 c128
i32 i32 i32 i32 i32 i64 f16 bf  f32 f64 c64 c128
i64 i64 i64 i64 i64 i64 f16 bf  f32 f64 c64 c128
f16 f16 f16 f16 f16 f16 f16 f32 f32 f64 c64 c128
bf  bf  bf  bf  bf  bf  f32 bf  f32 f64 c64 c128
f32 f32 f32 f32 f32 f32 f32 f32 f32 f64 c64 c128
f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 c128 c128
c64 c64 c64 c64 c64 c64 c64 c64 c64 c128 c64 c128
c128 c128 c128 c128 c128 c128 c128 c128 c128 c128 c128 c128
"""
_SHORT = dict(zip(_WORDS, dtypes.ALL, strict=True))
TABLE: dict[tuple[DType, DType], DType] = {
    (dtypes.BY_NAME[a], dtypes.BY_NAME[b]): _SHORT[word]
    for a, row in zip(_NAMES, _ROWS.strip().splitlines(), strict=True)
    for b, word in zip(_NAMES, row.split(), strict=True)
}
"""(dtype, dtype) -> the dtype that both are promoted to."""

# What a tensor of the dtype becomes beside a Python bool, int, float and complex; None where PyTorch has a dtype
# (complex32) that is not among ours.
_WITH_NUMBER = {
    "bool": "b i64 f32 c64",
    "uint8": "u8 u8 f32 c64",
    "int8": "i8 i8 f32 c64",
    "int16": "i16 i16 f32 c64",
    "int32": "i32 i32 f32 c64",
    "int64": "i64 i64 f32 c64",
    "float16": "f16 f16 f16 -",
    "bfloat16": "bf bf bf c64",
    "float32": "f32 f32 f32 c64",
    "float64": "f64 f64 f64 c128",
    "complex64": "c64 c64 c64 c64",
    "complex128": "c128 c128 c128 c128",
}
_NUMBERS = (True, 2, 0.5, 2j)

# Exact in every dtype, and so are their sums, products and quotients.
_LEFT, _RIGHT = (1, 0, 3, 8), (2, 1, 4, 8)


def _in(values: tuple[int, ...], dtype: DType) -> np.ndarray[Any, Any]:
    return np.array(values).astype(host_dtype(dtype))


def _value(v: int, dtype: DType) -> int:
    return int(v != 0) if dtype is dtypes.bool_ else v


def _quotient(a: int, b: int, common: DType) -> float:
    return a / b


def _divided(common: DType) -> DType:
    return common if common in dtypes.INEXACT else dtypes.float32


_FUNCTIONS: dict[
    str, tuple[Callable[..., Any], Callable[[int, int, DType], Any], Callable[[DType], DType]]
] = {
    "add": (unison.add, lambda a, b, t: a + b if t is not dtypes.bool_ else a | b, lambda t: t),
    "mul": (unison.mul, lambda a, b, t: a * b, lambda t: t),
    "div": (unison.div, _quotient, _divided),
    "maximum": (unison.maximum, lambda a, b, t: max(a, b), lambda t: t),
    "where": (lambda a, b: unison.where(a == a, a, b), lambda a, b, t: a, lambda t: t),  # noqa: PLR0124
    "lt": (unison.lt, lambda a, b, t: a < b, lambda t: dtypes.bool_),
    "eq": (unison.eq, lambda a, b, t: a == b, lambda t: dtypes.bool_),
}


def _usable(name: str, device: str) -> Iterator[tuple[DType, DType, DType, DType]]:
    """(left, right, common, result), as far as the device has them."""
    have = dtypes_of(device)
    for a, b in product(have, repeat=2):
        common = TABLE[a, b]
        result = _FUNCTIONS[name][2](common)
        if common.is_complex and name in ("lt", "maximum"):
            continue
        if common in have and result in have:
            yield a, b, common, result


@check(level=1, each=_FUNCTIONS)
def pairs(device: str, name: str) -> None:
    """Every pair of dtypes has the documented result, dtype and value."""
    function, model, _ = _FUNCTIONS[name]
    for a, b, common, result in _usable(name, device):
        got = function(send(_in(_LEFT, a), device), send(_in(_RIGHT, b), device))
        what = f"{name} of {a.name} and {b.name} on {device}"
        expect(got.dtype is result, f"{what} is {got.dtype.name}, must be {result.name}")
        wanted = [model(_value(x, a), _value(y, b), common) for x, y in zip(_LEFT, _RIGHT, strict=True)]
        same_bits(fetch(got), np.array(wanted).astype(host_dtype(result)), what)


@check(level=1)
def scalars(device: str) -> None:
    """Python numbers are weak: they raise the category, never the width."""
    have = dtypes_of(device)
    for dtype in have:
        for number, word in zip(_NUMBERS, _WITH_NUMBER[dtype.name].split(), strict=True):
            wanted = _SHORT.get(word)
            if wanted not in have or wanted is None:
                continue
            x = send(_in(_LEFT, dtype), device)
            values = np.array([_value(v, dtype) * number for v in _LEFT]).astype(host_dtype(wanted))
            for what, got in (("x * number", x * number), ("number * x", number * x)):
                expect(
                    got.dtype is wanted,
                    f"{what} of {dtype.name} and {number!r} on {device} is {got.dtype.name}, must be {wanted.name}",
                )
                same_bits(fetch(got), values, f"{what} of {dtype.name} and {number!r} on {device}")


@check(level=1)
def zero_dim(device: str) -> None:
    """A tensor without dimensions raises the category of one with dimensions, not its width."""
    have = dtypes_of(device)
    for a, b, wanted in (
        ("int32", "int64", "int32"),
        ("uint8", "int8", "uint8"),
        ("float16", "float32", "float16"),
        ("float32", "float64", "float32"),
        ("int32", "float64", "float64"),
        ("bool", "uint8", "uint8"),
        ("float32", "complex128", "complex64"),
        ("float32", "int64", "float32"),
    ):
        first, second, result = (dtypes.BY_NAME[n] for n in (a, b, wanted))
        if not {first, second, result} <= set(have):
            continue
        got = send(_in(_LEFT, first), device) * send(_in((2,), second).reshape(()), device)
        what = f"{a}[4] * {b}[] on {device}"
        expect(got.dtype is result, f"{what} is {got.dtype.name}, must be {wanted}")
        values = np.array([_value(v, first) * 2 for v in _LEFT]).astype(host_dtype(result))
        same_bits(fetch(got), values, what)
