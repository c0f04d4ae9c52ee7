"""Questions about tensors and dtypes: kinds, promotion, limits, closeness and equality."""

from __future__ import annotations

from typing import Any

from unison.functions._common import need_tensors
from unison_core import dtypes, ops, state
from unison_core.dispatch.promotion import common_dtype
from unison_core.dtypes import DType
from unison_core.errors import OperatorError
from unison_core.handle import Handle
from unison_core.spec import numel as _numel

__all__ = [
    "allclose",
    "can_cast",
    "equal",
    "is_complex",
    "is_conj",
    "is_floating_point",
    "is_inference",
    "is_neg",
    "is_nonzero",
    "is_same_size",
    "is_signed",
    "is_storage",
    "is_tensor",
    "isclose",
    "numel",
    "promote_types",
    "result_type",
]


def is_tensor(obj: Any) -> bool:
    """Whether obj is a tensor."""
    return isinstance(obj, Handle)


def is_storage(obj: Any) -> bool:
    """Whether obj is a storage: they exist in files only."""
    return False


def is_floating_point(input: Any) -> bool:
    """Whether its dtype is a floating-point one."""
    return input.dtype in dtypes.FLOATING


def is_complex(input: Any) -> bool:
    """Whether its dtype is a complex one."""
    return input.dtype in dtypes.COMPLEX


def is_signed(input: Any) -> bool:
    """Whether its dtype has negative numbers."""
    return bool(input.dtype.is_signed)


def is_conj(input: Any) -> bool:
    """Whether it is a conjugate not yet computed: never, conjugation is done at once."""
    return False


def is_neg(input: Any) -> bool:
    """Whether it is a negation not yet computed: never."""
    return False


def is_inference(input: Any) -> bool:
    """Whether autograd may never see it: never, tensors made in inference mode are ordinary ones."""
    return False


def is_nonzero(input: Any) -> bool:
    """Whether its one element is not zero.

    Raises:
        RuntimeError: it has none, or several.
    """
    count = _numel(input.array.shape)
    if count != 1:
        what = "no values" if count == 0 else "more than one value"
        raise OperatorError(f"Boolean value of Tensor with {what} is ambiguous")
    return bool(input.item())


def is_same_size(input: Any, other: Any) -> bool:
    """Whether both have one shape."""
    return bool(input.array.shape == other.array.shape)


def numel(input: Any) -> int:
    """The number of elements."""
    return _numel(input.array.shape)


def promote_types(type1: DType, type2: DType) -> DType:
    """The dtype that elementwise operators give tensors of these two."""
    return dtypes.promote(type1, type2)


def can_cast(from_: DType, to: DType) -> bool:
    """Whether results of dtype from_ may be stored as dtype to: never down a category, floating to integer say."""
    return dtypes.can_cast(from_, to)


def result_type(tensor1: Any, tensor2: Any) -> DType:
    """The dtype that elementwise operators give these two tensors or numbers; dimensioned tensors count most."""
    return common_dtype((tensor1, tensor2))


def equal(input: Any, other: Any) -> bool:
    """Whether both have one shape and equal elements; NaN equals nothing.

    Raises:
        TypeError: one is not a tensor.
    """
    need_tensors("equal", input=input, other=other)
    if input.array.shape != other.array.shape:
        return False
    return bool(ops.all(ops.eq(input, other), dim=None, keepdim=False).item())


def isclose(input: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Any:
    """Where |input - other| <= atol + rtol * |other|; equal infinities are close, NaNs where equal_nan says so.

    Raises:
        RuntimeError: the dtypes differ, or a tolerance is negative.
    """
    need_tensors("isclose", input=input, other=other)
    if input.dtype is not other.dtype:
        raise OperatorError(f"{input.dtype.name} did not match {other.dtype.name}")
    if rtol < 0 or atol < 0:
        raise OperatorError(f"rtol and atol must be greater than or equal to zero, but got {rtol} and {atol}")
    before = state.set_grad(False)
    try:
        return _close(input, other, rtol, atol, equal_nan)
    finally:
        state.set_grad(before)


def _close(a: Any, b: Any, rtol: float, atol: float, equal_nan: bool) -> Any:
    same = ops.eq(a, b)
    if equal_nan and a.dtype in dtypes.INEXACT:
        same = ops.logical_or(same, ops.logical_and(ops.isnan(a), ops.isnan(b)))
    if rtol == 0 and atol == 0:
        return same
    if a.dtype in dtypes.INTEGRAL:
        # In torch the difference of integers is taken as integers, and only the bound is floating.
        kind = dtypes.int64 if a.dtype is dtypes.bool_ else a.dtype
        a, b = ops.cast(a, dtype=kind), ops.cast(b, dtype=kind)
    bound = ops.add(ops.mul(_size(b), rtol), atol)
    gap = _size(ops.sub(a, b))
    near = ops.logical_and(ops.le(gap, bound), _finite(gap))
    return ops.logical_or(same, near)


def _size(x: Any) -> Any:
    return ops.complex_abs(x) if x.dtype in dtypes.COMPLEX else ops.abs(x)


def _finite(x: Any) -> Any:
    return ops.isfinite(x)


def allclose(
    input: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> bool:
    """Whether all elements are close, as `isclose` has it."""
    return bool(ops.all(isclose(input, other, rtol, atol, equal_nan), dim=None, keepdim=False).item())
