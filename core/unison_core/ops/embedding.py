"""Tables of vectors."""

from __future__ import annotations

from typing import Any

from unison_core import ops
from unison_core.dtypes import INEXACT, int64
from unison_core.errors import OperatorError
from unison_core.operator import Array, composite
from unison_core.ops._shared import scalar_like
from unison_core.samples import arg, bad, good
from unison_core.spec import Spec, numel

__all__ = ["embedding", "embedding_backward"]


@composite()
def embedding(
    weight: Array, index: Array, *, padding_idx: int | None = None, scale_grad_by_freq: bool = False
) -> Array:
    """The rows of weight (rows, ...) at index: index.shape + weight.shape[1:].

    Row padding_idx gets no gradient; with scale_grad_by_freq a row's gradient is divided by how often it was picked.
    """
    flat = ops.index_select(weight, ops.reshape(index, shape=(numel(index.shape),)), dim=0)
    return ops.view(flat, shape=(*index.shape, *weight.shape[1:]))


@embedding.infer
def embedding_infer(weight: Spec, index: Spec, *, padding_idx: int | None, scale_grad_by_freq: bool) -> Spec:
    if weight.ndim < 1:
        raise OperatorError(f"'weight' must be 2-D, got {list(weight.shape)}")
    if index.dtype is not int64:
        raise OperatorError(
            "Expected tensor for argument 'indices' to have scalar type Long or Int; but got "
            f"{index.dtype.name} instead (while checking arguments for embedding)"
        )
    return weight.like((*index.shape, *weight.shape[1:]))


@embedding.vjp(values={"weight": "index"}, specs="weight")
def embedding_vjp(
    g: Any, out: Any, weight: Any, index: Any, *, padding_idx: int | None, scale_grad_by_freq: bool
) -> Any:
    rows = weight.shape[0]
    return embedding_backward(
        g, index, rows=rows, padding_idx=padding_idx, scale_grad_by_freq=scale_grad_by_freq
    ), None


@embedding.samples
def embedding_samples() -> Any:
    yield good(arg(5, 3), arg(2, 4, dtype=int64, low=0, high=4))
    yield good(arg(5, 3), arg(0, dtype=int64, low=0, high=4))
    yield good(arg(5, 3), arg(6, dtype=int64, low=0, high=4), padding_idx=2, gradient=False)
    yield good(arg(5, 3), arg(6, dtype=int64, low=0, high=4), scale_grad_by_freq=True, gradient=False)
    yield bad(IndexError, "out of", arg(3, 2), arg(4, dtype=int64, low=3, high=9))


@composite(dtypes=INEXACT | {int64})
def embedding_backward(
    g: Array, index: Array, *, rows: int, padding_idx: int | None, scale_grad_by_freq: bool
) -> Array:
    """The gradient of embedding's weight of `rows` rows: g's vectors added up by index."""
    count = numel(index.shape)
    flat = ops.reshape(index, shape=(count,))
    vectors = ops.reshape(g, shape=(count, *g.shape[len(index.shape) :]))
    keep = _kept(flat, vectors, rows, padding_idx, scale_grad_by_freq)
    if keep is not None:
        vectors = ops.mul(vectors, ops.view(keep, shape=(count,) + (1,) * (len(vectors.shape) - 1)))
    zeros = ops.full(shape=(rows, *vectors.shape[1:]), value=0, dtype=g.dtype, device=g.device)
    return ops.index_add(zeros, flat, vectors, dim=0, alpha=1)


def _kept(flat: Any, vectors: Any, rows: int, padding_idx: int | None, scale_grad_by_freq: bool) -> Any:
    """The share of each vector that is added: None for all of every one."""
    if padding_idx is None and not scale_grad_by_freq:
        return None
    one = scalar_like(1, vectors)
    keep = ops.expand(one, shape=tuple(flat.shape))
    if scale_grad_by_freq:
        zeros = ops.full(shape=(rows,), value=0, dtype=vectors.dtype, device=vectors.device)
        counts = ops.index_add(zeros, flat, keep, dim=0, alpha=1)
        keep = ops.div(keep, ops.index_select(counts, flat, dim=0))
    if padding_idx is not None:
        keep = ops.where(ops.eq(flat, scalar_like(padding_idx, flat)), scalar_like(0, keep), keep)
    return keep


@embedding_backward.infer
def embedding_backward_infer(
    g: Spec, index: Spec, *, rows: int, padding_idx: int | None, scale_grad_by_freq: bool
) -> Spec:
    return g.like((rows, *g.shape[index.ndim :]))


@embedding_backward.samples
def embedding_backward_samples() -> Any:
    six = arg(6, dtype=int64, low=0, high=4)
    yield good(arg(6, 3), six, rows=5, padding_idx=None, scale_grad_by_freq=False)
    yield good(arg(6, 3), six, rows=5, padding_idx=2, scale_grad_by_freq=True)
    yield good(
        arg(2, 3, 2), arg(2, 3, dtype=int64, low=0, high=4), rows=7, padding_idx=0, scale_grad_by_freq=False
    )
