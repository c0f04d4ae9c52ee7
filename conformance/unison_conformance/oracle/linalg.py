"""Matrix products: every product of 106 bits, summed pairwise, beside the product of the moduli."""

from __future__ import annotations

from typing import Any

import numpy as np

from unison_conformance.oracle.order import open_dots
from unison_conformance.oracle.reference import Reference, oracle
from unison_conformance.oracle.wide import Wide, wide

__all__ = ["product"]


def product(a: Any, b: Any) -> Reference:
    """a @ b of (batches of) matrices; integers wrap, n is the number of products that are added."""
    terms = a.shape[-1]
    if a.dtype.kind in "biu":
        left, right = (m.astype(np.int64).view(np.uint64) for m in (a, b))
        total = (left[..., :, None, :] * np.swapaxes(right, -1, -2)[..., None, :, :]).sum(-1, dtype=np.uint64)
        return Reference(total.astype(a.dtype))
    scale = (wide(np.abs(a)) @ wide(np.abs(b))).hi
    if a.dtype.kind != "c":
        return Reference(wide(a) @ wide(b), scale, terms, open_dots(a, b, np.matmul, terms))
    ar, ai, br, bi = (wide(part) for part in (a.real, a.imag, b.real, b.imag))
    # What is infinite in one part and not in the other depends on how complex numbers are multiplied.
    return Reference((ar @ br - ai @ bi, ar @ bi + ai @ br), scale, 2 * terms, ~np.isfinite(scale))


@oracle("matmul")
def _matmul(a: Any, b: Any) -> Any:
    return product(a, b)


@oracle("linear")
def _linear(x: Any, weight: Any, bias: Any) -> Any:
    rows = x.reshape(int(np.prod(x.shape[:-1], dtype=np.int64)), x.shape[-1])
    columns = np.ascontiguousarray(np.swapaxes(weight, 0, 1))
    if bias is not None:
        # The bias is one more term, times 1.
        rows = np.concatenate([rows, np.ones((len(rows), 1), rows.dtype)], 1)
        columns = np.concatenate([columns, bias.reshape(1, -1)], 0)
    out = product(rows, columns)
    shape = (*x.shape[:-1], weight.shape[0])
    scale, free = (None if v is None else v.reshape(shape) for v in (out.scale, out.free))
    return Reference(_shaped(out.value, shape), scale, out.terms, free)


def _shaped(value: Any, shape: tuple[int, ...]) -> Any:
    if isinstance(value, tuple):
        return tuple(v.apply(np.reshape, shape) for v in value)
    return value.apply(np.reshape, shape) if isinstance(value, Wide) else value.reshape(shape)
