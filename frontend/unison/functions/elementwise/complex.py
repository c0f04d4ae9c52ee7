"""Complex numbers: their parts, conjugates, moduli and arguments; of real tensors the obvious."""

from __future__ import annotations

from typing import Any

from unison.functions._common import need_dtype, need_tensors, unary, with_exact_out, write_out
from unison_core import dtypes, ops
from unison_core.errors import OperatorError

__all__ = [
    "abs",
    "absolute",
    "angle",
    "complex",
    "conj",
    "conj_physical",
    "imag",
    "polar",
    "real",
    "resolve_conj",
    "resolve_neg",
    "sgn",
    "sign",
]

angle = unary(ops.angle)
sign = unary(ops.sign, exact=True)


@with_exact_out
def abs(input: Any) -> Any:
    """|input|, the modulus of complex numbers."""
    if input.dtype in dtypes.COMPLEX:
        return ops.complex_abs(input)
    return ops.copy(input) if input.dtype is dtypes.bool_ else ops.abs(input)


absolute = abs


@with_exact_out
def sgn(input: Any) -> Any:
    """The sign of real numbers; of complex ones x / |x|, and 0 of 0."""
    if input.dtype not in dtypes.COMPLEX:
        return ops.sign(input)
    size = ops.complex_abs(input)
    zero = ops.eq(size, 0)
    safe = ops.add(size, ops.cast(zero, dtype=size.dtype))
    return ops.div(input, ops.cast(safe, dtype=input.dtype))


def conj(input: Any) -> Any:
    """The complex conjugate, computed at once; real tensors are returned as they are."""
    return ops.conj(input) if input.dtype in dtypes.COMPLEX else input


conj_physical = with_exact_out(conj)


def resolve_conj(input: Any) -> Any:
    """input: no conjugation is ever pending."""
    return input


def resolve_neg(input: Any) -> Any:
    """input: no negation is ever pending."""
    return input


def real(input: Any) -> Any:
    """The real part, on the same memory; a real tensor itself."""
    return ops.slice(ops.view_as_real(input), key=(..., 0)) if input.dtype in dtypes.COMPLEX else input


def imag(input: Any) -> Any:
    """The imaginary part, on the same memory.

    Raises:
        RuntimeError: input is real.
    """
    if input.dtype not in dtypes.COMPLEX:
        raise OperatorError("imag is not implemented for tensors with non-complex dtypes.")
    return ops.slice(ops.view_as_real(input), key=(..., 1))


def complex(real: Any, imag: Any, *, out: Any = None) -> Any:
    """real + i * imag.

    Raises:
        TypeError: a part is not a tensor.
        RuntimeError: the parts are not of one floating dtype, or out is not of the complex dtype of theirs.
    """
    need_tensors("complex", real=real, imag=imag)
    kinds = (dtypes.float16, dtypes.float32, dtypes.float64)
    if real.dtype not in kinds or imag.dtype not in kinds:
        raise OperatorError(
            f"Expected both inputs to be Half, Float or Double tensors but got {real.dtype.name} and {imag.dtype.name}"
        )
    if real.dtype is not imag.dtype:
        raise OperatorError(
            f"Expected object of scalar type {real.dtype.name} but got {imag.dtype.name} for the second argument"
        )
    result = ops.complex(real, imag)
    if out is not None and out.dtype is not result.dtype:
        raise OperatorError(
            f"Expected object of scalar type {result.dtype.name} but got {out.dtype.name} for argument 'out'"
        )
    return result if out is None else write_out(out, result)


@with_exact_out
def polar(abs: Any, angle: Any) -> Any:
    """abs * (cos(angle) + i * sin(angle)).

    Raises:
        RuntimeError: the inputs are not of one floating dtype.
    """
    need_tensors("polar", abs=abs, angle=angle)
    if abs.dtype is not angle.dtype:
        raise OperatorError(
            f"Expected object of scalar type {abs.dtype.name} but got {angle.dtype.name} for the second argument"
        )
    need_dtype("polar", dtypes.FLOATING, abs)
    return complex(ops.mul(abs, ops.cos(angle)), ops.mul(abs, ops.sin(angle)))
