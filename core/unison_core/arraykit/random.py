"""Philox4x64-10 in array arithmetic, for libraries without a generator of their own (Note [Random streams])."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from unison_core.dtypes import DType
from unison_core.spec import numel

if TYPE_CHECKING:
    from unison_core.arraykit.kit import ArrayKit

__all__ = ["Random"]

_MULTIPLIERS = (0xD2E7470EE14C6C93, 0xCA5A826395121157)
_WEYL = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)
_MASK = 2**64 - 1


class Random:
    """Kernels on `xp`."""

    def __init__(self, kit: ArrayKit) -> None:
        self.kit = kit
        self.xp = kit.xp

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {"random_bits": self.random_bits}

    def random_bits(
        self, *, shape: tuple[int, ...], seed: int, stream: int, dtype: DType, device: Any
    ) -> Any:
        xp = self.xp
        count = numel(shape)
        per_block = 32 // dtype.itemsize
        words = self._philox(-(-count // per_block), seed, stream)
        native = xp.int64 if dtype.itemsize == 8 else xp.int32
        return words.view(native)[:count].reshape(shape)

    def _philox(self, blocks: int, seed: int, stream: int) -> Any:
        """Ten rounds on the counters (block, 0, stream, 0) under the key (seed, 0); four words a block, in order."""
        xp = self.xp
        u64 = xp.uint64
        zero = xp.zeros(blocks, dtype=u64)
        c = [xp.arange(blocks, dtype=u64), zero, zero + u64(stream), zero]
        key = [seed & _MASK, 0]
        for _ in range(10):
            high0, low0 = self._multiply(c[0], _MULTIPLIERS[0])
            high1, low1 = self._multiply(c[2], _MULTIPLIERS[1])
            c = [high1 ^ c[1] ^ u64(key[0]), low1, high0 ^ c[3] ^ u64(key[1]), low0]
            key = [(k + w) & _MASK for k, w in zip(key, _WEYL, strict=True)]
        return xp.stack(c, axis=1).reshape(-1)

    def _multiply(self, a: Any, b: int) -> tuple[Any, Any]:
        """The high and low 64 bits of a * b, by halves of 32 bits."""
        u64 = self.xp.uint64
        half, mask = u64(32), u64(0xFFFFFFFF)
        a0, a1, b0, b1 = a & mask, a >> half, u64(b & 0xFFFFFFFF), u64(b >> 32)
        cross = a1 * b0 + ((a0 * b0) >> half)
        middle = (cross & mask) + a0 * b1
        return a1 * b1 + (cross >> half) + (middle >> half), a * u64(b)
