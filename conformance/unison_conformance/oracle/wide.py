"""Wide numbers: arrays of unevaluated sums of two float64, about 106 bits, for sums and products of references.

Error-free transformations after Dekker, A floating-point technique for extending the available precision, 1971,
and Knuth, The Art of Computer Programming, volume 2, section 4.2.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["Wide", "maximum", "where", "wide"]

Float = np.ndarray[Any, np.dtype[np.float64]]

_SPLITTER = 2.0**27 + 1.0
_LARGE = 2.0**970


class Wide:
    """hi + lo, elementwise; |lo| is at most half a unit in the last place of hi, and 0 where hi is not finite."""

    __slots__ = ("hi", "lo")
    __array_ufunc__ = None

    def __init__(self, hi: Any, lo: Any = None) -> None:
        self.hi: Float = np.asarray(hi, np.float64)
        self.lo: Float = np.zeros_like(self.hi) if lo is None else np.asarray(lo, np.float64)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array."""
        return self.hi.shape

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self.hi.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.hi.size

    def __getitem__(self, key: Any) -> Wide:
        return Wide(self.hi[key], self.lo[key])

    def __setitem__(self, key: Any, value: Any) -> None:
        value = wide(value)
        self.hi[key] = value.hi
        self.lo[key] = value.lo

    def copy(self) -> Wide:
        """The same numbers in memory of their own."""
        return Wide(self.hi.copy(), self.lo.copy())

    def apply(self, function: Any, *args: Any, **settings: Any) -> Wide:
        """A function that only moves elements (`np.transpose`, `np.pad`, ...), on both parts."""
        return Wide(function(self.hi, *args, **settings), function(self.lo, *args, **settings))

    def reshape(self, *shape: int) -> Wide:
        """The same elements in another shape."""
        return Wide(self.hi.reshape(shape), self.lo.reshape(shape))

    def __neg__(self) -> Wide:
        return Wide(-self.hi, -self.lo)

    def __abs__(self) -> Wide:
        negative = np.signbit(self.hi)
        return Wide(np.where(negative, -self.hi, self.hi), np.where(negative, -self.lo, self.lo))

    def __add__(self, other: Any) -> Wide:
        b = wide(other)
        with np.errstate(all="ignore"):
            s, e = _two_sum(self.hi, b.hi)
            t, f = _two_sum(self.lo, b.lo)
            s, e = _quick_two_sum(s, e + t)
            return _settle(*_quick_two_sum(s, e + f))

    __radd__ = __add__

    def __sub__(self, other: Any) -> Wide:
        return self + -wide(other)

    def __rsub__(self, other: Any) -> Wide:
        return wide(other) + -self

    def __mul__(self, other: Any) -> Wide:
        b = wide(other)
        with np.errstate(all="ignore"):
            p, e = _two_prod(self.hi, b.hi)
            # Infinity times the zero tail of the other factor must not become NaN.
            tail = np.where(np.isfinite(p), self.hi * b.lo + self.lo * b.hi, 0.0)
            return _settle(*_quick_two_sum(p, e + tail))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Wide:
        b = wide(other)
        with np.errstate(all="ignore"):
            q = self.hi / b.hi
            rest = self - b * q
            q2 = rest.hi / b.hi
            q3 = (rest - b * q2).hi / b.hi
            s, e = _quick_two_sum(q, q2)
            corrected = Wide(*_quick_two_sum(s, e)) + q3
            return _settle(
                np.where(np.isfinite(q), corrected.hi, q), np.where(np.isfinite(q), corrected.lo, 0.0)
            )

    def __rtruediv__(self, other: Any) -> Wide:
        return wide(other) / self

    def sqrt(self) -> Wide:
        """The square root, by one Newton step from float64's."""
        with np.errstate(all="ignore"):
            root = np.sqrt(self.hi)
            rest = self - Wide(root) * root
            step = np.where((root > 0) & np.isfinite(root), rest.hi / (2 * root), 0.0)
            return _settle(*_quick_two_sum(root, step))

    def sum(self, axis: int | Sequence[int] | None = None, *, keepdims: bool = False) -> Wide:
        """The sum over the axes, pairwise."""
        axes = range(self.ndim) if axis is None else ([axis] if isinstance(axis, int) else axis)
        axes = sorted({a % self.ndim for a in axes}) if self.ndim else []
        kept = [a for a in range(self.ndim) if a not in axes]
        moved = self.apply(np.transpose, [*kept, *axes])
        last = int(np.prod([self.shape[a] for a in axes]))
        total = _sum_last(moved.reshape(*(self.shape[a] for a in kept), last) if axes else moved[..., None])
        return (
            total.reshape(*[1 if a in axes else n for a, n in enumerate(self.shape)]) if keepdims else total
        )

    def __matmul__(self, other: Any) -> Wide:
        """The matrix product; both have at least two dimensions."""
        b = wide(other)
        return _sum_last(self[..., :, None, :] * b.apply(np.swapaxes, -1, -2)[..., None, :, :])

    def astype(self, dtype: Any) -> Any:
        """The nearest of a NumPy type, through one rounding where the type is narrower than float64."""
        return self.hi.astype(dtype)


def wide(x: Any) -> Wide:
    """Wide numbers equal to those of an array of any real type; int64 beyond 2^53 keeps all its bits."""
    if isinstance(x, Wide):
        return x
    array = np.asarray(x)
    if array.dtype.kind in "iu" and array.dtype.itemsize == 8:
        high = array.astype(np.float64)
        low = (array & 0x7FF).astype(np.float64)
        return Wide((array - (array & 0x7FF)).astype(np.float64)) + low if array.size else Wide(high)
    return Wide(array.astype(np.float64))


def where(mask: Any, a: Any, b: Any) -> Wide:
    """a where mask, else b."""
    a, b = wide(a), wide(b)
    return Wide(np.where(mask, a.hi, b.hi), np.where(mask, a.lo, b.lo))


def maximum(x: Wide, axis: int, *, keepdims: bool = False) -> Wide:
    """The largest element along an axis; NaN if there is one."""
    best = np.expand_dims(np.argmax(np.where(np.isnan(x.hi), np.inf, x.hi), axis), axis)
    out = x.apply(np.take_along_axis, best, axis)
    out = where(np.isnan(x.hi).any(axis, keepdims=True), np.nan, out)
    return out if keepdims else out.apply(np.squeeze, axis)


def _settle(hi: Float, lo: Float) -> Wide:
    return Wide(hi, np.where(np.isfinite(hi) & np.isfinite(lo), lo, 0.0))


def _two_sum(a: Float, b: Float) -> tuple[Float, Float]:
    s = a + b
    shadow = s - a
    return s, np.where(np.isfinite(s), (a - (s - shadow)) + (b - shadow), 0.0)


def _quick_two_sum(a: Float, b: Float) -> tuple[Float, Float]:
    s = a + b
    return s, np.where(np.isfinite(s), b - (s - a), 0.0)


def _two_prod(a: Float, b: Float) -> tuple[Float, Float]:
    p = a * b
    # What is not finite has no error, whatever the other factor.
    a, b = np.where(np.isfinite(a), a, 0.0), np.where(np.isfinite(b), b, 0.0)
    big = np.abs(a) > _LARGE, np.abs(b) > _LARGE
    if big[0].any() or big[1].any():
        # Splitting multiplies by 2^27: very large factors are scaled down first, exactly.
        shift_a, shift_b = np.where(big[0], 2.0**-60, 1.0), np.where(big[1], 2.0**-60, 1.0)
        _, e = _two_prod(a * shift_a, b * shift_b)
        return p, np.where(np.isfinite(p), e / shift_a / shift_b, 0.0)
    ah, al = _split(a)
    bh, bl = _split(b)
    return p, np.where(np.isfinite(p), ((ah * bh - p) + ah * bl + al * bh) + al * bl, 0.0)


def _split(a: Float) -> tuple[Float, Float]:
    t = _SPLITTER * a
    high = t - (t - a)
    return high, a - high


def _sum_last(x: Wide) -> Wide:
    """Pairwise over the last axis."""
    n = x.shape[-1]
    if n == 0:
        return Wide(np.zeros(x.shape[:-1]))
    while n > 1:
        half = n // 2
        folded = x[..., :half] + x[..., half : 2 * half]
        if n % 2:
            folded = Wide(
                np.concatenate([folded.hi, x.hi[..., -1:]], -1),
                np.concatenate([folded.lo, x.lo[..., -1:]], -1),
            )
        x, n = folded, half + n % 2
    return x[..., 0]
