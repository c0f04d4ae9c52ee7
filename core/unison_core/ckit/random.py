"""Random numbers from Philox4x64-10 (Note [Random streams] in `ops.random`), each in one launch."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from math import pi
from typing import TYPE_CHECKING, Any

from unison_core import dtypes
from unison_core.ckit.array import CArray
from unison_core.ckit.creation import bits_of
from unison_core.ckit.kit import GROUP, RAW, pack
from unison_core.ckit.program import Program
from unison_core.dtypes import DType
from unison_core.spec import Shape

if TYPE_CHECKING:
    from unison_core.ckit.kit import CKit

__all__ = ["Random"]

_DRAW = Program("draw", "philox.c", "random.c")
_BLOCK = 256
"""Bits of a block, which one work-item computes."""

_MASK = 2**64 - 1
_NORMAL = "sqrt(R(-2) * log1p(-FRACTION(2 * e))) * cos(FRACTION(2 * e + 1) * K(0))"
_KEPT = {"float16": 11, "bfloat16": 8}
"""Bits of a number in [0, 1) that a half type keeps without rounding up to 1."""


class Random:
    """Kernels for every operator of the theme: what their bodies say, without arrays in between."""

    def __init__(self, kit: CKit) -> None:
        self.kit = kit

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {
            "dropout": self.dropout,
            "normal": self.normal,
            "randint": self.randint,
            "random_bits": self.random_bits,
            "uniform": self.uniform,
        }

    def _drawn(
        self,
        out: CArray,
        result: str,
        seed: int,
        stream: int,
        label: str,
        *,
        width: int,
        words: int = 1,
        types: tuple[Any, Any] | None = None,
        constants: Sequence[float] = (),
        x: CArray | None = None,
    ) -> CArray:
        """Fill out with results of so many words of that width each. types: what out holds, and computes in."""
        if not out.size:
            return out
        held, compute = types or (out.dtype, out.dtype)
        per = _BLOCK // (width * words)
        blocks = -(-out.size // per)
        defines = (
            ("O", held),
            ("T", compute),
            ("WIDTH", width),
            ("PER", per),
            ("CONSTANTS", len(constants)),
            ("RESULT", f"({result})"),
            *((("TAKES_X", 1),) if x is not None else ()),
        )
        params = struct.pack(
            "QQqqqq", seed & _MASK, stream & _MASK, out.size, blocks, out.offset, x.offset if x else 0
        )
        self.kit.launch(
            _DRAW,
            defines,
            -(-blocks // GROUP),
            GROUP,
            [*([x.buffer] if x is not None else []), out.buffer],
            params + pack(compute, constants),
            out.runtime,
            label,
        )
        return out

    def _empty(self, shape: Shape, dtype: DType, device: Any) -> CArray:
        return self.kit.empty(shape, dtype, self.kit.runtime(device))

    def random_bits(self, *, shape: Shape, seed: int, stream: int, dtype: DType, device: Any) -> CArray:
        out = self._empty(shape, dtype, device)
        raw = RAW[dtype.itemsize]
        return self._drawn(
            out, "WORD(e)", seed, stream, "random_bits", width=8 * dtype.itemsize, types=(raw, raw)
        )

    def uniform(self, *, shape: Shape, seed: int, stream: int, dtype: DType, device: Any) -> CArray:
        out = self._empty(shape, dtype, device)
        kept = _KEPT.get(dtype.name)
        result = f"(f32)(i32)(WORD(e) >> {32 - kept}) * (f32)0x1p-{kept}" if kept else "FRACTION(e)"
        return self._drawn(out, result, seed, stream, "uniform", width=_width(dtype))

    def normal(self, *, shape: Shape, seed: int, stream: int, dtype: DType, device: Any) -> CArray:
        out = self._empty(shape, dtype, device)
        return self._drawn(
            out, _NORMAL, seed, stream, "normal", width=_width(dtype), words=2, constants=(2 * pi,)
        )

    def randint(self, *, shape: Shape, low: int, high: int, seed: int, stream: int, device: Any) -> CArray:
        out = self._empty(shape, dtypes.int64, device)
        if out.size and high <= low:
            raise ZeroDivisionError("no numbers between low and high")
        return self._drawn(
            out,
            "(i64)((WORD(e) & 0x7fffffffffffffffUL) % (u64)K(1)) + K(0)",
            seed,
            stream,
            "randint",
            width=64,
            constants=(low, high - low),
        )

    def dropout(self, x: CArray, *, p: float, seed: int, stream: int) -> CArray:
        out = self.kit.empty(x.shape, x.dtype, x.runtime)
        scale = 0.0 if p >= 1 else 1 / (1 - p)
        # The draw is compared in float32, whatever x is.
        single = struct.unpack("f", struct.pack("f", p))[0]
        return self._drawn(
            out,
            "FRACTION(e) >= (f32)K(0) ? x * K(1) : R(0)",
            seed,
            stream,
            "dropout",
            width=32,
            constants=(single, _rounded(scale, x.dtype)),
            x=self.kit.contiguous(x),
        )


def _width(dtype: DType) -> int:
    return 64 if dtype is dtypes.float64 else 32


def _rounded(value: float, dtype: DType) -> float:
    """The number of the dtype nearest to value."""
    data = bits_of(value, dtype)
    if dtype is dtypes.bfloat16:
        return float(struct.unpack("<f", bytes(2) + data)[0])
    return float(struct.unpack({16: "<e", 32: "<f", 64: "<d"}[dtype.bits], data)[0])
