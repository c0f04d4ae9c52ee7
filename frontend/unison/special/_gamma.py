"""The regularised incomplete gamma functions, by series below and Lentz's continued fraction above (Abramowitz and
Stegun 6.5.29, 6.5.31).
"""

from __future__ import annotations

from typing import Any

from unison.functions._common import need_tensors, with_out
from unison.functions._precision import widest
from unison.functions.elementwise.special import floating
from unison_core import dtypes, ops
from unison_core.dispatch.promotion import constant

__all__ = ["gammainc", "gammaincc"]

_TERMS = 200
_TINY = {dtypes.float64: 1e-300, dtypes.float32: 1e-30}


def _both(input: Any, other: Any) -> tuple[Any, Any, Any]:
    """P(a, x), Q(a, x) with the most digits that the device has, and the dtype to return."""
    need_tensors("gammainc", input=input, other=other)
    given = floating(ops.add(input, other)).dtype
    wide = widest(given, input.device)
    a, x = (ops.cast(v, dtype=wide) for v in (input, other))
    one, nan, zero = (constant(v, wide, a.device) for v in (1.0, float("nan"), 0.0))
    plain = ops.logical_and(ops.logical_and(ops.gt(a, 0), ops.gt(x, 0)), ops.isfinite(ops.add(a, x)))
    safe_a, safe_x = ops.where(plain, a, one), ops.where(plain, x, one)
    scale = ops.exp(ops.sub(ops.sub(ops.mul(safe_a, ops.log(safe_x)), safe_x), ops.lgamma(safe_a)))
    below = ops.mul(scale, _series(safe_a, safe_x))
    above = ops.mul(scale, _fraction(safe_a, safe_x))
    small = ops.lt(safe_x, ops.add(safe_a, 1.0))
    p = ops.where(small, below, ops.sub(1.0, above))
    q = ops.where(small, ops.sub(1.0, below), above)
    at_one = ops.logical_or(ops.logical_and(ops.eq(a, 0), ops.gt(x, 0)), ops.eq(x, float("inf")))
    at_zero = ops.logical_or(ops.logical_and(ops.gt(a, 0), ops.eq(x, 0)), ops.eq(a, float("inf")))
    invalid = ops.logical_or(ops.lt(a, 0), ops.lt(x, 0))
    both = ops.logical_and(at_one, at_zero)
    invalid = ops.logical_or(invalid, ops.logical_or(both, ops.logical_and(ops.eq(a, 0), ops.eq(x, 0))))
    invalid = ops.logical_or(invalid, ops.isnan(ops.add(a, x)))
    p = ops.where(invalid, nan, ops.where(at_one, one, ops.where(at_zero, zero, p)))
    q = ops.where(invalid, nan, ops.where(at_one, zero, ops.where(at_zero, one, q)))
    return p, q, given


def _series(a: Any, x: Any) -> Any:
    """The sum of x^k / (a (a + 1) ... (a + k))."""
    term = total = ops.div(1.0, a)
    for k in range(1, _TERMS):
        term = ops.mul(term, ops.div(x, ops.add(a, float(k))))
        total = ops.add(total, term)
    return total


def _fraction(a: Any, x: Any) -> Any:
    """1 / (x + 1 - a - 1 (1 - a) / (x + 3 - a - ...)), by Lentz's method."""
    tiny = _TINY[x.dtype]
    b = ops.add(ops.sub(x, a), 1.0)
    c = ops.add(ops.mul(b, 0.0), 1 / tiny)
    d = ops.div(1.0, ops.where(ops.eq(b, 0), constant(tiny, b.dtype, b.device), b))
    out = d
    for k in range(1, _TERMS):
        step = ops.mul(ops.sub(a, float(k)), float(k))
        b = ops.add(b, 2.0)
        d = ops.div(1.0, ops.add(b, ops.mul(step, d)))
        c = ops.add(b, ops.div(step, c))
        out = ops.mul(out, ops.mul(c, d))
    return out


@with_out
def gammainc(input: Any, other: Any) -> Any:
    """P(a, x): the share of the gamma function's integral below x."""
    p, _, dtype = _both(input, other)
    return ops.cast(p, dtype=dtype)


@with_out
def gammaincc(input: Any, other: Any) -> Any:
    """Q(a, x) = 1 - P(a, x)."""
    _, q, dtype = _both(input, other)
    return ops.cast(q, dtype=dtype)
