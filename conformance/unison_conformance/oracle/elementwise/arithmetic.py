"""The four operations, remainders, rounding, extremes and selection."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from unison_conformance.oracle.elementwise.exact import (
    doubles,
    integers,
    is_complex,
    is_integer,
    rational,
    rationals,
)
from unison_conformance.oracle.elementwise.plane import pair, unpromised
from unison_conformance.oracle.reference import ORACLES, Reference, oracle
from unison_conformance.oracle.wide import Wide, wide

__all__: list[str] = []

Parts = tuple[Any, Any]


def _product(a: Any, b: Any, c: Any, d: Any) -> Parts:
    return a * c - b * d, a * d + b * c


def _quotient(a: Any, b: Any, c: Any, d: Any) -> Parts:
    size = c * c + d * d
    return (a * c + b * d) / size, (b * c - a * d) / size


def _parts(*arrays: Any) -> list[Any]:
    return [p for z in arrays for p in (np.asarray(z).real, np.asarray(z).imag)]


def _complex(function: Callable[..., Parts], *arrays: Any, scale: Any = None, free: Any = None) -> Reference:
    out = rationals(function, *_parts(*arrays), otherwise=function)
    largest = np.finfo(arrays[0].dtype).max / 8
    open_ = unpromised(*arrays) | (free if free is not None else ~(np.hypot(out[0].hi, out[1].hi) <= largest))
    return Reference(out, scale, 1, open_)


def _four(name: str, plain: Callable[[Any, Any], Any], parts: Callable[..., Parts] | None) -> None:
    def compute(a: Any, b: Any) -> Any:
        if is_integer(a):
            return integers(plain, a, b)
        if not is_complex(a):
            return rational(plain, a, b, otherwise=plain)
        if parts is not None:
            return _complex(parts, a, b)
        # Sums of complex numbers are sums of their parts, whatever these are.
        return Reference(
            tuple(rational(plain, x, y, otherwise=plain) for x, y in zip(_parts(a), _parts(b), strict=True))
        )

    ORACLES[name] = compute


_four("add", lambda a, b: a + b, None)
_four("sub", lambda a, b: a - b, None)
_four("mul", lambda a, b: a * b, _product)
_four("div", lambda a, b: a / b, _quotient)


@oracle("reciprocal")
def _reciprocal(x: Any) -> Any:
    return ORACLES["div"](np.ones((), x.dtype), x)


def _fused(
    name: str, formula: Callable[..., Any], terms: Callable[..., Any], parts: Callable[..., Parts]
) -> None:
    """x + value * a * b and its like: S of rule 5 is the sum of the absolute terms."""

    def compute(x: Any, a: Any, b: Any, *, value: float = 1) -> Any:
        if is_integer(x):
            return integers(lambda *v: formula(*v, int(value)), x, a, b)
        if is_complex(x):
            sizes = [np.abs(v.astype(np.complex128)) for v in (x, a, b)]
            return _complex(lambda *v: parts(*v, Fraction(value)), x, a, b, scale=terms(*sizes, abs(value)))
        out = rational(
            lambda *v: formula(*v, Fraction(value)), x, a, b, otherwise=lambda *v: formula(*v, float(value))
        )
        sizes = [np.abs(v) for v in doubles(x, a, b)]
        # Beside an infinite x, a product that overflows by itself may have the other sign.
        finite = np.isfinite(out.hi) | (np.isinf(sizes[0]) & np.isfinite(sizes[1]) & np.isfinite(sizes[2]))
        free = finite & _overflows(name, *doubles(x, a, b), value, x.dtype)
        return Reference(out, terms(*sizes, abs(value)), 1, free)

    ORACLES[name] = compute


def _overflows(name: str, x: Any, a: Any, b: Any, value: float, dtype: Any) -> Any:
    """Where a step on the way may leave the format, be it by a rounding: in which order factors meet is open."""
    import ml_dtypes

    info = ml_dtypes.finfo(dtype)
    ways = {"addcmul": (value * a, a * b), "addcdiv": (value * a, a / b), "lerp": (a - x, b * (a - x))}
    return np.max(np.abs(ways[name]), axis=0) > float(info.max) * (1 - 4 * float(info.eps))


def _plus(x: Parts, y: Parts, value: Any) -> Parts:
    # Fractions become floats beside floats, and stay exact among themselves.
    value = value if isinstance(y[0], Fraction) else float(value)
    return x[0] + value * y[0], x[1] + value * y[1]


_fused(
    "addcmul",
    lambda x, a, b, v: x + v * a * b,
    lambda x, a, b, v: x + v * a * b,
    lambda xr, xi, a, b, c, d, v: _plus((xr, xi), _product(a, b, c, d), v),
)
_fused(
    "addcdiv",
    lambda x, a, b, v: x + v * a / b,
    lambda x, a, b, v: x + v * a / b,
    lambda xr, xi, a, b, c, d, v: _plus((xr, xi), _quotient(a, b, c, d), v),
)
_fused(
    "lerp",
    lambda x, a, b, v: x + b * (a - x),
    lambda x, a, b, v: x + b * (a + x),
    lambda xr, xi, a, b, c, d, v: _plus((xr, xi), _product(a - xr, b - xi, c, d), v),
)


def _modulo(a: Fraction, b: Fraction) -> Fraction:
    return a - b * math.floor(a / b)


def _fmod(a: Any, b: Any) -> Any:
    return a - b * math.trunc(Fraction(a) / b)


@oracle("remainder")
def _remainder(a: Any, b: Any) -> Any:
    if is_integer(a):
        return integers(lambda x, y: x % y if y else 0, a, b)
    return rational(_modulo, a, b, otherwise=_remainder_at_ends)


def _remainder_at_ends(a: Any, b: Any) -> Any:
    """Of an infinite a, or by zero: NaN. By an infinite b: a, or b where their signs differ."""
    far = np.where((a != 0) & (np.signbit(a) != np.signbit(b)), b, a)
    return np.where(
        np.isfinite(a) & (b != 0) & ~np.isnan(b), np.where(np.isinf(b), far, np.copysign(0.0, b)), np.nan
    )


@oracle("fmod")
def _fmod_oracle(a: Any, b: Any) -> Any:
    if is_integer(a):
        return integers(lambda x, y: int(_fmod(x, y)) if y else 0, a, b)
    return rational(_fmod, a, b, otherwise=_fmod_at_ends)


def _fmod_at_ends(a: Any, b: Any) -> Any:
    """Of an infinite a, or by zero: NaN. By an infinite b: a."""
    return np.where(
        np.isfinite(a) & (b != 0) & ~np.isnan(b), np.where(np.isinf(b), a, np.copysign(0.0, a)), np.nan
    )


@oracle("floor_divide")
def _floor_divide(a: Any, b: Any) -> Any:
    if is_integer(a):
        return integers(lambda x, y: x // y if y else 0, a, b)
    return rational(lambda x, y: Fraction(math.floor(x / y)), a, b, otherwise=_floor_divide_at_ends)


def _floor_divide_at_ends(a: Any, b: Any) -> Any:
    """By zero: a / b. Of an infinite a: NaN. By an infinite b: 0, or -1 where the signs differ."""
    far = np.where((a != 0) & (np.signbit(a) != np.signbit(b)), -1.0, 0.0)
    whole = np.where(~np.isfinite(a) | np.isnan(b), np.nan, np.where(np.isinf(b), far, 0.0))
    return np.where(b == 0, a / b, whole)


@oracle("neg")
def _neg(x: Any) -> Any:
    if is_integer(x):
        return integers(lambda v: -v, x)
    return Reference(tuple(-p for p in pair(x))) if is_complex(x) else -wide(x)


@oracle("conj")
def _conj(x: Any) -> Any:
    if is_integer(x):
        return integers(lambda v: v, x)
    return Reference((pair(x)[0], -pair(x)[1])) if is_complex(x) else wide(x)


@oracle("abs")
def _abs(x: Any) -> Any:
    return integers(abs, x) if is_integer(x) else abs(wide(x))


@oracle("sign")
def _sign(x: Any) -> Any:
    if is_integer(x):
        return integers(lambda v: (v > 0) - (v < 0), x)
    value = wide(x).hi
    return Wide(np.where(value > 0, 1.0, np.where(value < 0, -1.0, value)))


def _rounding(name: str, function: Callable[[float], int]) -> None:
    def whole(v: float) -> float:
        return math.copysign(float(function(v)), v) if math.isfinite(v) else v

    def compute(x: Any) -> Any:
        if is_integer(x):
            return integers(lambda v: v, x)
        return Wide(np.array([whole(v) for v in wide(x).hi.ravel().tolist()], np.float64).reshape(x.shape))

    ORACLES[name] = compute


_rounding("floor", math.floor)
_rounding("ceil", math.ceil)
_rounding("trunc", math.trunc)
# Python's round takes halves to the even neighbour.
_rounding("round", round)


def _larger(a: Any, b: Any) -> Any:
    return np.where(np.isnan(a) | (a > b), a, b)


def _smaller(a: Any, b: Any) -> Any:
    return np.where(np.isnan(a) | (a < b), a, b)


def _chosen(
    name: str, whole: Callable[[int, int], int], choose: Callable[..., Any], *, past_nan: bool
) -> None:
    def compute(a: Any, b: Any) -> Any:
        if is_integer(a):
            return integers(whole, a, b)
        x, y = doubles(a, b)
        out = choose(x, y)
        return Wide(np.where(np.isnan(x), y, np.where(np.isnan(y), x, out)) if past_nan else out)

    ORACLES[name] = compute


_chosen("maximum", max, _larger, past_nan=False)
_chosen("minimum", min, _smaller, past_nan=False)
_chosen("fmax", max, _larger, past_nan=True)
_chosen("fmin", min, _smaller, past_nan=True)


@oracle("clamp")
def _clamp(x: Any, low: Any, high: Any) -> Any:
    out = x
    for bound, whole, choose in ((low, max, _larger), (high, min, _smaller)):
        if bound is None:
            continue
        out = integers(whole, out, bound) if is_integer(x) else choose(*doubles(out, bound))
    if is_integer(x):
        return integers(int, out)
    return Wide(np.asarray(out, np.float64))


@oracle("where")
def _where(condition: Any, a: Any, b: Any) -> Any:
    condition, a, b = np.broadcast_arrays(condition, a, b)
    out = b.copy()
    out[condition] = a[condition]
    return out


@oracle("complex")
def _complex_of(real: Any, imag: Any) -> Any:
    real, imag = np.broadcast_arrays(real, imag)
    out = np.empty((*real.shape, 2), np.float64 if real.dtype == np.float64 else np.float32)
    out[..., 0], out[..., 1] = real, imag
    return out.view(np.complex128 if real.dtype == np.float64 else np.complex64)[..., 0]


@oracle("real")
def _real(x: Any) -> Any:
    return np.array(_parts(x)[0])


@oracle("imag")
def _imag(x: Any) -> Any:
    return np.array(_parts(x)[1]) if is_complex(x) else np.zeros(x.shape, x.dtype)
