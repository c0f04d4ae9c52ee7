"""Distances and similarities, and one-hot codes."""

from __future__ import annotations

from math import inf
from typing import Any

from unison_core import dtypes, ops
from unison_core.dispatch.promotion import constant
from unison_core.errors import OperatorError
from unison_core.spec import wrap_dim

__all__ = ["cosine_similarity", "one_hot", "pairwise_distance", "pdist"]


def norm(x: Any, p: float, keepdim: bool = False) -> Any:
    """The p-norm of x along its last dimension; its gradient at 0 is 0."""
    dim = (x.array.ndim - 1,)
    size = ops.abs(x)
    if p == inf:
        return ops.amax(size, dim=dim, keepdim=keepdim)
    if p == -inf:
        return ops.amin(size, dim=dim, keepdim=keepdim)
    if p == 0:
        return ops.sum(ops.cast(ops.ne(x, 0), dtype=x.dtype), dim=dim, keepdim=keepdim)
    if p == 1:
        return ops.sum(size, dim=dim, keepdim=keepdim)
    powers = ops.mul(x, x) if p == 2 else ops.pow(size, float(p))
    total = ops.sum(powers, dim=dim, keepdim=keepdim)
    # The root has an infinite slope at 0, where the norm's is taken as 0.
    zero = constant(0, total.dtype, total.device)
    none = ops.eq(total, zero)
    safe = ops.where(none, constant(1, total.dtype, total.device), total)
    root = ops.sqrt(safe) if p == 2 else ops.pow(safe, 1.0 / p)
    return ops.where(none, zero, root)


def pairwise_distance(x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Any:
    """norm_p(x1 - x2 + eps) along the last dimension."""
    return norm(ops.add(ops.sub(x1, x2), eps), p, keepdim)


def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Any:
    """x1 x2 / (max(|x1|, eps) max(|x2|, eps)) along dim; x1 and x2 broadcast.

    Raises:
        RuntimeError: an input is not floating.
    """
    dtype = dtypes.promote(x1.dtype, x2.dtype)
    if dtype not in dtypes.FLOATING:
        raise OperatorError(f"expected common dtype to be floating point, yet common dtype is {dtype.name}")
    x1, x2 = (x if x.dtype is dtype else ops.cast(x, dtype=dtype) for x in (x1, x2))
    d = (wrap_dim(dim, max(x1.array.ndim, x2.array.ndim)),)
    product = ops.mul(x1, x2)
    x1, x2 = (ops.expand(x, shape=tuple(product.shape)) for x in (x1, x2))
    lengths = [_length(x, d, eps) for x in (x1, x2)]
    return ops.sum(ops.mul(ops.div(x1, lengths[0]), ops.div(x2, lengths[1])), dim=d, keepdim=False)


def _length(x: Any, d: tuple[int, ...], eps: float) -> Any:
    """max(|x|, eps) along d, whose gradient is 0 at eps and below."""
    total = ops.sum(ops.mul(x, x), dim=d, keepdim=True)
    low = constant(eps * eps, total.dtype, total.device)
    small = ops.le(total, low)
    safe = ops.where(small, constant(1, total.dtype, total.device), total)
    return ops.where(small, constant(eps, total.dtype, total.device), ops.sqrt(safe))


def pdist(input: Any, p: float = 2.0) -> Any:
    """The p-norm distances of all pairs of rows i < j of (n, m), in the order (0, 1), (0, 2), ..., (1, 2), ...

    Raises:
        RuntimeError: the input is not 2-d and floating, or p is negative.
    """
    if input.array.ndim != 2:
        raise OperatorError(f"pdist only supports 2D tensors, got: {input.array.ndim}D")
    if input.dtype not in dtypes.FLOATING:
        raise OperatorError("pdist only supports floating-point dtypes")
    if p < 0:
        raise OperatorError("pdist only supports non-negative p values")
    n = input.array.shape[0]
    first = [i for i in range(n) for _ in range(i + 1, n)]
    second = [j for i in range(n) for j in range(i + 1, n)]
    rows = [_picked(input, places) for places in (first, second)]
    return norm(ops.sub(*rows), p)


def _picked(input: Any, places: list[int]) -> Any:
    from unison.functions.conversion import tensor

    index = tensor(places, dtype=dtypes.int64, device=input.device)
    return ops.index_select(input, index, dim=0)


def one_hot(tensor: Any, num_classes: int = -1) -> Any:
    """int64 of shape (..., num_classes), 1 at each class and else 0; num_classes -1 is the largest class plus 1.

    Raises:
        RuntimeError: the input is not int64 or has classes outside the range, or is empty without num_classes.
    """
    if tensor.dtype is not dtypes.int64:
        raise OperatorError(
            f"one_hot is only applicable to index tensor of type LongTensor, got {tensor.dtype.name}"
        )
    if not tensor.array.size:
        if num_classes <= 0:
            raise OperatorError("Can not infer total number of classes from empty tensor.")
    else:
        if int(ops.amin(tensor, dim=None, keepdim=False)) < 0:
            raise OperatorError("Class values must be non-negative.")
        highest = int(ops.amax(tensor, dim=None, keepdim=False))
        if num_classes != -1 and highest >= num_classes:
            raise OperatorError("Class values must be smaller than num_classes.")
        num_classes = highest + 1 if num_classes == -1 else num_classes
    classes = ops.arange(end=num_classes, dtype=dtypes.int64, device=tensor.device)
    return ops.cast(ops.eq(ops.slice(tensor, key=(..., None)), classes), dtype=dtypes.int64)
