"""The four operations, powers, bounds and selection."""

from __future__ import annotations

from typing import Any

from unison.functions._common import (
    binary,
    need_dtype,
    need_tensors,
    unary,
    with_exact_out,
    with_out,
    write_exact,
    write_out,
)
from unison_core import dtypes, ops
from unison_core.errors import OperatorError
from unison_core.handle import Handle

__all__ = [
    "add",
    "addcdiv",
    "addcmul",
    "clamp",
    "clamp_max",
    "clamp_min",
    "clip",
    "copysign",
    "div",
    "divide",
    "float_power",
    "floor_divide",
    "fmod",
    "gcd",
    "heaviside",
    "lcm",
    "lerp",
    "mul",
    "multiply",
    "neg",
    "negative",
    "nextafter",
    "positive",
    "pow",
    "reciprocal",
    "relu",
    "remainder",
    "rsub",
    "square",
    "sub",
    "subtract",
    "true_divide",
    "where",
]

copysign = binary(ops.copysign, tensors=1)
floor_divide = binary(ops.floor_divide)
fmod = binary(ops.fmod, tensors=1)
gcd = binary(ops.gcd, tensors=2)
mul = multiply = binary(ops.mul)
neg = negative = unary(ops.neg, exact=True)
nextafter = binary(ops.nextafter, tensors=2)
reciprocal = unary(ops.reciprocal)
remainder = binary(ops.remainder)
true_divide = binary(ops.div)


def add(input: Any, other: Any, *, alpha: Any = 1, out: Any = None) -> Any:
    """input + alpha * other."""
    if alpha != 1:
        other = _scaled(other, alpha, input)
    result = ops.add(input, other)
    return result if out is None else write_out(out, result)


def sub(input: Any, other: Any, *, alpha: Any = 1, out: Any = None) -> Any:
    """input - alpha * other."""
    if alpha != 1:
        other = _scaled(other, alpha, input)
    result = ops.sub(input, other)
    return result if out is None else write_out(out, result)


subtract = sub


@with_out
def rsub(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    """other - alpha * input."""
    need_tensors("rsub", input=input)
    return ops.sub(other, input if alpha == 1 else _scaled(input, alpha, other))


def _scaled(other: Any, alpha: Any, input: Any) -> Any:
    """alpha * other; alpha may not be of a higher category than the result.

    Raises:
        RuntimeError: a floating alpha with integers, or a bool alpha with numbers.
    """
    if isinstance(alpha, float) and not isinstance(other, float):
        kinds = [x.dtype for x in (input, other) if isinstance(x, Handle)]
        if kinds and all(k in dtypes.INTEGRAL for k in kinds):
            raise OperatorError(
                "For integral input tensors, argument alpha must not be a floating point number."
            )
    return ops.mul(other, alpha) if isinstance(other, Handle) else other * alpha


def div(input: Any, other: Any, *, rounding_mode: str | None = None, out: Any = None) -> Any:
    """input / other; rounding_mode "trunc" or "floor" rounds the quotient and keeps integers integers."""
    if rounding_mode is None:
        result = ops.div(input, other)
    elif rounding_mode == "floor":
        result = ops.floor_divide(input, other)
    elif rounding_mode == "trunc":
        result = _trunc_divide(input, other)
    else:
        raise OperatorError(
            f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'"
        )
    return result if out is None else write_out(out, result)


divide = div


def _trunc_divide(input: Any, other: Any) -> Any:
    kinds = [x.dtype if isinstance(x, Handle) else None for x in (input, other)]
    whole = all(
        k in dtypes.INTEGRAL if k else not isinstance(x, float)
        for k, x in zip(kinds, (input, other), strict=True)
    )
    if not whole:
        return ops.trunc(ops.div(input, other))
    return ops.floor_divide(ops.sub(input, ops.fmod(input, other)), other)


def pow(input: Any, exponent: Any, *, out: Any = None) -> Any:
    """input to the power exponent.

    Raises:
        RuntimeError: integers to a negative integer number.
    """
    if exponent.__class__ in (int, float) and exponent in _SMALL and isinstance(input, Handle):
        result = _small_power(input, exponent)
    else:
        if (
            isinstance(exponent, int)
            and exponent < 0
            and isinstance(input, Handle)
            and input.dtype in dtypes.INTEGRAL
        ):
            raise OperatorError("Integers to negative integer powers are not allowed.")
        result = ops.pow(input, exponent)
    return result if out is None else write_out(out, result)


_SMALL = (0.5, 1, 2, 3)


def _small_power(x: Any, exponent: float) -> Any:
    """The powers that are products, a root or a reciprocal: exact where pow would go through logarithms."""
    if x.dtype is dtypes.bool_:
        return ops.pow(x, exponent)
    floating = x.dtype in dtypes.INEXACT
    if exponent == 2 and (floating or isinstance(exponent, int)):
        return ops.mul(x, x)
    if exponent == 3 and (floating or isinstance(exponent, int)):
        return ops.mul(ops.mul(x, x), x)
    if exponent == 1 and (floating or isinstance(exponent, int)):
        return ops.copy(x)
    if exponent == 0.5:
        return ops.sqrt(x)
    return ops.pow(x, exponent)


@with_out
def float_power(input: Any, exponent: Any) -> Any:
    """input to the power exponent, in float64 or complex128."""
    parts = (input, exponent)
    complex_ = any(
        isinstance(p, complex) or (isinstance(p, Handle) and p.dtype in dtypes.COMPLEX) for p in parts
    )
    wide = dtypes.complex128 if complex_ else dtypes.float64
    base, power = (ops.cast(p, dtype=wide) if isinstance(p, Handle) else p for p in parts)
    return pow(base, power)


@with_out
def square(input: Any) -> Any:
    """input times itself."""
    return pow(input, 2)


def positive(input: Any) -> Any:
    """input itself.

    Raises:
        RuntimeError: input is bool.
    """
    if input.dtype is dtypes.bool_:
        raise OperatorError("The `+` operator, on a bool tensor is not supported.")
    return input


def relu(input: Any) -> Any:
    """max(input, 0)."""
    return ops.relu(input)


@with_out
def lcm(input: Any, other: Any) -> Any:
    """The least common multiple, never negative; 0 if either is 0."""
    need_tensors("lcm", input=input, other=other)
    divisor = ops.gcd(input, other)
    safe = ops.add(divisor, ops.cast(ops.eq(divisor, 0), dtype=divisor.dtype))
    return ops.abs(ops.mul(ops.floor_divide(input, safe), other))


@with_exact_out
def heaviside(input: Any, values: Any) -> Any:
    """0 below 0, 1 above, and values at 0.

    Raises:
        RuntimeError: the dtypes differ.
    """
    need_tensors("heaviside", input=input, values=values)
    if input.dtype is not values.dtype:
        raise OperatorError(
            f"heaviside is not yet implemented for tensors with different dtypes: {input.dtype.name} and "
            f"{values.dtype.name}"
        )
    if input.dtype in dtypes.COMPLEX:
        raise OperatorError("heaviside is not yet implemented for complex tensors.")
    step = ops.cast(ops.gt(input, 0), dtype=input.dtype)
    return ops.where(ops.eq(input, 0), values, step)


def lerp(input: Any, end: Any, weight: Any, *, out: Any = None) -> Any:
    """input + weight * (end - input).

    Raises:
        RuntimeError: the dtypes differ.
    """
    for name, x in (("end", end), ("weight", weight)):
        if isinstance(x, Handle) and x.dtype is not input.dtype:
            raise OperatorError(
                f"expected dtype {input.dtype.name} for `{name}` but got dtype {x.dtype.name}"
            )
    need_dtype("lerp", dtypes.INEXACT, input)
    result = ops.lerp(input, end, weight)
    return result if out is None else write_out(out, result)


def addcmul(input: Any, tensor1: Any, tensor2: Any, *, value: Any = 1, out: Any = None) -> Any:
    """input + value * tensor1 * tensor2."""
    result = ops.addcmul(input, tensor1, tensor2, value=value)
    return result if out is None else write_out(out, result)


def addcdiv(input: Any, tensor1: Any, tensor2: Any, *, value: Any = 1, out: Any = None) -> Any:
    """input + value * tensor1 / tensor2.

    Raises:
        RuntimeError: all are integers.
    """
    if all(x.dtype in dtypes.INTEGRAL for x in (tensor1, tensor2)):
        raise OperatorError(
            "Integer division with addcdiv is no longer supported; divide with div(..., rounding_mode=...) and add, "
            "or cast the tensors to floating point first"
        )
    result = ops.addcdiv(input, tensor1, tensor2, value=value)
    return result if out is None else write_out(out, result)


def clamp(input: Any, min: Any = None, max: Any = None, *, out: Any = None) -> Any:
    """input limited to [min, max]; either may be None, a number or a tensor.

    Raises:
        RuntimeError: both are None.
    """
    if min is None and max is None:
        raise OperatorError("torch.clamp: At least one of 'min' or 'max' must not be None")
    result = ops.clamp(input, min, max)
    return result if out is None else write_out(out, result)


clip = clamp


@with_out
def clamp_min(input: Any, min: Any) -> Any:
    """input, but no less than min."""
    need_tensors("clamp_min", input=input)
    return ops.clamp(input, min, None)


@with_out
def clamp_max(input: Any, max: Any) -> Any:
    """input, but no more than max."""
    need_tensors("clamp_max", input=input)
    return ops.clamp(input, None, max)


def where(condition: Any, input: Any = None, other: Any = None, *, out: Any = None) -> Any:
    """input where condition holds, else other; with the condition alone, the indices where it holds."""
    if input is None and other is None:
        from unison.functions.indexing import nonzero

        return nonzero(condition, as_tuple=True)
    from unison_core.dispatch.promotion import common_dtype, constant, plain

    input, other = plain(input), plain(other)
    target = common_dtype((input, other))
    if condition.dtype is not dtypes.bool_:
        if condition.dtype is not dtypes.uint8:
            raise OperatorError(
                f"where expected condition to be a boolean tensor, but got a tensor with dtype {condition.dtype.name}"
            )
        condition = ops.cast(condition, dtype=dtypes.bool_)
    # Numbers go straight to the result's dtype: the default dtype between would cost float64 half its digits.
    a, b = (x if isinstance(x, Handle) else constant(x, target, condition.device) for x in (input, other))
    a = a if a.dtype is target else ops.cast(a, dtype=target)
    b = b if b.dtype is target else ops.cast(b, dtype=target)
    result = ops.where(condition, a, b)
    return result if out is None else write_exact(out, result)
