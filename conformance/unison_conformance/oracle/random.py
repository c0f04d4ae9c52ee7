"""Random numbers: Philox4x64-10 in Python's integers, after Salmon et al., Parallel Random Numbers, 2011.

The stream is that of docs/design/004: key (seed, 0), counter (block, 0, stream, 0), words of 32 bits low half first.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import pi
from typing import Any

import numpy as np

from unison_conformance.oracle import wide as arithmetic
from unison_conformance.oracle.multiprecision import evaluate
from unison_conformance.oracle.reference import Reference, oracle
from unison_conformance.oracle.rounding import FORMATS, native, rounded, widened
from unison_conformance.oracle.wide import wide
from unison_core import dtypes
from unison_core.dtypes import DType

__all__ = ["philox", "words"]

_ROUNDS = 10
_ONES = (1 << 64) - 1
_MULTIPLIERS = (0xD2E7470EE14C6C93, 0xCA5A826395121157)
"""Of the first and of the third word of the counter: table 2 of the paper."""
_BUMPS = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)
"""What each round adds to the key: the golden ratio and the square root of 3, less 1."""


def philox(counter: tuple[int, int, int, int], key: tuple[int, int]) -> tuple[int, int, int, int]:
    """Four words of 64 bits."""
    for _ in range(_ROUNDS):
        first, third = _MULTIPLIERS[0] * counter[0], _MULTIPLIERS[1] * counter[2]
        counter = (
            (third >> 64) ^ counter[1] ^ key[0],
            third & _ONES,
            (first >> 64) ^ counter[3] ^ key[1],
            first & _ONES,
        )
        key = ((key[0] + _BUMPS[0]) & _ONES, (key[1] + _BUMPS[1]) & _ONES)
    return counter


@lru_cache(64)
def words(count: int, bits: int, seed: int, stream: int) -> tuple[int, ...]:
    """The first unsigned words of 32 or 64 bits of a stream."""
    out: list[int] = []
    for block in range(-(-count * bits // 256)):
        for word in philox((block, 0, stream & _ONES, 0), (seed & _ONES, 0)):
            out += [word] if bits == 64 else [word & 0xFFFFFFFF, word >> 32]
    return tuple(out[:count])


def _size(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape, dtype=np.int64))


@oracle("random_bits")
def _random_bits(*, shape: tuple[int, ...], seed: int, stream: int, dtype: DType) -> Any:
    return np.array(words(_size(shape), dtype.bits, seed, stream), object).reshape(shape)


def _fractions(count: int, bits: int, seed: int, stream: int) -> list[Fraction]:
    """The top 53 of 64 or 24 of 32 bits, as parts of 1."""
    kept = 53 if bits == 64 else 24
    return [Fraction(w >> (bits - kept), 1 << kept) for w in words(count, bits, seed, stream)]


@oracle("uniform")
def _uniform(*, shape: tuple[int, ...], seed: int, stream: int, dtype: DType) -> Any:
    """Types of fewer bits drop the last ones, so that no number becomes 1."""
    held = FORMATS[dtype][0]
    drawn = _fractions(_size(shape), 64 if dtype is dtypes.float64 else 32, seed, stream)
    kept = [Fraction(int(v * (1 << held)), 1 << held) if held < 24 else v for v in drawn]
    return np.array([float(v) for v in kept], np.float64).astype(native(dtype)).reshape(shape)


@oracle("normal")
def _normal(*, shape: tuple[int, ...], seed: int, stream: int, dtype: DType) -> Any:
    """Box and Muller's formula; the angle is the rounded product of a number and 2 pi, as the formula fixes it."""
    held = dtypes.float64 if dtype is dtypes.float64 else dtypes.float32
    drawn = _fractions(2 * _size(shape), held.bits, seed, stream)
    turn = Fraction(rounded(2 * pi, held))
    angles = [rounded(v * turn, held) for v in drawn[1::2]]
    first = np.array([float(v) for v in drawn[::2]], np.float64)
    out = evaluate(lambda u, angle: (-2 * (-u).log1p()).sqrt() * angle.cos(), first, np.array(angles))
    return out.apply(np.reshape, shape)


@oracle("randint")
def _randint(*, shape: tuple[int, ...], low: int, high: int, seed: int, stream: int) -> Any:
    drawn = words(_size(shape), 64, seed, stream)
    return np.array([w % (1 << 63) % (high - low) + low for w in drawn], object).reshape(shape)


@oracle("dropout")
def _dropout(x: Any, *, p: float, seed: int, stream: int) -> Any:
    """Elements whose number is below p, rounded to float32, become 0 whatever they are."""
    least = Fraction(rounded(float(p), dtypes.float32))
    kept = np.array([v >= least for v in _fractions(x.size, 32, seed, stream)], bool).reshape(x.shape)
    scale = widened([0 if p >= 1 else 1 / (1 - Fraction(float(p)))], ())
    return Reference(arithmetic.where(kept, wide(x) * scale, 0.0))
