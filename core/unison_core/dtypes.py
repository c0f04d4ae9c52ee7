"""Element types and torch's promotion between them.

A `DType` is a name and facts; what it is in an array library is the backend's business. Promotion follows
torch: categories bool < integer < floating < complex, the higher category wins, within a category the wider
type wins, and Python scalars only decide the category.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Any

__all__ = [
    "ALL",
    "BY_NAME",
    "COMPLEX",
    "FLOATING",
    "INEXACT",
    "INTEGER",
    "INTEGRAL",
    "NUMERIC",
    "REAL",
    "Category",
    "DType",
    "bfloat16",
    "bool_",
    "can_cast",
    "category_of_scalar",
    "complex64",
    "complex128",
    "float16",
    "float32",
    "float64",
    "get_default_dtype",
    "int8",
    "int16",
    "int32",
    "int64",
    "promote",
    "scalar_dtype",
    "set_default_dtype",
    "uint8",
]


class Category(IntEnum):
    """The four steps of promotion, lowest first."""

    BOOL = 0
    INTEGER = 1
    FLOATING = 2
    COMPLEX = 3


class DType:
    """One element type: interned, compared by identity, printed as `torch` prints it."""

    __slots__ = ("bits", "category", "is_signed", "itemsize", "name", "short")

    def __init__(
        self, name: str, short: str, category: Category, bits: int, *, is_signed: bool = True
    ) -> None:
        self.name = name
        self.short = short
        self.category = category
        self.bits = bits
        self.itemsize = max(1, bits // 8)
        self.is_signed = is_signed

    @property
    def is_floating_point(self) -> bool:
        """True for float16, bfloat16, float32 and float64."""
        return self.category is Category.FLOATING

    @property
    def is_complex(self) -> bool:
        """True for complex64 and complex128."""
        return self.category is Category.COMPLEX

    def to_real(self) -> DType:
        """The type of the real part: float32 of complex64; itself when already real."""
        return _REAL_OF.get(self, self)

    def to_complex(self) -> DType:
        """The complex type whose parts have this type; itself when already complex."""
        return self if self.is_complex else (complex128 if self is float64 else complex64)

    def __repr__(self) -> str:
        return f"unison.{self.name}"

    def __reduce__(self) -> tuple[Any, ...]:
        return _by_name, (self.name,)


bool_ = DType("bool", "b", Category.BOOL, 1, is_signed=False)
uint8 = DType("uint8", "B", Category.INTEGER, 8, is_signed=False)
int8 = DType("int8", "i1", Category.INTEGER, 8)
int16 = DType("int16", "i2", Category.INTEGER, 16)
int32 = DType("int32", "i4", Category.INTEGER, 32)
int64 = DType("int64", "i8", Category.INTEGER, 64)
float16 = DType("float16", "f2", Category.FLOATING, 16)
bfloat16 = DType("bfloat16", "bf", Category.FLOATING, 16)
float32 = DType("float32", "f4", Category.FLOATING, 32)
float64 = DType("float64", "f8", Category.FLOATING, 64)
complex64 = DType("complex64", "c8", Category.COMPLEX, 64)
complex128 = DType("complex128", "c16", Category.COMPLEX, 128)

ALL = (
    bool_,
    uint8,
    int8,
    int16,
    int32,
    int64,
    float16,
    bfloat16,
    float32,
    float64,
    complex64,
    complex128,
)
BY_NAME = {dtype.name: dtype for dtype in ALL}
INTEGER = frozenset(d for d in ALL if d.category is Category.INTEGER)
INTEGRAL = INTEGER | {bool_}
FLOATING = frozenset(d for d in ALL if d.category is Category.FLOATING)
COMPLEX = frozenset({complex64, complex128})
INEXACT = FLOATING | COMPLEX
REAL = INTEGRAL | FLOATING
NUMERIC = INTEGER | INEXACT

_REAL_OF = {complex64: float32, complex128: float64}
_default = float32


def _by_name(name: str) -> DType:
    return BY_NAME[name]


def get_default_dtype() -> DType:
    """The floating type that Python floats and integer-to-float operators produce."""
    return _default


def set_default_dtype(dtype: DType) -> None:
    """Set the default floating type.

    Raises:
        TypeError: dtype is not a floating type.
    """
    global _default
    if dtype not in FLOATING:
        raise TypeError(f"only floating-point types are supported as the default type, got {dtype}")
    _default = dtype


def promote(a: DType, b: DType) -> DType:
    """The type that torch computes `a op b` in, both being types of dimensioned tensors."""
    if a is b:
        return a
    if a.category < b.category:
        a, b = b, a
    if a.category is Category.COMPLEX:
        wide = a is complex128 or b in (complex128, float64)
        return complex128 if wide else complex64
    if a.category is not b.category:
        return a
    if a.category is Category.FLOATING:
        return float32 if a.bits == b.bits else max(a, b, key=lambda d: d.bits)
    return _promote_integers(a, b)


def _promote_integers(a: DType, b: DType) -> DType:
    if a.is_signed is b.is_signed:
        return max(a, b, key=lambda d: d.bits)
    signed = a if a.is_signed else b
    return int16 if signed is int8 else signed


def category_of_scalar(value: object) -> Category:
    """The category of a Python scalar.

    Raises:
        TypeError: value is not a bool, int, float or complex.
    """
    if isinstance(value, bool):
        return Category.BOOL
    if isinstance(value, int):
        return Category.INTEGER
    if isinstance(value, float):
        return Category.FLOATING
    if isinstance(value, complex):
        return Category.COMPLEX
    raise TypeError(f"expected a Python number, got {type(value).__name__}")


def scalar_dtype(category: Category, like: DType | None = None) -> DType:
    """The type a Python scalar of that category takes beside a tensor of type `like`: scalars are weak."""
    if like is not None and category <= like.category:
        return like
    if category is Category.COMPLEX:
        return (_default if like is None or like.category < Category.FLOATING else like).to_complex()
    return {Category.BOOL: bool_, Category.INTEGER: int64, Category.FLOATING: _default}[category]


def can_cast(source: DType, target: DType) -> bool:
    """Whether an in-place result may be stored: never down a category, as torch has it."""
    return source.category <= target.category


def float_bits(value: float) -> int:
    """The 64 bits of a float, which tell -0.0 from 0.0 and one NaN from another."""
    return int(struct.unpack("<q", struct.pack("<d", value))[0])
