"""Rounding, and the parts of floating-point numbers."""

from __future__ import annotations

from typing import Any

from unison.functions import return_types
from unison.functions._common import need_dtype, unary, with_exact_out, write_exact
from unison_core import dtypes, ops, state
from unison_core.errors import OperatorError

__all__ = ["ceil", "fix", "floor", "frac", "frexp", "nan_to_num", "round", "trunc"]

ceil = unary(ops.ceil, exact=True)
floor = unary(ops.floor, exact=True)
trunc = fix = unary(ops.trunc, exact=True)


@with_exact_out
def round(input: Any, *, decimals: int = 0) -> Any:
    """The nearest integer, halves to the even one; or the nearest multiple of 10^-decimals.

    Raises:
        RuntimeError: decimals for integers.
    """
    if decimals == 0:
        return ops.round(input)
    if input.dtype not in dtypes.FLOATING:
        raise OperatorError(
            f"round with decimals={decimals} takes floating-point tensors, not {input.dtype.name}"
        )
    scale = 10.0 ** abs(decimals)
    if decimals > 0:
        return ops.div(ops.round(ops.mul(input, scale)), scale)
    return ops.mul(ops.round(ops.div(input, scale)), scale)


@with_exact_out
def frac(input: Any) -> Any:
    """What trunc leaves: x - trunc(x)."""
    need_dtype("frac", dtypes.FLOATING, input)
    return ops.sub(input, ops.trunc(input))


@with_exact_out
def nan_to_num(
    input: Any, nan: float | None = None, posinf: float | None = None, neginf: float | None = None
) -> Any:
    """NaN replaced by nan (0), infinities by posinf and neginf (the largest and smallest numbers of the dtype)."""
    if input.dtype in dtypes.INTEGRAL:
        return ops.copy(input)
    if input.dtype in dtypes.COMPLEX:
        parts = (nan_to_num(part, nan, posinf, neginf) for part in (ops.real(input), ops.imag(input)))
        return ops.complex(*parts)
    from unison.functions.limits import finfo

    limits = finfo(input.dtype)
    x = ops.where(ops.isnan(input), _number(0.0 if nan is None else nan, input), input)
    x = ops.where(ops.eq(x, float("inf")), _number(limits.max if posinf is None else posinf, input), x)
    return ops.where(ops.eq(x, float("-inf")), _number(limits.min if neginf is None else neginf, input), x)


def _number(value: float, like: Any) -> Any:
    from unison_core.dispatch.promotion import constant

    return constant(value, like.dtype, like.device)


def frexp(input: Any, *, out: Any = None) -> Any:
    """(mantissa, exponent): input = mantissa * 2^exponent, |mantissa| in [1/2, 1), the exponent int32.

    Raises:
        RuntimeError: input is not floating.
    """
    if input.dtype not in dtypes.FLOATING:
        raise OperatorError(f"torch.frexp() only supports floating-point dtypes, not {input.dtype.name}")
    before = state.set_grad(False)
    try:
        exponent = _exponent(input)
    finally:
        state.set_grad(before)
    # Halves of the scaling: 2^-exponent alone overflows for the smallest numbers.
    half = ops.floor(ops.mul(exponent, 0.5))
    mantissa = ops.mul(ops.mul(input, ops.exp2(ops.neg(half))), ops.exp2(ops.sub(half, exponent)))
    result = return_types.frexp(mantissa, ops.cast(exponent, dtype=dtypes.int32))
    return result if out is None else write_exact(out, result)


def _exponent(x: Any) -> Any:
    """floor(log2 |x|) + 1 in x's dtype, put right where the logarithm was rounded across an integer; 0 of 0."""
    size = ops.abs(x)
    plain = ops.logical_and(ops.isfinite(size), ops.gt(size, 0))
    guess = ops.add(ops.floor(ops.log2(ops.where(plain, size, _number(1.0, x)))), 1.0)
    guess = ops.where(plain, guess, _number(0.0, x))
    half = ops.floor(ops.mul(guess, 0.5))
    mantissa = ops.mul(ops.mul(size, ops.exp2(ops.neg(half))), ops.exp2(ops.sub(half, guess)))
    guess = ops.add(guess, ops.cast(ops.logical_and(plain, ops.ge(mantissa, 1.0)), dtype=x.dtype))
    return ops.sub(guess, ops.cast(ops.logical_and(plain, ops.lt(mantissa, 0.5)), dtype=x.dtype))
