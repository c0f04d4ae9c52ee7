"""Exponentials, logarithms and roots."""

from __future__ import annotations

from math import log as _log
from typing import Any

from unison.functions._common import binary, need_dtype, need_tensors, unary, with_out
from unison_core import dtypes, ops

__all__ = [
    "exp",
    "exp2",
    "expm1",
    "ldexp",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "logaddexp2",
    "logit",
    "rsqrt",
    "sigmoid",
    "sqrt",
]

exp = unary(ops.exp)
exp2 = unary(ops.exp2)
expm1 = unary(ops.expm1)
log = unary(ops.log)
log1p = unary(ops.log1p)
log2 = unary(ops.log2)
log10 = unary(ops.log10)
logaddexp = binary(ops.logaddexp, tensors=2)
rsqrt = unary(ops.rsqrt)
sigmoid = unary(ops.sigmoid)
sqrt = unary(ops.sqrt)


@with_out
def logaddexp2(input: Any, other: Any) -> Any:
    """log2(2^input + 2^other) without overflow."""
    need_tensors("logaddexp2", input=input, other=other)
    scale = _log(2.0)
    return ops.div(ops.logaddexp(ops.mul(input, scale), ops.mul(other, scale)), scale)


@with_out
def ldexp(input: Any, other: Any) -> Any:
    """input * 2^other."""
    need_tensors("ldexp", input=input, other=other)
    return ops.mul(input, ops.pow(2.0, other))


@with_out
def logit(input: Any, eps: float | None = None) -> Any:
    """log(x / (1 - x)), of input limited to [eps, 1 - eps] if eps is given; else NaN outside [0, 1]."""
    need_dtype("logit", dtypes.REAL, input)
    x = input if input.dtype in dtypes.INEXACT else ops.cast(input, dtype=dtypes.get_default_dtype())
    if eps is not None:
        x = ops.clamp(x, eps, 1.0 - eps)
    return ops.log(ops.div(x, ops.sub(1.0, x)))
