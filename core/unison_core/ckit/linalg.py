"""Matrix product kernels."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from unison_core import dtypes
from unison_core.ckit.array import CArray
from unison_core.ckit.program import Program
from unison_core.dtypes import DType
from unison_core.spec import broadcast, numel
from unison_core.strided import broadcast_strides, collapse

if TYPE_CHECKING:
    from unison_core.ckit.kit import CKit

__all__ = ["Linalg", "sum_type"]

_MATMUL = Program("matmul", "linalg.c")
_GROUP = 64


def sum_type(dtype: DType) -> str:
    """The C type that sums of a dtype are held in; integers wrap, so theirs are unsigned."""
    if dtype.is_floating_point:
        return "f64" if dtype is dtypes.float64 else "f32"
    return "u64" if dtype is dtypes.int64 else "u32"


class Linalg:
    """Products of any strides without copies."""

    def __init__(self, kit: CKit) -> None:
        self.kit = kit

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {"matmul": self.matmul}

    def matmul(self, a: CArray, b: CArray) -> CArray:
        if a.ndim < 2 or b.ndim < 2 or a.shape[-1] != b.shape[-2]:
            raise ValueError("matmul")
        batch = broadcast(a.shape[:-2], b.shape[:-2])
        rows, columns = a.shape[-2], b.shape[-1]
        out = self.kit.empty((*batch, rows, columns), a.dtype, a.runtime)
        if not out.size:
            return out
        lengths, steps = collapse(
            batch,
            broadcast_strides(a.shape[:-2], a.strides[:-2], batch),
            broadcast_strides(b.shape[:-2], b.strides[:-2], batch),
        )
        rest = [0] * (8 - len(lengths))
        params = struct.pack(
            "35q",
            *(rows, columns, a.shape[-1], len(lengths), a.offset, b.offset, out.offset),
            *(a.strides[-2], b.strides[-2], a.strides[-1], b.strides[-1]),
            *(*lengths, *rest, *steps[0], *rest, *steps[1], *rest),
        )
        self.kit.launch(
            _MATMUL,
            (("T", a.dtype), ("SUM", sum_type(a.dtype))),
            (-(-columns // _GROUP), rows, numel(batch)),
            (_GROUP,),
            (a.buffer, b.buffer, out.buffer),
            params,
            a.runtime,
            "matmul",
        )
        return out
