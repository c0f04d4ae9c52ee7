"""Comparisons and tests of single elements; all give bool."""

from __future__ import annotations

from unison_core.dtypes import ALL, REAL
from unison_core.operator import Array, Promote, primitive
from unison_core.samples import binary, unary

__all__ = ["eq", "ge", "gt", "isfinite", "isinf", "isnan", "le", "lt", "ne", "signbit"]

COMMON = Promote.COMMON


@primitive(dtypes=ALL, promote=COMMON, elementwise=True, same_dtype=False, differentiable=False)
def eq(a: Array, b: Array) -> Array:
    """a == b; False where either is NaN."""


@primitive(dtypes=ALL, promote=COMMON, elementwise=True, same_dtype=False, differentiable=False)
def ne(a: Array, b: Array) -> Array:
    """a != b; True where either is NaN."""


@primitive(dtypes=REAL, promote=COMMON, elementwise=True, same_dtype=False, differentiable=False)
def lt(a: Array, b: Array) -> Array:
    """a < b; False where either is NaN."""


@primitive(dtypes=REAL, promote=COMMON, elementwise=True, same_dtype=False, differentiable=False)
def le(a: Array, b: Array) -> Array:
    """a <= b; False where either is NaN."""


@primitive(dtypes=REAL, promote=COMMON, elementwise=True, same_dtype=False, differentiable=False)
def gt(a: Array, b: Array) -> Array:
    """a > b; False where either is NaN."""


@primitive(dtypes=REAL, promote=COMMON, elementwise=True, same_dtype=False, differentiable=False)
def ge(a: Array, b: Array) -> Array:
    """a >= b; False where either is NaN."""


@primitive(dtypes=ALL, elementwise=True, same_dtype=False, differentiable=False)
def isnan(x: Array) -> Array:
    """Whether x (or a part of complex x) is NaN."""


@primitive(dtypes=ALL, elementwise=True, same_dtype=False, differentiable=False)
def isinf(x: Array) -> Array:
    """Whether x (or a part of complex x) is infinite."""


@primitive(dtypes=ALL, elementwise=True, same_dtype=False, differentiable=False)
def isfinite(x: Array) -> Array:
    """Whether x is neither infinite nor NaN."""


@primitive(dtypes=REAL, elementwise=True, same_dtype=False, differentiable=False)
def signbit(x: Array) -> Array:
    """Whether the sign bit is set: True for -0.0."""


for _op in (eq, ne, lt, le, gt, ge):
    _op.samples(binary())
for _op in (isnan, isinf, isfinite, signbit):
    _op.samples(unary())
