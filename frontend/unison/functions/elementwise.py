"""Arithmetic, powers, exponentials and the other functions of single elements."""

from __future__ import annotations

from typing import Any

from unison_core import dtypes, ops
from unison_core.errors import OperatorError
from unison_core.handle import Handle

from unison.functions._common import tensor_like, write_out

__all__ = [
    "abs",
    "add",
    "clamp",
    "div",
    "exp",
    "log",
    "mul",
    "neg",
    "pow",
    "relu",
    "sigmoid",
    "sqrt",
    "sub",
    "tanh",
    "where",
]


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


def _scaled(other: Any, alpha: Any, input: Any) -> Any:
    """alpha * other; alpha may not be of a higher category than the result.

    Raises:
        RuntimeError: a floating alpha with integers, or a bool alpha with numbers.
    """
    if isinstance(alpha, float) and not isinstance(other, float):
        kinds = [x.dtype for x in (input, other) if isinstance(x, Handle)]
        if kinds and all(k in dtypes.INTEGRAL for k in kinds):
            raise OperatorError("For integral input tensors, argument alpha must not be a floating point number.")
    return ops.mul(other, alpha) if isinstance(other, Handle) else other * alpha


def mul(input: Any, other: Any, *, out: Any = None) -> Any:
    """input * other."""
    result = ops.mul(input, other)
    return result if out is None else write_out(out, result)


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


def _trunc_divide(input: Any, other: Any) -> Any:
    kinds = [x.dtype if isinstance(x, Handle) else None for x in (input, other)]
    whole = all(k in dtypes.INTEGRAL if k else not isinstance(x, float) for k, x in zip(kinds, (input, other), strict=True))
    if not whole:
        return ops.trunc(ops.div(input, other))
    return ops.floor_divide(ops.sub(input, ops.fmod(input, other)), other)


def pow(input: Any, exponent: Any, *, out: Any = None) -> Any:
    """input to the power exponent."""
    if exponent.__class__ in (int, float) and exponent in (0.5, 1, 2, 3, -1) and isinstance(input, Handle):
        result = _small_power(input, exponent)
    else:
        result = ops.pow(input, exponent)
    return result if out is None else write_out(out, result)


def _small_power(x: Any, exponent: float) -> Any:
    """The powers that are products, a root or a reciprocal: exact where pow would go through logarithms."""
    floating = x.dtype in dtypes.INEXACT
    if exponent == 2 and (floating or isinstance(exponent, int)):
        return ops.mul(x, x)
    if exponent == 3 and (floating or isinstance(exponent, int)):
        return ops.mul(ops.mul(x, x), x)
    if exponent == 1 and (floating or isinstance(exponent, int)):
        return ops.copy(x)
    if exponent == 0.5:
        return ops.sqrt(x)
    if exponent == -1 and floating:
        return ops.reciprocal(x)
    return ops.pow(x, exponent)


def neg(input: Any, *, out: Any = None) -> Any:
    """-input."""
    result = ops.neg(input)
    return result if out is None else write_out(out, result)


def abs(input: Any, *, out: Any = None) -> Any:
    """|input|, the modulus of complex numbers."""
    result = ops.complex_abs(input) if input.dtype in dtypes.COMPLEX else ops.abs(input)
    return result if out is None else write_out(out, result)


def exp(input: Any, *, out: Any = None) -> Any:
    """e to the power input."""
    result = ops.exp(input)
    return result if out is None else write_out(out, result)


def log(input: Any, *, out: Any = None) -> Any:
    """The natural logarithm."""
    result = ops.log(input)
    return result if out is None else write_out(out, result)


def sqrt(input: Any, *, out: Any = None) -> Any:
    """The square root."""
    result = ops.sqrt(input)
    return result if out is None else write_out(out, result)


def tanh(input: Any, *, out: Any = None) -> Any:
    """The hyperbolic tangent."""
    result = ops.tanh(input)
    return result if out is None else write_out(out, result)


def sigmoid(input: Any, *, out: Any = None) -> Any:
    """1 / (1 + exp(-input))."""
    result = ops.sigmoid(input)
    return result if out is None else write_out(out, result)


def relu(input: Any) -> Any:
    """max(input, 0)."""
    return ops.relu(input)


def clamp(input: Any, min: Any = None, max: Any = None, *, out: Any = None) -> Any:
    """input limited to [min, max]; either may be None, a number or a tensor.

    Raises:
        RuntimeError: both are None.
    """
    if min is None and max is None:
        raise OperatorError("torch.clamp: At least one of 'min' or 'max' must not be None")
    result = ops.clamp(input, min, max)
    return result if out is None else write_out(out, result)


def where(condition: Any, input: Any = None, other: Any = None, *, out: Any = None) -> Any:
    """input where condition holds, else other; with the condition alone, the indices where it holds."""
    if input is None and other is None:
        from unison.functions.indexing import nonzero

        return nonzero(condition, as_tuple=True)
    from unison_core.dispatch.promotion import common_dtype

    target = common_dtype((input, other))
    if condition.dtype is not dtypes.bool_:
        if condition.dtype is not dtypes.uint8:
            raise OperatorError(f"where expected condition to be a boolean tensor, but got a tensor with dtype {condition.dtype.name}")
        condition = ops.cast(condition, dtype=dtypes.bool_)
    a, b = (tensor_like(x, condition) for x in (input, other))
    a = a if a.dtype is target else ops.cast(a, dtype=target)
    b = b if b.dtype is target else ops.cast(b, dtype=target)
    result = ops.where(condition, a, b)
    return result if out is None else write_out(out, result)
