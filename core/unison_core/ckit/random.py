"""Philox4x64-10 (Note [Random streams] in `ops.random`)."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from unison_core.ckit.array import CArray
from unison_core.ckit.kit import GROUP, RAW
from unison_core.ckit.program import Program
from unison_core.dtypes import DType
from unison_core.spec import Shape

if TYPE_CHECKING:
    from unison_core.ckit.kit import CKit

__all__ = ["Random"]

_BITS = Program("random_bits", "philox.c", "random.c")
_BLOCK = 32
_MASK = 2**64 - 1


class Random:
    """One work-item computes one block of four 64-bit words."""

    def __init__(self, kit: CKit) -> None:
        self.kit = kit

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {"random_bits": self.random_bits}

    def random_bits(self, *, shape: Shape, seed: int, stream: int, dtype: DType, device: Any) -> CArray:
        out = self.kit.empty(shape, dtype, self.kit.runtime(device))
        if out.size:
            blocks = -(-out.size * dtype.itemsize // _BLOCK)
            self.kit.launch(
                _BITS,
                (("O", RAW[dtype.itemsize]), ("WORDS", _BLOCK // dtype.itemsize)),
                (-(-blocks // GROUP),),
                (GROUP,),
                (out.buffer,),
                struct.pack("QQqqq", seed & _MASK, stream & _MASK, out.size, blocks, out.offset),
                out.runtime,
                "random_bits",
            )
        return out
