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
    from unison_core.ckit.runtime import Runtime

__all__ = ["Creation", "bits_of"]


class Creation:
    """Numbers are computed in int64, in float64, or where the device lacks it in pairs of float32, and rounded once."""

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
        if any(n < 0 for n in shape):
            raise ValueError("negative")
        return self.kit.empty(shape, dtype, self.kit.runtime(device))

    def full(self, *, shape: Shape, value: Any, dtype: DType, device: Any) -> CArray:
        out = self.empty(shape=shape, dtype=dtype, device=device)
        if out.size:
            self.kit.fill(out, bits_of(value, dtype))
        return out

    def arange(self, *, start: float, end: float, step: float, dtype: DType, device: Any) -> CArray:
        runtime = self.kit.runtime(device)
        count = arange_length(start, end, step)
        if all(isinstance(v, int) for v in (start, end, step)):
            return self._numbers("K(0) + i * K(1)", (start, step), count, dtypes.int64, dtype, runtime)
        return self._line("arange", (start, step), count, dtype, runtime)

    def linspace(self, *, start: float, end: float, steps: int, dtype: DType, device: Any) -> CArray:
        """From both ends towards the middle, so that the last number is `end` exactly."""
        if steps < 0:
            raise ValueError("steps")
        runtime = self.kit.runtime(device)
        if dtype.is_complex:
            return self._joined(start, end, steps, dtype, device)
        step = (end - start) / (steps - 1) if steps > 1 else 0.0
        ends = (start, step, end if steps > 1 else start)
        return self._line("linspace", ends, steps, dtype, runtime)

    def _joined(self, start: complex, end: complex, steps: int, dtype: DType, device: Any) -> CArray:
        out = self.kit.empty((steps,), dtype, self.kit.runtime(device))
        first, last, part = complex(start), complex(end), dtype.to_real()
        for at, (low, high) in enumerate(((first.real, last.real), (first.imag, last.imag))):
            numbers = self.linspace(start=low, end=high, steps=steps, dtype=part, device=device)
            self.kit.write(out.like((steps,), part, (2,), at), numbers, "linspace")
        return out

    def _line(
        self, label: str, ends: tuple[float, ...], count: int, dtype: DType, runtime: Runtime
    ) -> CArray:
        """start + i step, and from the middle on end - (count - 1 - i) step."""
        if runtime.facts.fp64:
            constants, form = ends, "K(0) + i * K(1)"
            back = "K(2) - (p.n[0] - 1 - i) * K(1)"
        else:
            constants = tuple(part for v in ends for part in (single(v), v - single(v)))
            form, back = (
                "position(K(0), K(1), K(2), K(3), i)",
                "position(K(4), K(5), K(2), K(3), i + 1 - p.n[0])",
            )
        if len(ends) > 2:
            form = f"i < p.n[0] / 2 ? {form} : {back}"
        wide = dtypes.float64 if runtime.facts.fp64 else dtypes.float32
        return self._numbers(form, constants, count, wide, dtype, runtime, label)

    def _numbers(
        self,
        form: str,
        constants: tuple[float, ...],
        count: int,
        wide: DType,
        dtype: DType,
        runtime: Runtime,
        label: str = "arange",
    ) -> CArray:
        kit = self.kit
        numbers = kit.map(
            form,
            [],
            dtype=wide,
            compute=wide,
            constants=constants,
            headers=() if wide is not dtypes.float32 else ("range.h",),
            runtime=runtime,
            shape=(count,),
            label=label,
        )
        if dtype is wide:
            return numbers
        out = kit.empty((count,), dtype, runtime)
        kit.cast(numbers, out)
        return out

    def eye(self, *, rows: int, columns: int, dtype: DType, device: Any) -> CArray:
        out = self.full(shape=(rows, columns), value=0, dtype=dtype, device=device)
        length = min(rows, columns)
        if length:
            self.kit.fill(out.like((length,), dtype, (columns + 1,), 0), bits_of(1, dtype))
        return out


def single(value: float) -> float:
    """The nearest float32."""
    return float(struct.unpack("<f", bits_of(value, dtypes.float32))[0])


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
