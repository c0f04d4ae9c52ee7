"""Attention."""

from __future__ import annotations

from math import inf
from typing import Any

from unison_core import ops
from unison_core.dtypes import FLOATING, bool_, int64
from unison_core.errors import OperatorError
from unison_core.operator import Array, composite
from unison_core.ops._shared import narrowed, scalar_like, sum_to, widened
from unison_core.ops.linalg import transpose_last
from unison_core.samples import arg, bad, good
from unison_core.spec import Spec, broadcast

__all__ = ["scaled_dot_product_attention", "scaled_dot_product_attention_backward"]


@composite(dtypes=FLOATING)
def scaled_dot_product_attention(
    q: Array,
    k: Array,
    v: Array,
    mask: Array,
    keep: Array,
    *,
    is_causal: bool = False,
    scale: float,
) -> tuple[Array, Array]:
    """((p * keep) v, p) with p = softmax(q k^T * scale + mask): q (..., L, E), k (..., S, E), v (..., S, Ev).

    mask is added, broadcast to p's shape (..., L, S), or None; keep, of p's shape or None, is how dropout enters;
    is_causal lets place i see places up to i. A row in which everything is masked gives zeros.
    Vaswani et al., Attention Is All You Need, 2017.
    """
    scores = ops.mul(ops.matmul(q, transpose_last(k)), scalar_like(scale, q))
    if mask is not None:
        scores = ops.add(scores, narrowed(mask, q))
    if is_causal:
        scores = ops.where(_visible(scores), scores, scalar_like(-inf, scores))
    p = _softmax_or_zeros(scores)
    return ops.matmul(p if keep is None else ops.mul(p, keep), v), p


def _visible(scores: Any) -> Any:
    rows, columns = scores.shape[-2:]
    i = ops.arange(end=rows, dtype=int64, device=scores.device)
    j = ops.arange(end=columns, dtype=int64, device=scores.device)
    return ops.ge(ops.view(i, shape=(rows, 1)), j)


def _softmax_or_zeros(scores: Any) -> Any:
    if 0 in scores.shape:
        return ops.copy(scores)
    wide = widened(scores)
    top = ops.amax(wide, dim=(len(wide.shape) - 1,), keepdim=True)
    top = ops.where(ops.eq(top, scalar_like(-inf, top)), scalar_like(0, top), top)
    grown = ops.exp(ops.sub(wide, top))
    total = ops.sum(grown, dim=(len(wide.shape) - 1,), keepdim=True)
    total = ops.where(ops.eq(total, scalar_like(0, total)), scalar_like(1, total), total)
    return narrowed(ops.div(grown, total), scores)


@scaled_dot_product_attention.infer
def scaled_dot_product_attention_infer(
    q: Spec, k: Spec, v: Spec, mask: Any, keep: Any, **attrs: Any
) -> tuple[Spec, Spec]:
    shapes = f"query {list(q.shape)}, key {list(k.shape)}, value {list(v.shape)}"
    if min(q.ndim, k.ndim, v.ndim) < 2 or q.shape[-1] != k.shape[-1] or k.shape[-2] != v.shape[-2]:
        raise OperatorError(
            "scaled_dot_product_attention expects query (..., L, E), key (..., S, E) and value (..., S, Ev), "
            f"got {shapes}"
        )
    for name, x in (("key", k), ("value", v)):
        if x.dtype is not q.dtype:
            raise OperatorError(
                f"Expected query, key, and value to have the same dtype, but got {name} of {x.dtype.name}"
            )
    batch = broadcast(q.shape[:-2], k.shape[:-2], v.shape[:-2])
    p = (*broadcast(q.shape[:-2], k.shape[:-2]), q.shape[-2], k.shape[-2])
    if mask is not None and (mask.dtype is bool_ or broadcast(mask.shape, p) != p):
        raise OperatorError(
            f"attention: a mask {list(mask.shape)} of {mask.dtype.name} cannot be added to {list(p)}"
        )
    return q.like((*batch, q.shape[-2], v.shape[-1])), q.like(p)


@scaled_dot_product_attention.vjp(
    values=dict.fromkeys(("q", "k", "v", "mask", "keep"), "q k v mask keep out")
)
def scaled_dot_product_attention_vjp(
    g: Any, out: Any, q: Any, k: Any, v: Any, mask: Any, keep: Any, *, is_causal: bool, scale: float
) -> Any:
    g_out, g_p = g
    if g_out is None:
        g_out = ops.full(shape=tuple(out[0].shape), value=0, dtype=g_p.dtype, device=g_p.device)
    gq, gk, gv, gs = scaled_dot_product_attention_backward(g_out, g_p, q, k, v, keep, *out, scale=scale)
    gm = None
    if mask is not None and mask.tracked:
        gm = narrowed(sum_to(gs, tuple(mask.shape)), mask)
    gkeep = None
    if keep is not None and keep.tracked:
        gkeep = ops.mul(out[1], ops.matmul(g_out, transpose_last(v)))
    return sum_to(gq, tuple(q.shape)), sum_to(gk, tuple(k.shape)), sum_to(gv, tuple(v.shape)), gm, gkeep


@scaled_dot_product_attention.samples
def scaled_dot_product_attention_samples() -> Any:
    yield good(arg(2, 3, 4), arg(2, 5, 4), arg(2, 5, 6), None, None, scale=0.5)
    yield good(arg(2, 2, 5, 4), arg(2, 2, 5, 4), arg(2, 2, 5, 4), None, None, is_causal=True, scale=0.5)
    yield good(arg(2, 3, 4), arg(2, 5, 4), arg(2, 5, 6), arg(3, 5), arg(2, 3, 5, low=0, high=2), scale=0.3)
    yield bad(RuntimeError, "expects query", arg(2, 3, 4), arg(2, 5, 3), arg(2, 5, 6), None, None, scale=1.0)


@composite(dtypes=FLOATING)
def scaled_dot_product_attention_backward(
    g: Array,
    g_p: Array,
    q: Array,
    k: Array,
    v: Array,
    keep: Array,
    out: Array,
    p: Array,
    *,
    scale: float,
) -> tuple[Array, Array, Array, Array]:
    """The gradients of attention with respect to q, k, v (their batches still broadcast) and the masked scores.

    g and g_p are the gradients of its results out and p; where g_p is None, the sum of p's gradient weighted with p is
    taken as that of g weighted with out.
    """
    dropped, gp = p, ops.matmul(g, transpose_last(v))
    if keep is not None:
        dropped, gp = ops.mul(p, keep), ops.mul(gp, keep)
    if g_p is None and gp.shape == p.shape:
        total = ops.sum(ops.mul(g, out), dim=(len(g.shape) - 1,), keepdim=True)
        gs = ops.mul(ops.sub(gp, total), p)
    else:
        gp = sum_to(gp, tuple(p.shape))
        gs = ops.softmax_backward(gp if g_p is None else ops.add(gp, g_p), p, dim=len(p.shape) - 1)
    scaled = ops.mul(gs, scalar_like(scale, gs))
    gq, gk = ops.matmul(scaled, k), ops.matmul(transpose_last(scaled), q)
    return gq, gk, ops.matmul(transpose_last(dropped), g), gs


@scaled_dot_product_attention_backward.infer
def scaled_dot_product_attention_backward_infer(
    g: Spec, g_p: Any, q: Spec, k: Spec, v: Spec, keep: Any, out: Spec, p: Spec, *, scale: float
) -> tuple[Spec, Spec, Spec, Spec]:
    batch, wide = p.shape[:-2], out.shape[:-2]
    return (
        q.like((*batch, *q.shape[-2:])),
        k.like((*batch, *k.shape[-2:])),
        v.like((*wide, *v.shape[-2:])),
        p.like(),
    )


@scaled_dot_product_attention_backward.samples
def scaled_dot_product_attention_backward_samples() -> Any:
    yield good(
        arg(2, 3, 6),
        None,
        arg(2, 3, 4),
        arg(2, 5, 4),
        arg(2, 5, 6),
        None,
        arg(2, 3, 6),
        arg(2, 3, 5, low=0, high=1),
        scale=0.5,
    )
