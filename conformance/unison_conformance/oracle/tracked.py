"""Tracked numbers: exact values that carry how far rounding may take a computation of them.

# Note [First-order error bounds]
A backend computes y = f(a, b, ...) in steps. Step by step, with products of two errors left out but for those of
products (the square of a number that should be 0 is nothing else),

    error(f(a, b)) <= |df/da| error(a) + |df/db| error(b) + rounding of the step itself

(Higham, Accuracy and Stability of Numerical Algorithms, 2002, chapter 3). `Tracked` holds the exact value and this
bound in units of u, the unit roundoff of the accumulator (rules 5 and 6 of the contract). What a step adds is
that operator's own limit in the tolerance table for the dtype in which the step's result is kept, so a backend whose
primitives conform and that computes the documented formula conforms: add, mul and the like 0.5 units in the last
place, exp 3 in float32, a sum of n terms k(n) u S. A unit in the last place is at most 2 u |y|, and never less than
the smallest subnormal. Bounds of composed operators therefore need no growth of their own: `terms` is 0 and their
rows of the table allow 1 u S.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from unison_conformance.oracle import functions
from unison_conformance.oracle import wide as arithmetic
from unison_conformance.oracle.reference import Reference
from unison_conformance.oracle.wide import Wide, wide
from unison_conformance.tolerance.families import family_of
from unison_conformance.tolerance.limits import LIMITS, growth_factor, limit_of, roundoff
from unison_conformance.tolerance.ulp import ulp_size
from unison_core import dtypes
from unison_core.dtypes import DType

__all__ = ["Tracked", "dtype_of", "growth", "stack", "total", "tracked", "where"]

_BITS = {dtypes.float64: 53, dtypes.float32: 24, dtypes.float16: 11, dtypes.bfloat16: 8}
_TINIEST = {
    dtypes.float64: 2.0**-1074,
    dtypes.float32: 2.0**-149,
    dtypes.float16: 2.0**-24,
    dtypes.bfloat16: 2.0**-133,
}


def dtype_of(x: Any) -> DType:
    """The framework's dtype of a host array."""
    return dtypes.BY_NAME[x.dtype.name]


def growth(terms: float) -> Any:
    """k(n) of rule 5."""
    return growth_factor(LIMITS["sum"][dtypes.float32], terms)


class Tracked:
    """value, exact; error, the bound on the distance of what a backend holds, in units of u; dtype, how it holds it."""

    __slots__ = ("dtype", "error", "value")

    def __init__(self, value: Wide, error: Any, dtype: DType) -> None:
        self.value = value
        self.error = np.broadcast_to(np.asarray(error, np.float64), value.shape)
        self.dtype = dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array."""
        return self.value.shape

    @property
    def size(self) -> Any:
        """The absolute values, as float64."""
        return np.abs(self.value.hi)

    def __getitem__(self, key: Any) -> Tracked:
        return Tracked(self.value[key], self.error[key], self.dtype)

    def move(self, function: Any, *args: Any, **settings: Any) -> Tracked:
        """A function that only moves elements."""
        return Tracked(
            self.value.apply(function, *args, **settings),
            function(self.error, *args, **settings),
            self.dtype,
        )

    def reshape(self, *shape: int) -> Tracked:
        """The same elements in another shape."""
        return self.move(np.reshape, shape)

    def spread(self, axis: int, ndim: int) -> Tracked:
        """A vector that runs along one of ndim axes."""
        return self.reshape(*[-1 if a == axis else 1 for a in range(ndim)])

    def held(self, dtype: DType) -> Tracked:
        """The same numbers kept in another dtype: rounded once where it is narrower."""
        if _BITS[dtype] >= _BITS[self.dtype]:
            return Tracked(self.value, self.error, dtype)
        return _step(self.value, self.error, dtype)

    def accumulated(self) -> Tracked:
        """The same numbers in the dtype of accumulators: float32 for half types."""
        return self.held(dtypes.float32) if _BITS[self.dtype] < 24 else self

    def reference(self, dtype: DType | None = None) -> Reference:
        """The reference of a result in that dtype; the last rounding into it is the limit's own."""
        unit = roundoff(self.dtype) / roundoff(dtype or self.dtype)
        return Reference(self.value, np.array(self.error) * unit)

    def __neg__(self) -> Tracked:
        return Tracked(-self.value, self.error, self.dtype)

    def __add__(self, other: Any) -> Tracked:
        b = _like(other, self)
        return _step(self.value + b.value, self.error + b.error, self.dtype)

    def __sub__(self, other: Any) -> Tracked:
        return self + -_like(other, self)

    def __rsub__(self, other: Any) -> Tracked:
        return _like(other, self) - self

    def __mul__(self, other: Any) -> Tracked:
        b = _like(other, self)
        first_order = _times(b.size, self.error) + _times(self.size, b.error)
        both = roundoff(self.dtype) * _times(self.error, b.error)
        return _step(self.value * b.value, first_order + both, self.dtype)

    __radd__ = __add__
    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Tracked:
        b = _like(other, self)
        value = self.value / b.value
        error = (self.error + _times(np.abs(value.hi), b.error)) / b.size
        return _step(value, error, self.dtype, _ulps("div", self.dtype))

    def sum(self, axis: int | Sequence[int] | None = None, *, keepdims: bool = False) -> Tracked:
        """The sum over the axes: k(n) u S, and what the terms bring along; held in the terms' dtype."""
        axes = tuple(range(self.value.ndim)) if axis is None else axis
        terms = int(np.prod([self.shape[a] for a in ([axes] if isinstance(axes, int) else axes)]))
        value = self.value.sum(axes, keepdims=keepdims)
        size = self.size.sum(axis=axes, keepdims=keepdims)
        error = self.error.sum(axis=axes, keepdims=keepdims)
        return _step(value, error + growth(terms) * size, self.dtype, 0.5 if _BITS[self.dtype] < 24 else 0.0)

    def mean(self, axis: int | Sequence[int] | None = None, *, keepdims: bool = False) -> Tracked:
        """The sum over the axes, divided by their number."""
        total = self.sum(axis, keepdims=keepdims)
        count = self.value.size / max(total.value.size, 1)
        return Tracked(total.value / count, total.error / count + total.size / count, self.dtype)

    def __matmul__(self, other: Tracked) -> Tracked:
        a, b = self.value, other.value
        size = np.matmul(self.size, other.size)
        brought = np.matmul(self.size, other.error) + np.matmul(self.error, other.size)
        brought = brought + roundoff(self.dtype) * np.matmul(self.error, other.error)
        error = brought + growth(self.shape[-1]) * size
        return _step(a @ b, error, self.dtype, 0.5 if _BITS[self.dtype] < 24 else 0.0)

    @property
    def turned(self) -> Tracked:
        """With the last two axes exchanged."""
        return self.move(np.swapaxes, -1, -2)

    def maximum(self, axis: int) -> Tracked:
        """The largest along an axis, which is kept."""
        value = arithmetic.maximum(self.value, axis, keepdims=True)
        return Tracked(value, self.error.max(axis=axis, keepdims=True), self.dtype)

    def at_least(self, floor: float) -> Tracked:
        """The larger of each element and a number."""
        low = self.value.hi < floor
        return Tracked(arithmetic.where(low, floor, self.value), np.where(low, 0.0, self.error), self.dtype)

    def exp(self) -> Tracked:
        """e^x, whose slope is itself."""
        return self._function("exp", functions.exp, lambda x, y: y)

    def log(self) -> Tracked:
        """The natural logarithm."""
        return self._function("log", functions.log, lambda x, y: 1 / x)

    def log1p(self) -> Tracked:
        """log(1 + x)."""
        return self._function("log1p", functions.log1p, lambda x, y: 1 / (1 + x))

    def tanh(self) -> Tracked:
        """The hyperbolic tangent, whose slope is 1 - y^2."""
        return self._function("tanh", functions.tanh, lambda x, y: 1 - y * y)

    def sigmoid(self) -> Tracked:
        """1 / (1 + e^-x), whose slope is y (1 - y)."""
        return self._function("sigmoid", functions.sigmoid, lambda x, y: y * (1 - y))

    def gate(self) -> Tracked:
        """A sigmoid computed as it is, or as (1 + tanh(x / 2)) / 2: half the errors of tanh and of the sum."""
        out = self.sigmoid()
        doubled = 2 * out.value.hi
        units = [ulp_size(v, self.dtype) / roundoff(self.dtype) for v in (doubled - 1, doubled)]
        other = 0.5 * (_ulps("tanh", self.dtype) * units[0] + 0.5 * units[1])
        carried = np.abs(out.value.hi * (1 - out.value.hi)) * self.error
        return Tracked(out.value, np.maximum(out.error, carried + other), self.dtype)

    def sqrt(self) -> Tracked:
        """The square root."""
        return self._function("sqrt", lambda x: x.sqrt(), lambda x, y: 0.5 / y)

    def rsqrt(self) -> Tracked:
        """1 / sqrt(x)."""
        return self._function("rsqrt", lambda x: 1 / x.sqrt(), lambda x, y: 0.5 * y / x)

    def _function(
        self, name: str, function: Callable[[Wide], Wide], slope: Callable[[Any, Any], Any]
    ) -> Tracked:
        value = function(self.value)
        carried = _times(np.abs(slope(self.value.hi, value.hi)), self.error)
        return _step(value, carried, self.dtype, _ulps(name, self.dtype))


def tracked(x: Any, dtype: DType | None = None) -> Tracked:
    """The numbers of a host array, as they are."""
    return Tracked(wide(x), 0.0, dtype or dtype_of(x))


def where(mask: Any, a: Any, b: Any) -> Tracked:
    """a where mask, else b."""
    like = a if isinstance(a, Tracked) else b
    a, b = _like(a, like), _like(b, like)
    return Tracked(arithmetic.where(mask, a.value, b.value), np.where(mask, a.error, b.error), like.dtype)


def total(*terms: Tracked) -> Tracked:
    """The sum of a few terms in any order: (n - 1) u S (Higham, section 4.2)."""
    value = terms[0].value
    for t in terms[1:]:
        value = value + t.value
    size = sum((t.size for t in terms[1:]), terms[0].size)
    error = sum((t.error for t in terms[1:]), terms[0].error)
    grain = 2.0 ** -_BITS[terms[0].dtype] / roundoff(terms[0].dtype)
    return Tracked(value, error + (len(terms) - 1) * grain * size, terms[0].dtype)


def stack(parts: Sequence[Tracked], axis: int = 0, *, join: bool = False) -> Tracked:
    """Several as one, along a new axis, or joined along an old one."""
    put = np.concatenate if join else np.stack
    value = Wide(put([p.value.hi for p in parts], axis), put([p.value.lo for p in parts], axis))
    return Tracked(value, put([p.error for p in parts], axis), parts[0].dtype)


def _like(x: Any, like: Tracked) -> Tracked:
    """A number as the operand of a tracked array: held in its dtype, so rounded once unless it fits."""
    if isinstance(x, Tracked):
        return x
    number = wide(x)
    fits = bool(np.all(np.modf(np.ldexp(np.frexp(number.hi)[0], _BITS[like.dtype]))[0] == 0))
    return Tracked(number, 0.0, like.dtype) if fits else _step(number, 0.0, like.dtype)


def _ulps(name: str, dtype: DType) -> float:
    return limit_of(family_of(name), dtype).ulp


def _step(value: Wide, carried: Any, dtype: DType, ulps: float = 0.5) -> Tracked:
    """The result of one step: what its inputs bring along, and `ulps` units in the last place of its own."""
    u = roundoff(dtype)
    grain = 2.0 ** -_BITS[dtype] / u
    own = 2 * ulps * np.maximum(grain * np.abs(value.hi), 0.5 * _TINIEST[dtype] / u)
    own = np.where((value.hi == 0) | ~np.isfinite(value.hi), 0.0, own)
    return Tracked(value, np.where(np.isfinite(carried), carried, 0.0) + own, dtype)


def _times(size: Any, error: Any) -> Any:
    """size * error, 0 where nothing is wrong whatever the size."""
    with np.errstate(all="ignore"):
        return np.where(error == 0, 0.0, size * error)
