"""The four operations, powers, extremes, selection."""

from __future__ import annotations

from typing import Any

from unison_core import ops
from unison_core.dtypes import ALL, FLOATING, INEXACT, INTEGER, NUMERIC, REAL, bool_
from unison_core.operator import Array, Promote, composite, primitive
from unison_core.ops._shared import adjoint, rounded_once, scalar_like
from unison_core.samples import arg, binary, good, unary

__all__ = [
    "abs",
    "add",
    "addcdiv",
    "addcmul",
    "clamp",
    "copysign",
    "div",
    "floor_divide",
    "fmax",
    "fmin",
    "fmod",
    "gcd",
    "hypot",
    "lerp",
    "maximum",
    "minimum",
    "mul",
    "neg",
    "nextafter",
    "pow",
    "reciprocal",
    "remainder",
    "sign",
    "sub",
    "where",
]

COMMON, FLOAT = Promote.COMMON, Promote.FLOAT


@primitive(dtypes=ALL, promote=COMMON, elementwise=True)
def add(a: Array, b: Array) -> Array:
    """a + b; logical or on bool."""


@add.vjp()
def add_vjp(g: Any, out: Any, a: Any, b: Any) -> Any:
    return g, g


add.samples(binary())


@primitive(dtypes=NUMERIC, promote=COMMON, elementwise=True, tags=("no_bool",))
def sub(a: Array, b: Array) -> Array:
    """a - b."""


@sub.vjp()
def sub_vjp(g: Any, out: Any, a: Any, b: Any) -> Any:
    return g, neg(g)


sub.samples(binary())


@primitive(dtypes=ALL, promote=COMMON, elementwise=True)
def mul(a: Array, b: Array) -> Array:
    """a * b; logical and on bool."""


@mul.vjp(values={"a": "b", "b": "a"})
def mul_vjp(g: Any, out: Any, a: Any, b: Any) -> Any:
    return (
        mul(g, adjoint(b)) if b is not None else None,
        mul(g, adjoint(a)) if a is not None else None,
    )


mul.samples(binary())


@primitive(dtypes=INEXACT, promote=FLOAT, elementwise=True)
def div(a: Array, b: Array) -> Array:
    """a / b, true division: integers give the default floating type."""


@div.vjp(values={"a": "b", "b": "b out"})
def div_vjp(g: Any, out: Any, a: Any, b: Any) -> Any:
    ga = div(g, adjoint(b))
    return ga, None if out is None else neg(mul(ga, adjoint(out)))


div.samples(binary(second=(0.5, 3.0)))


@primitive(dtypes=REAL - {bool_}, promote=COMMON, elementwise=True)
def floor_divide(a: Array, b: Array) -> Array:
    """The floor of a / b; integer division by zero is an error. Its gradients are zero."""


@floor_divide.vjp()
def floor_divide_vjp(g: Any, out: Any, a: Any, b: Any) -> Any:
    flat = mul(g, scalar_like(0, g))
    return flat, flat


floor_divide.samples(binary(second=(0.5, 3.0)))


@primitive(dtypes=REAL - {bool_}, promote=COMMON, elementwise=True)
def remainder(a: Array, b: Array) -> Array:
    """a - floor(a / b) * b: the sign of b."""


@remainder.vjp(values={"b": "a b"})
def remainder_vjp(g: Any, out: Any, a: Any, b: Any) -> Any:
    return g, None if b is None else neg(mul(g, floor_divide(a, b)))


@remainder.samples
def remainder_samples() -> Any:
    yield good(arg(5, low=-8.2, high=8.3, away=0.1), arg(5, low=2.9, high=3.1))
    yield good(arg(2, 3, low=5.1, high=5.8), arg(3, low=1.9, high=2.1))
    yield good(arg(0), arg(0, low=1, high=2))


@primitive(dtypes=REAL - {bool_}, promote=COMMON, elementwise=True)
def fmod(a: Array, b: Array) -> Array:
    """a - trunc(a / b) * b: the sign of a."""


@fmod.vjp(values={"b": "a b"})
def fmod_vjp(g: Any, out: Any, a: Any, b: Any) -> Any:
    return g, None if b is None else neg(mul(g, ops.trunc(div(a, b))))


fmod.samples(remainder_samples)


@primitive(dtypes=NUMERIC, promote=COMMON, elementwise=True)
def pow(a: Array, b: Array) -> Array:
    """a to the power b."""


@pow.vjp(values={"a": "a b", "b": "a b out"})
def pow_vjp(g: Any, out: Any, a: Any, b: Any) -> Any:
    zero = scalar_like(0, b)
    slope = mul(b, pow(a, sub(b, scalar_like(1, b))))
    ga = mul(g, adjoint(where(ops.eq(b, zero), scalar_like(0, a), slope)))
    if out is None:
        return ga, None
    flat = ops.logical_and(ops.eq(a, scalar_like(0, a)), _at_least_zero(b))
    gb = where(flat, scalar_like(0, a), mul(out, ops.log(a)))
    return ga, mul(g, adjoint(gb))


def _at_least_zero(b: Any) -> Any:
    return ops.ge(ops.real(b), scalar_like(0, ops.real(b)))


pow.samples(binary(0.3, 2.5))


@primitive(dtypes=NUMERIC, promote=COMMON, elementwise=True)
def neg(x: Array) -> Array:
    """-x."""


@neg.vjp()
def neg_vjp(g: Any, out: Any, x: Any) -> Any:
    return neg(g)


neg.samples(unary())


@primitive(dtypes=REAL, promote=COMMON, elementwise=True)
def abs(x: Array) -> Array:
    """|x| of real x; `complex_abs` takes complex x."""


@abs.vjp(values="x")
def abs_vjp(g: Any, out: Any, x: Any) -> Any:
    return mul(g, sign(x))


abs.samples(unary(away=0.1))


@primitive(dtypes=REAL, promote=COMMON, elementwise=True)
def sign(x: Array) -> Array:
    """-1, 0 or 1; NaN stays NaN."""


@sign.vjp()
def sign_vjp(g: Any, out: Any, x: Any) -> Any:
    return mul(g, scalar_like(0, g))


sign.samples(unary(away=0.1))


@composite(dtypes=INEXACT, promote=FLOAT, elementwise=True)
def reciprocal(x: Array) -> Array:
    """1 / x."""
    return div(scalar_like(1, x), x)


@reciprocal.vjp(values="out")
def reciprocal_vjp(g: Any, out: Any, x: Any) -> Any:
    out = adjoint(out)
    return neg(mul(mul(g, out), out))


reciprocal.samples(unary(0.5, 3.0))


@primitive(dtypes=REAL | {ALL[0]}, promote=COMMON, elementwise=True)
def maximum(a: Array, b: Array) -> Array:
    """The larger of a and b; NaN if either is NaN. Equal elements share the gradient."""


@maximum.vjp(values="a b")
def maximum_vjp(g: Any, out: Any, a: Any, b: Any) -> Any:
    return _extreme_vjp(g, a, b, ops.gt)


@primitive(dtypes=REAL | {ALL[0]}, promote=COMMON, elementwise=True)
def minimum(a: Array, b: Array) -> Array:
    """The smaller of a and b; NaN if either is NaN. Equal elements share the gradient."""


@minimum.vjp(values="a b")
def minimum_vjp(g: Any, out: Any, a: Any, b: Any) -> Any:
    return _extreme_vjp(g, a, b, ops.lt)


@primitive(dtypes=REAL | {ALL[0]}, promote=COMMON, elementwise=True)
def fmax(a: Array, b: Array) -> Array:
    """The larger of a and b; the other one if one is NaN."""


@fmax.vjp(values="a b")
def fmax_vjp(g: Any, out: Any, a: Any, b: Any) -> Any:
    return _ignoring_nan_vjp(g, a, b, ops.ge)


@primitive(dtypes=REAL | {ALL[0]}, promote=COMMON, elementwise=True)
def fmin(a: Array, b: Array) -> Array:
    """The smaller of a and b; the other one if one is NaN."""


@fmin.vjp(values="a b")
def fmin_vjp(g: Any, out: Any, a: Any, b: Any) -> Any:
    return _ignoring_nan_vjp(g, a, b, ops.le)


def _extreme_vjp(g: Any, a: Any, b: Any, first_wins: Any) -> Any:
    half = mul(g, scalar_like(0.5, g))
    zero = scalar_like(0, g)
    tie, first = ops.eq(a, b), first_wins(a, b)
    ga = where(tie, half, where(first, g, zero))
    return ga, sub(g, ga)


def _ignoring_nan_vjp(g: Any, a: Any, b: Any, first_wins: Any) -> Any:
    zero = scalar_like(0, g)
    first = ops.logical_or(first_wins(a, b), ops.isnan(b))
    return where(first, g, zero), where(first, zero, g)


for _op in (maximum, minimum, fmax, fmin):
    _op.samples(binary())


@composite(dtypes=FLOATING, promote=COMMON, elementwise=True)
def hypot(a: Array, b: Array) -> Array:
    """sqrt(a^2 + b^2), scaled so that squares do not overflow."""
    a, b = abs(a), abs(b)
    big, small = maximum(a, b), minimum(a, b)
    one, zero = scalar_like(1, big), scalar_like(0, big)
    ratio = where(ops.eq(big, zero), zero, div(small, where(ops.eq(big, zero), one, big)))
    out = mul(big, ops.sqrt(add(one, mul(ratio, ratio))))
    return where(ops.isinf(big), big, out)


@hypot.vjp(values="a b out")
def hypot_vjp(g: Any, out: Any, a: Any, b: Any) -> Any:
    scale = div(g, out)
    return mul(scale, a), mul(scale, b)


hypot.samples(binary(0.3, 3.0))


@primitive(dtypes=FLOATING, promote=FLOAT, elementwise=True)
def copysign(a: Array, b: Array) -> Array:
    """The magnitude of a with the sign of b."""


@copysign.vjp(values={"a": "a out"})
def copysign_vjp(g: Any, out: Any, a: Any, b: Any) -> Any:
    if a is None:
        return None, None
    same = ops.eq(sign(a), sign(out))
    flipped = where(same, g, neg(g))
    return where(ops.eq(a, scalar_like(0, a)), scalar_like(0, g), flipped), None


copysign.samples(binary(away=0.1))


@primitive(dtypes=FLOATING, promote=COMMON, elementwise=True)
def nextafter(a: Array, b: Array) -> Array:
    """The next representable number after a towards b; its slope is a's."""


@nextafter.vjp()
def nextafter_vjp(g: Any, out: Any, a: Any, b: Any) -> Any:
    return g, mul(g, scalar_like(0, g))


nextafter.samples(binary())


@primitive(dtypes=INTEGER, promote=COMMON, elementwise=True, differentiable=False)
def gcd(a: Array, b: Array) -> Array:
    """The greatest common divisor, never negative."""


gcd.samples(binary(-30, 30))


@primitive(dtypes=ALL, elementwise=True)
def where(condition: Array, a: Array, b: Array) -> Array:
    """a where the bool condition holds, else b; a and b have one dtype."""


@where.vjp(values={"a": "condition", "b": "condition"})
def where_vjp(g: Any, out: Any, condition: Any, a: Any, b: Any) -> Any:
    zero = scalar_like(0, g)
    return None, where(condition, g, zero), where(condition, zero, g)


@where.samples
def where_samples() -> Any:
    condition = ALL[0]
    yield good(arg(dtype=condition), arg(), arg())
    yield good(arg(2, 3, dtype=condition), arg(2, 3), arg(3))
    yield good(arg(3, 1, dtype=condition), arg(5), arg())
    yield good(arg(0, 2, dtype=condition), arg(2), arg(2))


@composite(dtypes=REAL, promote=COMMON, elementwise=True)
def clamp(x: Array, low: Array, high: Array) -> Array:
    """x, but no less than low and no more than high; None is no bound. NaN stays NaN."""
    if low is not None:
        x = maximum(x, low)
    return x if high is None else minimum(x, high)


@clamp.vjp(values="x low high")
def clamp_vjp(g: Any, out: Any, x: Any, low: Any, high: Any) -> Any:
    zero = scalar_like(0, g)
    under = ops.lt(x, low) if low is not None else None
    over = ops.gt(x, high) if high is not None else None
    if low is not None and high is not None:
        under = ops.logical_and(under, ops.le(low, high))
        over = ops.logical_or(over, ops.gt(low, high))
    gx = g if under is None else where(under, zero, g)
    gx = gx if over is None else where(over, zero, gx)
    g_low = where(under, g, zero) if under is not None else None
    return gx, g_low, where(over, g, zero) if over is not None else None


@clamp.samples
def clamp_samples() -> Any:
    yield good(arg(7), arg(low=-1.0, high=-1.0), arg(low=1.0, high=1.0))
    yield good(arg(2, 3), None, arg(3))
    yield good(arg(2, 3), arg(3), None)
    yield good(arg(0), arg(low=-1.0, high=-1.0), None)


@composite(dtypes=INEXACT, promote=COMMON, elementwise=True)
def lerp(start: Array, end: Array, weight: Array) -> Array:
    """start + weight * (end - start)."""
    return rounded_once(lambda s, e, w: add(s, mul(w, sub(e, s))), start, end, weight)


lerp.samples(
    lambda: iter([good(arg(2, 3), arg(2, 3), arg(low=0, high=1)), good(arg(4), arg(3, 1), arg(3, 4))])
)


@composite(dtypes=NUMERIC, promote=COMMON, elementwise=True)
def addcmul(x: Array, a: Array, b: Array, *, value: float = 1) -> Array:
    """x + value * a * b."""

    def sum_of(x: Any, a: Any, b: Any) -> Any:
        product = mul(a, b)
        return add(x, product if value == 1 else mul(product, scalar_like(value, x)))

    return rounded_once(sum_of, x, a, b)


@composite(dtypes=INEXACT, promote=COMMON, elementwise=True)
def addcdiv(x: Array, a: Array, b: Array, *, value: float = 1) -> Array:
    """x + value * a / b."""

    def sum_of(x: Any, a: Any, b: Any) -> Any:
        ratio = div(a, b)
        return add(x, ratio if value == 1 else mul(ratio, scalar_like(value, x)))

    return rounded_once(sum_of, x, a, b)


@addcmul.samples
def addcmul_samples() -> Any:
    yield good(arg(2, 3), arg(2, 3), arg(3), value=2)
    yield good(arg(2, 3), arg(), arg(2, 1))


@addcdiv.samples
def addcdiv_samples() -> Any:
    yield good(arg(2, 3), arg(2, 3), arg(3, low=0.5, high=2.0), value=2)
    yield good(arg(2, 3), arg(), arg(2, 1, low=0.5, high=2.0))
