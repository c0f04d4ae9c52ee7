"""Scaled dot product attention by cuDNN: the forward pass of half types without mask and dropout.

# Note [Weights beside flash attention]
cuDNN's attention never holds the weights p, which the operator returns for its gradient; it returns the logarithm of
each row's sum instead. From that p = exp(scale q k^T - log sum) is one more product, whose scores stay in the graph:
it reads and writes p once, where softmax goes over the scores several times. The backward pass wants p and gives the
gradient of the scores, which cuDNN's does not: it is left to the backend.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import cudnn
import cupy
import numpy as np

from unison_cudnn.plans import TYPES, dense, guarded, plan_for, row_major

__all__ = ["KERNELS", "Flash", "Weights"]

Q, K, V, OUT, LOG_SUM, SCALE, P = range(1, 8)
"""The numbers of the graphs' tensors."""


@dataclass(frozen=True, slots=True)
class Flash:
    """out and log sum of q (n, rows, width), k (n, columns, width) and v (n, columns, depth)."""

    dtype: str
    n: int
    rows: int
    columns: int
    width: int
    depth: int
    scale: float
    is_causal: bool
    tf32: bool = False

    def build(self, graph: Any) -> None:
        """As n batches of one head."""
        half = TYPES[self.dtype]

        def given(number: int, *shape: int) -> Any:
            dim = (self.n, 1, *shape)
            return graph.tensor(dim=[*dim], stride=row_major(dim), data_type=half, uid=number)

        causal = {"diagonal_alignment": cudnn.diagonal_alignment.TOP_LEFT, "diagonal_band_right_bound": 0}
        results = graph.sdpa(
            q=given(Q, self.rows, self.width),
            k=given(K, self.columns, self.width),
            v=given(V, self.columns, self.depth),
            attn_scale=self.scale,
            generate_stats=True,
            **(causal if self.is_causal else {}),
        )
        kinds = ((OUT, half, self.depth), (LOG_SUM, cudnn.data_type.FLOAT, 1))
        for result, (number, dtype, last) in zip(results, kinds, strict=True):
            dim = (self.n, 1, self.rows, last)
            result.set_output(True).set_uid(number).set_data_type(dtype).set_dim([*dim]).set_stride(
                row_major(dim)
            )


@dataclass(frozen=True, slots=True)
class Weights:
    """p of q, k and log sum; SCALE is a number of the host."""

    dtype: str
    n: int
    rows: int
    columns: int
    width: int
    tf32: bool = False

    def build(self, graph: Any) -> None:
        """k is read transposed."""
        half, single = TYPES[self.dtype], cudnn.data_type.FLOAT
        n, rows, columns, width = self.n, self.rows, self.columns, self.width
        q = graph.tensor(dim=[n, rows, width], stride=[rows * width, width, 1], data_type=half, uid=Q)
        k = graph.tensor(dim=[n, width, columns], stride=[columns * width, 1, width], data_type=half, uid=K)
        log_sum = graph.tensor(dim=[n, rows, 1], stride=[rows, 1, 1], data_type=single, uid=LOG_SUM)
        scale = graph.tensor(
            dim=[1, 1, 1], stride=[1, 1, 1], data_type=single, uid=SCALE, is_pass_by_value=True
        )
        scores = graph.mul(a=graph.matmul(A=q, B=k), b=scale)
        p = graph.exp(input=graph.sub(a=scores, b=log_sum))
        dim = (n, rows, columns)
        p.set_output(True).set_uid(P).set_data_type(half).set_dim([*dim]).set_stride(row_major(dim))


@guarded
def _scaled_dot_product_attention(
    q: Any, k: Any, v: Any, mask: Any, keep: Any, *, is_causal: bool = False, scale: float
) -> Any:
    if mask is not None or keep is not None or not _fit(q, k, v):
        return NotImplemented
    batch, (rows, width), (columns, depth) = q.shape[:-2], q.shape[-2:], v.shape[-2:]
    n, dtype = prod(batch), q.dtype
    flash = plan_for(Flash(dtype.name, n, rows, columns, width, depth, float(scale), bool(is_causal)))
    weights = plan_for(Weights(dtype.name, n, rows, columns, width)) if flash is not None else None
    if flash is None or weights is None:
        return NotImplemented
    q, k, v = dense(q), dense(k), dense(v)
    out, p = cupy.empty((*batch, rows, depth), dtype), cupy.empty((*batch, rows, columns), dtype)
    log_sum = cupy.empty((n, rows), np.float32)
    flash.run({Q: q, K: k, V: v, OUT: out, LOG_SUM: log_sum})
    weights.run({Q: q, K: k, LOG_SUM: log_sum, SCALE: np.array(scale, np.float32), P: p})
    if is_causal:
        # What is above the diagonal was in no sum, and may be anything. As bits, since CuPy knows them in both types.
        p = cupy.tril(p.view(np.uint16)).view(dtype)
    return out, p


def _fit(q: Any, k: Any, v: Any) -> bool:
    """Half types without broadcasting and without empty arrays; which widths there are is cuDNN's to say."""
    return (
        q.dtype.name in {"float16", "bfloat16"}
        and q.dtype == k.dtype == v.dtype
        and min(q.ndim, k.ndim, v.ndim) >= 2
        and q.shape[:-2] == k.shape[:-2] == v.shape[:-2]
        and q.shape[-1] == k.shape[-1]
        and k.shape[-2] == v.shape[-2]
        and min(q.size, k.size, v.size) > 0
    )


KERNELS = {"scaled_dot_product_attention": _scaled_dot_product_attention}
"""Operator name -> kernel."""
