"""The comparator: a result of a device beside its reference."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from unison_conformance.oracle.reference import Reference, Residual
from unison_conformance.oracle.wide import Wide
from unison_conformance.tolerance.limits import Limit, growth_factor, roundoff
from unison_conformance.tolerance.ulp import FORMATS, ulp_size
from unison_core import dtypes
from unison_core.dtypes import DType

__all__ = ["Comparison", "compare", "verified"]

_PARTS = {dtypes.complex64: dtypes.float32, dtypes.complex128: dtypes.float64}
# The reference itself is known to about 2^-100: a correctly rounded result may seem to miss 0.5 by that much.
_SLACK = 1.0 + 2.0**-40


@dataclass(frozen=True, slots=True)
class Comparison:
    """The worst element: `error` and `allowed` in units in the last place, `ratio` = error / allowed."""

    ok: bool
    ratio: float = 0.0
    error: float = 0.0
    allowed: float = 0.0
    place: tuple[int, ...] = ()
    got: str = ""
    wanted: str = ""
    wrong: int = 0
    """How many elements are outside their limit."""


def compare(got: Any, reference: Reference, dtype: DType, limit: Limit, *, flush: bool = False) -> Comparison:
    """Measure `got`, a host array of `dtype`, against its reference.

    `flush` accepts a zero of float32 where the reference is subnormal.
    """
    if tuple(got.shape) != reference.shape:
        return _mismatch(got, reference, f"shape {list(got.shape)}", f"shape {list(reference.shape)}")
    value = reference.value
    if isinstance(value, (Wide, tuple)):
        parts = value if isinstance(value, tuple) else (value,)
        return _near(got, parts, reference, dtype, limit, flush)
    return _equal(got, value, reference, limit)


def verified(residuals: Iterable[Residual], dtype: DType, limit: Limit) -> Comparison:
    """Measure results against the equations they must fulfil; `error` is in units of what is allowed."""
    worst = Comparison(ok=True)
    for r in residuals:
        error = np.asarray(r.error, np.float64)
        allowed = np.broadcast_to(growth_factor(limit, r.terms) * roundoff(dtype) * r.scale, error.shape)
        with np.errstate(all="ignore"):
            ratio = np.where(error == 0, 0.0, error / allowed)
        ratio = np.where(np.isnan(ratio), np.inf, ratio)
        if not ratio.size or ratio.max() <= worst.ratio:
            continue
        place = np.unravel_index(int(np.argmax(ratio)), ratio.shape)
        top = float(ratio[place])
        worst = Comparison(
            ok=top <= 1.0,
            ratio=top,
            error=top,
            allowed=1.0,
            place=tuple(int(i) for i in place),
            got=f"a distance of {error[place]:.3g} from {r.equation}",
            wanted=f"at most {allowed[place]:.3g}",
            wrong=int((ratio > 1.0).sum()),
        )
    return worst


def _mismatch(got: Any, reference: Reference, seen: str, wanted: str) -> Comparison:
    return Comparison(ok=False, ratio=np.inf, error=np.inf, got=seen, wanted=wanted, wrong=max(1, got.size))


def _equal(got: Any, value: Any, reference: Reference, limit: Limit) -> Comparison:
    if value.dtype == object:
        value = wrapped(value, got.dtype)
    if value.dtype != got.dtype:
        return _mismatch(got, reference, str(got.dtype), str(value.dtype))
    if not got.size:
        return Comparison(ok=True)
    if limit.bits or got.dtype.kind in "biu":
        wrong = (_bits(got) != _bits(value)).reshape(*got.shape, -1).any(-1)
    else:
        ours, theirs = _parts(got), _parts(value)
        unlike = (ours != theirs) & ~(_is_nan(ours) & _is_nan(theirs))
        if limit.signed_zero:
            unlike |= (ours == 0) & (np.signbit(ours) != np.signbit(theirs))
        wrong = unlike.any(-1)
    if reference.free is not None:
        wrong = wrong & ~reference.free
    if not wrong.any():
        return Comparison(ok=True)
    place = tuple(int(i) for i in np.argwhere(wrong)[0])
    return Comparison(
        ok=False,
        ratio=np.inf,
        error=np.inf,
        place=place,
        got=show(got[place]),
        wanted=show(value[place]),
        wrong=int(wrong.sum()),
    )


def _parts(x: Any) -> Any:
    """Real numbers in a last dimension of one, complex ones as their two parts."""
    return np.stack([x.real, x.imag], -1) if x.dtype.kind == "c" else x[..., None]


def _bits(x: Any) -> Any:
    return np.ascontiguousarray(x).reshape(*x.shape, 1).view(np.uint8)


def _is_nan(x: Any) -> Any:
    return x != x  # noqa: PLR0124 - what NaN is


def wrapped(value: Any, dtype: Any) -> Any:
    """Python integers modulo the width of the dtype, in two's complement."""
    if dtype.kind == "b":
        return value.astype(bool)
    if dtype.kind not in "iu":
        return value.astype(dtype)
    bits = dtype.itemsize * 8
    low = 0 if dtype.kind == "u" else -(1 << (bits - 1))
    flat = [((int(v) - low) % (1 << bits)) + low for v in value.ravel()]
    return np.array(flat, dtype).reshape(value.shape)


def _near(
    got: Any, parts: tuple[Wide, ...], reference: Reference, dtype: DType, limit: Limit, flush: bool
) -> Comparison:
    if got.dtype.name != dtype.name:
        return _mismatch(got, reference, str(got.dtype), dtype.name)
    real = _PARTS.get(dtype, dtype)
    seen = [got.real, got.imag] if len(parts) == 2 else [got]
    seen = [s.astype(np.float64) for s in seen]
    with np.errstate(all="ignore"):
        size, unit = _size(parts, real)
        allowed = np.full(got.shape, limit.ulp)
        if reference.scale is not None:
            rounding = growth_factor(limit, reference.terms) * roundoff(dtype)
            share = np.where(reference.scale == 0, 0.0, rounding * reference.scale)
            # Beside the sum's share the unit of a result near zero may be so small that quotients overflow.
            unit, smallest = np.maximum(unit, share * 2.0**-60), unit
            allowed = allowed * (smallest / unit) + share / unit
        errors = [_error(s, p, unit, real) for s, p in zip(seen, parts, strict=True)]
        error = errors[0] if len(errors) == 1 else np.hypot(*errors)
        ratio = np.where(error == 0, 0.0, error / (np.maximum(allowed, 0.0) * _SLACK))
        ratio = np.where(np.isnan(ratio), np.inf, ratio)
    if flush and real is dtypes.float32:
        tiny = (np.abs(size) < 2.0**-126) & np.all([s == 0 for s in seen], axis=0)
        ratio = np.where(tiny, 0.0, ratio)
    if limit.signed_zero:
        for s, p in zip(seen, parts, strict=True):
            ratio = np.where((p.hi == 0) & (s == 0) & (np.signbit(p.hi) != np.signbit(s)), np.inf, ratio)
    if reference.free is not None:
        ratio = np.where(reference.free, 0.0, ratio)
    if not ratio.size:
        return Comparison(ok=True)
    place = np.unravel_index(int(np.argmax(ratio)), ratio.shape)
    worst = float(ratio[place])
    return Comparison(
        ok=worst <= 1.0,
        ratio=worst,
        error=float(error[place]),
        allowed=float(allowed[place]),
        place=tuple(int(i) for i in place),
        got=show(got[place]),
        wanted=" + ".join(show(p.hi[place]) for p in parts[:1])
        + (f" + {show(parts[1].hi[place])}j" if parts[1:] else ""),
        wrong=int((ratio > 1.0).sum()),
    )


def _size(parts: tuple[Wide, ...], real: DType) -> tuple[Any, Any]:
    """The magnitude of the reference, and the unit there; of complex numbers the modulus of what is finite."""
    if len(parts) == 1:
        hi, lo = parts[0].hi, parts[0].lo
        return hi, ulp_size(hi, real, (lo != 0) & (np.signbit(lo) != np.signbit(hi)))
    size = np.hypot(*(np.where(np.isfinite(p.hi), p.hi, 0.0) for p in parts))
    return size, ulp_size(size, real)


def _error(got: Any, wanted: Wide, unit: Any, dtype: DType) -> Any:
    """The distance in units in the last place; 0 where both are NaN or the same infinity, infinite where one is."""
    error = np.abs((got - wanted.hi) - wanted.lo) / unit
    # A result at the edge of the format may round to infinity.
    bits, _, highest = FORMATS[dtype]
    largest = np.ldexp(2.0 - 2.0 ** (1 - bits), highest)
    rounded_up = np.isinf(got) & np.isfinite(wanted.hi) & (np.sign(got) == np.sign(wanted.hi))
    error = np.where(rounded_up, np.where(np.abs(wanted.hi) >= largest - unit, 0.0, np.inf), error)
    both_infinite = np.isinf(got) & (got == wanted.hi)
    both_nan = np.isnan(got) & np.isnan(wanted.hi)
    one_nan = np.isnan(got) != np.isnan(wanted.hi)
    error = np.where(both_infinite | both_nan, 0.0, error)
    return np.where(one_nan, np.inf, error)


def show(value: Any) -> str:
    """A number for people, with its bits where it is a float."""
    array = np.asarray(value)
    if array.dtype.kind in "biuO":
        return str(value)
    return f"{value!s} (0x{_bits(array).ravel()[::-1].tobytes().hex()})"
