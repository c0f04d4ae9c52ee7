"""Tables of vectors: rows picked bit for bit, and their gradient as exact sums."""

from __future__ import annotations

from typing import Any

import numpy as np

from unison_conformance.oracle.reference import Reference, oracle
from unison_conformance.oracle.wide import Wide, wide

__all__: list[str] = []


@oracle("embedding")
def _embedding(weight: Any, index: Any, **_: Any) -> Any:
    out = np.empty((*index.shape, *weight.shape[1:]), weight.dtype)
    for place in np.ndindex(index.shape):
        out[place] = weight[index[place]]
    return out


@oracle("embedding_backward")
def _embedding_backward(
    g: Any, index: Any, *, rows: int, padding_idx: int | None, scale_grad_by_freq: bool
) -> Reference:
    picked = index.ravel()
    vectors = g.reshape(picked.size, int(np.prod(g.shape[index.ndim :])))
    hits = np.arange(rows)[:, None] == picked
    shape = (rows, *g.shape[index.ndim :])
    keep = hits & (picked != padding_idx) if padding_idx is not None else hits
    counts = hits.sum(axis=1)
    if g.dtype.kind in "iu":
        whole = np.where(keep[..., None], vectors.astype(object), 0).sum(axis=1)
        return Reference(np.asarray(whole, object).reshape(shape))
    parts = [vectors.real, vectors.imag] if g.dtype.kind == "c" else [vectors]
    share = np.maximum(counts, 1)[:, None] if scale_grad_by_freq else np.ones((rows, 1))
    sums = []
    scale = np.zeros(shape)
    for part in parts:
        each = np.where(keep[..., None], part.astype(np.float64), 0.0)
        total: Wide = wide(each).sum(1) / share
        sums.append(total.reshape(*shape))
        scale = scale + (np.abs(each).sum(axis=1) / share).reshape(shape)
    terms = np.broadcast_to(counts.reshape(-1, *[1] * (len(shape) - 1)), shape)
    return Reference(tuple(sums) if len(sums) == 2 else sums[0], scale, terms)
