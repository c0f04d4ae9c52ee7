"""Norms over dimensions, distances, and limiting norms."""

from __future__ import annotations

from math import inf
from typing import Any

from unison.functions._common import dims, need_tensors, with_exact_out
from unison.functions.reduction.moments import root
from unison_core import dtypes, ops
from unison_core.dtypes import DType
from unison_core.errors import OperatorError
from unison_core.handle import Handle
from unison_core.spec import wrap_dim

__all__ = ["dist", "norm", "renorm", "vector_norm"]


@with_exact_out
def norm(
    input: Any, p: Any = "fro", dim: Any = None, keepdim: bool = False, *, dtype: DType | None = None
) -> Any:
    """The p-norm of the elements over dim; "fro" is the 2-norm, "nuc" the sum of a matrix's singular values.

    Raises:
        RuntimeError: p is unknown, or input is neither floating nor complex.
    """
    if dtype is not None:
        input = ops.cast(input, dtype=dtype)
    if p == "nuc":
        import unison

        pair = (-2, -1) if dim is None else dim
        return unison.linalg.matrix_norm(input, "nuc", dim=tuple(pair), keepdim=keepdim)
    if isinstance(p, str) and p != "fro":
        raise OperatorError(f"unsupported norm {p!r}: p is a number, 'fro' or 'nuc'")
    order = 2.0 if p is None or p == "fro" else p
    return vector_norm(input, order, dims(dim, input.array.ndim), keepdim)


def vector_norm(x: Any, order: float, over: tuple[int, ...] | None, keepdim: bool) -> Any:
    """(sum |x|^order)^(1/order) over dimensions counted from the front (None: all); inf and -inf are the extremes of
    |x|, 0 counts what is not zero. Gradients are 0 where the norm is.

    Raises:
        RuntimeError: x is neither floating nor complex, or an extreme of nothing is asked for.
    """
    if x.dtype not in dtypes.INEXACT:
        raise OperatorError(f"norm expected a floating point or complex tensor as input. Got {x.dtype.name}")
    if isinstance(order, Handle):
        order = order.item()
    if order == 2 and x.dtype not in dtypes.COMPLEX:
        return root(ops.sum(ops.mul(x, x), dim=over, keepdim=keepdim))
    size = ops.complex_abs(x) if x.dtype in dtypes.COMPLEX else ops.abs(x)
    if order in (inf, -inf):
        return (ops.amax if order > 0 else ops.amin)(size, dim=over, keepdim=keepdim)
    if order == 0:
        return ops.sum(
            ops.mul(ops.cast(ops.ne(size, 0), dtype=size.dtype), ops.add(ops.mul(size, 0.0), 1.0)),
            dim=over,
            keepdim=keepdim,
        )
    if order == 1:
        return ops.sum(size, dim=over, keepdim=keepdim)
    if order == 2:
        return root(ops.sum(ops.mul(size, size), dim=over, keepdim=keepdim))
    return _power_norm(size, order, over, keepdim)


def _power_norm(size: Any, order: float, over: Any, keepdim: bool) -> Any:
    zero = ops.eq(size, 0)
    if not size.tracked:
        return ops.pow(ops.sum(ops.pow(size, order), dim=over, keepdim=keepdim), 1.0 / order)
    # The slopes of powers at 0 may be infinite, the norm's is taken as 0: powers of 1 stand in, times 0.
    safe = ops.pow(ops.add(size, ops.cast(zero, dtype=size.dtype)), order)
    at_zero = ops.pow(ops.mul(ops.cast(zero, dtype=size.dtype), 0.0), order)
    total = ops.sum(ops.where(zero, at_zero, safe), dim=over, keepdim=keepdim)
    nothing = ops.eq(total, 0)
    powered = ops.pow(ops.add(total, ops.cast(nothing, dtype=total.dtype)), 1.0 / order)
    return ops.where(nothing, ops.mul(total, 0.0), powered)


def dist(input: Any, other: Any, p: float = 2) -> Any:
    """The p-norm of input - other."""
    need_tensors("dist", input=input, other=other)
    return vector_norm(ops.sub(input, other), p, None, False)


@with_exact_out
def renorm(input: Any, p: float, dim: int, maxnorm: float) -> Any:
    """input with its slices along dim scaled down to p-norm maxnorm where they exceed it.

    Raises:
        RuntimeError: p or maxnorm is not positive, or input has fewer than two dimensions.
    """
    if p <= 0:
        raise OperatorError("renorm: non-positive-norm not supported")
    if maxnorm < 0:
        raise OperatorError("renorm: expected maxnorm to be >= 0")
    ndim = input.array.ndim
    if ndim < 2:
        raise OperatorError(f"renorm: input needs at least 2 dimensions, got {ndim} dimensions")
    d = wrap_dim(dim, ndim)
    length = vector_norm(input, p, tuple(i for i in range(ndim) if i != d), True)
    factor = ops.div(maxnorm, ops.add(length, 1e-7))
    return ops.mul(input, ops.where(ops.gt(length, maxnorm), factor, ops.add(ops.mul(length, 0.0), 1.0)))
