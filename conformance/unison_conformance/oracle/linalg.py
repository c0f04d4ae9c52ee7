"""Matrix products: every product of 106 bits, summed pairwise, beside the product of the moduli."""

from __future__ import annotations

from typing import Any

import numpy as np

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
        return Reference(wide(a) @ wide(b), scale, terms)
    ar, ai, br, bi = (wide(part) for part in (a.real, a.imag, b.real, b.imag))
    return Reference((ar @ br - ai @ bi, ar @ bi + ai @ br), scale, 2 * terms)


@oracle("matmul")
def _matmul(a: Any, b: Any) -> Any:
    return product(a, b)


@oracle("linear")
def _linear(x: Any, weight: Any, bias: Any) -> Any:
    rows = x.reshape(int(np.prod(x.shape[:-1], dtype=np.int64)), x.shape[-1])
    out = product(rows, np.ascontiguousarray(np.swapaxes(weight, 0, 1)))
    shape = (*x.shape[:-1], weight.shape[0])
    value, scale = out.value, out.scale
    if bias is not None:
        value = _plus(value, bias)
        scale = None if scale is None else scale + np.abs(bias).astype(np.float64)
    return Reference(_shaped(value, shape), None if scale is None else scale.reshape(shape), out.terms + 1)


def _plus(value: Any, bias: Any) -> Any:
    if isinstance(value, tuple):
        return value[0] + wide(bias.real), value[1] + wide(bias.imag)
    return value + (wide(bias) if isinstance(value, Wide) else bias)


def _shaped(value: Any, shape: tuple[int, ...]) -> Any:
    if isinstance(value, tuple):
        return tuple(v.apply(np.reshape, shape) for v in value)
    return value.apply(np.reshape, shape) if isinstance(value, Wide) else value.reshape(shape)
