"""Operators that order elements."""

from __future__ import annotations

from typing import Any

from unison_core import ops
from unison_core.dtypes import REAL, int64
from unison_core.operator import Array, primitive
from unison_core.samples import arg, bad, good
from unison_core.spec import Spec, wrap_dim

__all__ = ["searchsorted", "sort"]


@primitive(dtypes=REAL)
def sort(x: Array, *, dim: int, descending: bool = False) -> tuple[Array, Array]:
    """x in order along dim, and the int64 index each element had; stable, NaN counts as largest."""


@sort.infer
def sort_infer(x: Spec, *, dim: int, descending: bool) -> tuple[Spec, Spec]:
    wrap_dim(dim, x.ndim)
    return x, x.like(dtype=int64)


@sort.vjp(values="out.1", specs="x")
def sort_vjp(g: Any, out: Any, x: Any, *, dim: int, descending: bool) -> Any:
    if not x.shape:
        return g[0]
    zeros = ops.full(shape=tuple(x.shape), value=0, dtype=x.dtype, device=g[0].device)
    return ops.scatter_add(zeros, out[1], g[0], dim=dim)


@sort.samples
def sort_samples() -> Any:
    for descending in (False, True):
        yield good(arg(5, distinct=True), dim=0, descending=descending)
        yield good(arg(2, 33, 3, distinct=True), dim=1, descending=descending)
        yield good(arg(), dim=0, descending=descending)
        yield good(arg(0, 3), dim=0, descending=descending)
    yield bad(IndexError, "Dimension out of range", arg(2, 3), dim=2, descending=False)


@primitive(dtypes=REAL, differentiable=False)
def searchsorted(ordered: Array, values: Array, *, right: bool = False) -> Array:
    """int64 places where values would be inserted into the ordered last dimension, before or after (right) equals.

    ordered is 1-d, or agrees with values in all dimensions but the last.
    """


@searchsorted.infer
def searchsorted_infer(ordered: Spec, values: Spec, *, right: bool) -> Spec:
    from unison_core.errors import OperatorError

    if ordered.ndim != 1 and (ordered.ndim != values.ndim or ordered.shape[:-1] != values.shape[:-1]):
        raise OperatorError(
            "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries "
            f"tensor and input value tensor must match, but we got {list(ordered.shape)} and {list(values.shape)}"
        )
    return values.like(dtype=int64)


@searchsorted.samples
def searchsorted_samples() -> Any:
    for right in (False, True):
        yield good(arg(7, make="ordered"), arg(4), right=right)
        yield good(arg(2, 5, make="ordered"), arg(2, 3), right=right)
    yield bad(RuntimeError, "must match", arg(2, 5, make="ordered"), arg(3, 3), right=False)
