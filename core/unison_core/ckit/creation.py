"""Kernels that make arrays."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from unison_core import dtypes
from unison_core.dtypes import Category, DType
from unison_core.ops.creation import arange_length
from unison_core.spec import Shape

if TYPE_CHECKING:
    from unison_core.ckit.array import CArray
    from unison_core.ckit.kit import CKit

__all__ = ["Creation", "bits_of"]


class Creation:
    """Numbers are computed in int64, or in float64 where the device has it, and rounded once."""

    def __init__(self, kit: CKit) -> None:
        self.kit = kit

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {
            "arange": self.arange,
            "empty": self.empty,
            "eye": self.eye,
            "full": self.full,
            "linspace": self.linspace,
        }

    def empty(self, *, shape: Shape, dtype: DType, device: Any) -> CArray:
        return self.kit.empty(shape, dtype, self.kit.runtime(device))

    def full(self, *, shape: Shape, value: Any, dtype: DType, device: Any) -> CArray:
        out = self.kit.empty(shape, dtype, self.kit.runtime(device))
        if out.size:
            self.kit.fill(out, bits_of(value, dtype))
        return out

    def arange(self, *, start: float, end: float, step: float, dtype: DType, device: Any) -> CArray:
        kit, runtime = self.kit, self.kit.runtime(device)
        count = arange_length(start, end, step)
        whole = all(isinstance(v, int) for v in (start, end, step))
        wide = dtypes.int64 if whole else dtypes.float64 if runtime.facts.fp64 else dtypes.float32
        steps = kit.map(
            "K(0) + i * K(1)",
            [],
            dtype=wide,
            compute=wide,
            constants=(start, step),
            runtime=runtime,
            shape=(count,),
            label="arange",
        )
        if dtype is wide:
            return steps
        out = kit.empty((count,), dtype, runtime)
        kit.cast(steps, out)
        return out

    def linspace(self, *, start: float, end: float, steps: int, dtype: DType, device: Any) -> CArray:
        """From both ends towards the middle, so that the last number is `end` exactly."""
        kit, runtime = self.kit, self.kit.runtime(device)
        wide = dtypes.float64 if runtime.facts.fp64 else dtypes.float32
        step = (end - start) / (steps - 1) if steps > 1 else 0.0
        points = kit.map(
            "i < (i64)K(3) ? K(0) + K(2) * i : K(1) - K(2) * (K(4) - i)",
            [],
            dtype=wide,
            compute=wide,
            constants=(start, end if steps > 1 else start, step, steps // 2, steps - 1),
            runtime=runtime,
            shape=(steps,),
            label="linspace",
        )
        if dtype is wide:
            return points
        out = kit.empty((steps,), dtype, runtime)
        kit.cast(points, out)
        return out

    def eye(self, *, rows: int, columns: int, dtype: DType, device: Any) -> CArray:
        out = self.full(shape=(rows, columns), value=0, dtype=dtype, device=device)
        length = min(rows, columns)
        if length:
            self.kit.fill(out.like((length,), dtype, (columns + 1,), 0), bits_of(1, dtype))
        return out


def bits_of(value: Any, dtype: DType) -> bytes:
    """The memory of one element of that value, correctly rounded."""
    if dtype.is_complex:
        part = dtype.to_real()
        number = complex(value)
        return bits_of(number.real, part) + bits_of(number.imag, part)
    if dtype.category < Category.FLOATING:
        number = int(bool(value)) if dtype is dtypes.bool_ else int(value)
        size = dtype.itemsize
        return (number % (1 << 8 * size)).to_bytes(size, "little")
    if dtype is dtypes.bfloat16:
        return _bfloat16(float(value))
    code = {16: "e", 32: "f", 64: "d"}[dtype.bits]
    try:
        return struct.pack(f"<{code}", value)
    except OverflowError:
        return struct.pack(f"<{code}", float("inf") if value > 0 else float("-inf"))


def _bfloat16(value: float) -> bytes:
    """The upper half of the float32, rounded to even from the float64."""
    from math import frexp, isfinite, ldexp

    if not isfinite(value) or value == 0:
        return struct.pack("<f", value)[2:]
    exponent = max(frexp(value)[1], -125) - 8
    rounded = ldexp(round(ldexp(value, -exponent)), exponent)
    try:
        return struct.pack("<f", rounded)[2:]
    except OverflowError:
        return struct.pack("<f", float("inf") if value > 0 else float("-inf"))[2:]
