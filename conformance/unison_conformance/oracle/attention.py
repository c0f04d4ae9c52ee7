"""Attention and its gradient, as the documented formulas in tracked numbers: see Note [First-order error bounds].

Scores and probabilities are held in the inputs' dtype, as the second result is; softmax is computed in float32.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from unison_conformance.oracle.reference import oracle
from unison_conformance.oracle.tracked import Tracked, dtype_of, tracked, where

__all__: list[str] = []


@oracle("scaled_dot_product_attention")
def _attention(q: Any, k: Any, v: Any, mask: Any, keep: Any, *, is_causal: bool, scale: float) -> Any:
    kind = dtype_of(q)
    scores = (tracked(q) @ tracked(k).turned) * scale
    if mask is not None:
        scores = scores + tracked(mask).held(kind)
    if is_causal:
        scores = where(np.tri(*scores.shape[-2:], dtype=bool), scores, -np.inf)
    p = _softmax_or_zeros(scores).held(kind)
    dropped = p if keep is None else p * tracked(keep)
    return (dropped @ tracked(v)).reference(kind), p.reference(kind)


def _softmax_or_zeros(scores: Tracked) -> Tracked:
    """Softmax along the last axis; a row of -inf gives zeros."""
    if not scores.value.size:
        return scores
    t = scores.accumulated()
    top = t.maximum(-1)
    grown = (t - where(np.isneginf(top.value.hi), 0.0, top)).exp()
    total = grown.sum(-1, keepdims=True)
    return grown / where(total.value.hi == 0, 1.0, total)


def _sum_to(x: Tracked, shape: tuple[int, ...]) -> Tracked:
    """Summed over the axes along which `shape` was broadcast."""
    lead = len(x.shape) - len(shape)
    axes = tuple(a for a, n in enumerate(x.shape) if a < lead or (shape[a - lead] == 1 and n != 1))
    return x.sum(axes).reshape(*shape) if axes else x


@oracle("scaled_dot_product_attention_backward")
def _attention_backward(
    g: Any, g_p: Any, q: Any, k: Any, v: Any, keep: Any, out: Any, p: Any, *, scale: float
) -> Any:
    kind = dtype_of(q)
    gt, pt = tracked(g), tracked(p)
    dropped, gp = pt, gt @ tracked(v).turned
    if keep is not None:
        dropped, gp = pt * tracked(keep), gp * tracked(keep)
    if g_p is None and gp.shape == pt.shape:
        gs = (gp - (gt * tracked(out)).sum(-1, keepdims=True)) * pt
    else:
        gp = _sum_to(gp, pt.shape)
        gp = gp if g_p is None else gp + tracked(g_p)
        weighted = gp.accumulated() * pt.accumulated()
        gs = (weighted - pt.accumulated() * weighted.sum(-1, keepdims=True)).held(kind)
    scaled = gs * scale
    results = (scaled @ tracked(k), scaled.turned @ tracked(q), dropped.turned @ gt, gs)
    return tuple(r.reference(kind) for r in results)
