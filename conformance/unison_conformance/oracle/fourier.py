"""Fourier transforms: the defining sums, with roots of unity by ball arithmetic and products of 106 bits."""

from __future__ import annotations

from typing import Any

import numpy as np

from unison_conformance.oracle.multiprecision import evaluate
from unison_conformance.oracle.reference import Reference, oracle
from unison_conformance.oracle.wide import Wide, wide

__all__: list[str] = []


def _turns(rows: int, columns: int, length: int) -> tuple[Wide, Wide]:
    """Cosine and sine of 2 pi j k / length for j below rows, k below columns."""
    once = np.arange(length)
    cosine = evaluate(lambda r: (2 * r / length).cos_pi(), once)
    sine = evaluate(lambda r: (2 * r / length).sin_pi(), once)
    place = np.outer(np.arange(rows), np.arange(columns)) % length
    return cosine[place], sine[place]


def _sums(x: Any, dim: int, count: int, length: int, sign: float) -> Reference:
    """Element k < count is the sum of x[j] exp(sign 2 pi i j k / length); the last dimension moves back to dim."""
    moved = np.moveaxis(x, dim, -1)
    flat = moved.reshape(-1, moved.shape[-1])
    cosine, sine = _turns(flat.shape[1], count, length)
    sine = sine * sign
    shape = (*moved.shape[:-1], count)
    if x.dtype.kind == "c":
        re, im = wide(flat.real), wide(flat.imag)
        parts = (re @ cosine - im @ sine, re @ sine + im @ cosine)
    else:
        re = wide(flat)
        parts = (re @ cosine, re @ sine)
    size = np.abs(flat).astype(np.float64).sum(-1, keepdims=True)
    scale = np.moveaxis(np.broadcast_to(size, (len(flat), count)).reshape(shape), -1, dim)
    value = tuple(part.reshape(*shape).apply(np.moveaxis, -1, dim) for part in parts)
    # How a sum with infinite terms comes out depends on the order of the sums.
    return Reference(value, scale, 2 * flat.shape[1], ~np.isfinite(scale))


@oracle("fft_c2c")
def _c2c(x: Any, *, dim: int, inverse: bool) -> Reference:
    return _sums(x, dim, x.shape[dim], x.shape[dim], 1.0 if inverse else -1.0)


@oracle("fft_r2c")
def _r2c(x: Any, *, dim: int) -> Reference:
    return _sums(x, dim, x.shape[dim] // 2 + 1, x.shape[dim], -1.0)


@oracle("fft_c2r")
def _c2r(x: Any, *, dim: int, length: int) -> Reference:
    """Twice the elements that stand for two, and of those that stand for themselves the real part."""
    whole = np.moveaxis(x, dim, -1).astype(np.complex128)
    pairs = (length - 1) // 2
    weighted = whole.copy()
    weighted[..., 1 : 1 + pairs] *= 2
    alone = [k for k in range(whole.shape[-1]) if not 1 <= k <= pairs]
    weighted[..., alone] = whole[..., alone].real
    out = _sums(np.moveaxis(weighted, -1, dim), dim, length, length, 1.0)
    scale = np.moveaxis(
        np.broadcast_to(np.abs(whole).sum(-1, keepdims=True) * 2, (*whole.shape[:-1], length)), -1, dim
    )
    return Reference(out.value[0], scale, out.terms, ~np.isfinite(scale))
