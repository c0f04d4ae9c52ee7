"""Putting numbers where a mask is False."""

from __future__ import annotations

from typing import Any

from unison_core import dtypes, ops
from unison_core.dispatch.promotion import constant
from unison_core.dtypes import DType
from unison_core.errors import OperatorError

__all__ = ["counted", "filled", "flag", "lowest", "typed"]


def typed(x: Any, dtype: DType | None) -> Any:
    """x in a dtype, if one is given."""
    return x if dtype is None or x.dtype is dtype else ops.cast(x, dtype=dtype)


def flag(x: Any, mask: Any) -> Any:
    """The mask as a bool tensor of x's shape.

    Raises:
        RuntimeError: it has more dimensions than x, or does not broadcast to it.
    """
    if mask.array.ndim > x.array.ndim:
        raise OperatorError(
            f"mask has {mask.array.ndim} dimensions, but it must broadcast to input of shape {list(x.shape)}"
        )
    mask = mask if mask.dtype is dtypes.bool_ else ops.cast(mask, dtype=dtypes.bool_)
    return ops.expand(mask, shape=tuple(x.array.shape))


def filled(x: Any, mask: Any, value: float) -> Any:
    """x with value where the mask is False."""
    return x if mask is None else ops.where(flag(x, mask), x, constant(value, x.dtype, x.device))


def counted(x: Any, mask: Any) -> Any:
    """1 for each element that counts, else 0, in x's shape as int64."""
    if mask is None:
        return ops.full(shape=tuple(x.array.shape), value=1, dtype=dtypes.int64, device=x.device)
    return ops.cast(flag(x, mask), dtype=dtypes.int64)


def lowest(dtype: DType) -> float:
    """The number below (or equal to) all others."""
    if dtype in dtypes.FLOATING:
        return float("-inf")
    return -(2 ** (dtype.bits - 1)) if dtype.is_signed else 0
