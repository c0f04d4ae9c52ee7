"""Softmax and its relatives, and division by norms, over the elements that a mask lets through."""

from __future__ import annotations

from math import inf
from typing import Any

from unison.functions.elementwise import clamp_min
from unison.masked import reductions
from unison.masked._filling import filled, typed
from unison_core import dtypes, ops
from unison_core.dtypes import DType

__all__ = ["log_softmax", "logaddexp", "normalize", "softmax", "softmin"]


def _floating(x: Any) -> Any:
    return x if x.dtype in dtypes.INEXACT else ops.cast(x, dtype=dtypes.get_default_dtype())


def softmax(input: Any, dim: int, *, dtype: DType | None = None, mask: Any = None) -> Any:
    """softmax along dim; what is masked out is 0, or NaN where nothing counts."""
    import unison

    return unison.nn.functional.softmax(filled(_floating(typed(input, dtype)), mask, -inf), dim)


def log_softmax(input: Any, dim: int, *, dtype: DType | None = None, mask: Any = None) -> Any:
    """log(softmax) along dim; what is masked out is -inf, or NaN where nothing counts."""
    import unison

    return unison.nn.functional.log_softmax(filled(_floating(typed(input, dtype)), mask, -inf), dim)


def softmin(input: Any, dim: int, *, dtype: DType | None = None, mask: Any = None) -> Any:
    """softmax of -input along dim."""
    import unison

    return unison.nn.functional.softmax(ops.neg(filled(_floating(typed(input, dtype)), mask, inf)), dim)


def normalize(
    input: Any, ord: float, dim: int, *, eps: float = 1e-12, dtype: DType | None = None, mask: Any = None
) -> Any:
    """input over its norm along dim, or over eps if that is larger; what is masked out is 0."""
    x = _floating(typed(input, dtype))
    length = clamp_min(reductions.norm(x, ord, dim, keepdim=True, mask=mask), eps)
    return ops.div(filled(x, mask, 0), length)


def logaddexp(
    input: Any, other: Any, *, dtype: DType | None = None, input_mask: Any = None, other_mask: Any = None
) -> Any:
    """log(exp(input) + exp(other)) of what counts in each."""
    a, b = _floating(typed(input, dtype)), _floating(typed(other, dtype))
    return ops.logaddexp(filled(a, input_mask, -inf), filled(b, other_mask, -inf))
