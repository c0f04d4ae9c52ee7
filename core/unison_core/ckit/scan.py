"""Cumulative kernels: long lines are cut into chunks, whose totals are themselves scanned and start the chunks.

`logcumsumexp` is left to its body, which doubles the reach of each step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from unison_core import dtypes
from unison_core.ckit.fold import accumulator, highest, lowest, plan
from unison_core.ckit.kit import GROUP, pack
from unison_core.ckit.program import Program
from unison_core.spec import wrap_dim

if TYPE_CHECKING:
    from unison_core.ckit.array import CArray
    from unison_core.ckit.fold import Plan
    from unison_core.ckit.kit import CKit

__all__ = ["Scan"]

_SCAN = Program("scan", "walk.c", "scan.c")
_SPAN = 64
"""The length of a chunk."""
_BUSY = 8192
"""So many lines keep a device busy without chunks."""
_LINE = 4096
"""Lines longer than this are always cut, for the sake of rounding."""


@dataclass(frozen=True, slots=True)
class _Run:
    """What is folded; `over` is the order of an extreme, else `join` an expression of s and v."""

    label: str
    start: float
    join: str = "s"
    over: str = ""
    alone: int = 2 * _SPAN
    """Lines up to this length are never cut."""


_SUM = _Run("cumsum", 0, "ADD(T, s, v)")
_WRAPPING_SUM = replace(_SUM, join="(C(T))((U(T))s + (U(T))v)")
# A chunk's product may overflow where the running product does not.
_PROD = _Run("cumprod", 1, "MUL(T, s, v)", alone=1024)
_WRAPPING_PROD = replace(_PROD, join="(C(T))((U(T))s * (U(T))v)")


class Scan:
    """Kernels along one dimension of arrays with any strides; half types accumulate in float32."""

    def __init__(self, kit: CKit) -> None:
        self.kit = kit

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {
            "cummax": self.cummax,
            "cummin": self.cummin,
            "cumprod": self.cumprod,
            "cumsum": self.cumsum,
        }

    def cumsum(self, x: CArray, *, dim: int) -> CArray:
        return self._along(_SUM if x.dtype in dtypes.INEXACT else _WRAPPING_SUM, x, dim)[0]

    def cumprod(self, x: CArray, *, dim: int) -> CArray:
        return self._along(_PROD if x.dtype in dtypes.INEXACT else _WRAPPING_PROD, x, dim)[0]

    def cummax(self, x: CArray, *, dim: int) -> tuple[CArray, CArray]:
        return self._extremes(_Run("cummax", lowest(accumulator(x.dtype)), over=">="), x, dim)

    def cummin(self, x: CArray, *, dim: int) -> tuple[CArray, CArray]:
        return self._extremes(_Run("cummin", highest(accumulator(x.dtype)), over="<="), x, dim)

    def _extremes(self, how: _Run, x: CArray, dim: int) -> tuple[CArray, CArray]:
        values, places = self._along(how, x, dim)
        return values, places

    def _along(self, how: _Run, x: CArray, dim: int) -> tuple[CArray, ...]:
        d = wrap_dim(dim, x.ndim)
        return self._scan(how, (x,), (d,) if x.ndim else (), x.dtype)

    def _scan(
        self, how: _Run, arrays: tuple[CArray, ...], dims: tuple[int, ...], dtype: dtypes.DType
    ) -> tuple[CArray, ...]:
        """The running folds of an array; arrays: it, and for totals of chunks the places of these."""
        x = arrays[0]
        out = self._results(how, x.shape, dtype, x)
        if not x.size:
            return out
        count = x.shape[dims[0]] if dims else 1
        lines = x.size // count
        if count <= how.alone or (lines >= _BUSY and count <= _LINE):
            layout = plan(x.shape, (x.strides, out[0].strides), dims, x.runtime.facts, span=count)
            self._launch(how, layout, arrays, (), out, (x, out[0]))
            return out
        layout = plan(x.shape, (x.strides,), dims, x.runtime.facts, span=_SPAN)
        totals = self._results(how, (layout.chunks, layout.outputs), accumulator(dtype), x)
        self._launch(how, layout, arrays, (), totals, (x,))
        starts = self._scan(how, totals, (0,), accumulator(dtype))
        layout = plan(x.shape, (x.strides, out[0].strides), dims, x.runtime.facts, span=_SPAN)
        self._launch(how, layout, arrays, starts, out, (x, out[0]))
        return out

    def _results(
        self, how: _Run, shape: tuple[int, ...], dtype: dtypes.DType, like: CArray
    ) -> tuple[CArray, ...]:
        types = (dtype, dtypes.int64) if how.over else (dtype,)
        return tuple(self.kit.empty(shape, t, like.runtime) for t in types)

    def _launch(
        self,
        how: _Run,
        layout: Plan,
        arrays: tuple[CArray, ...],
        starts: tuple[CArray, ...],
        out: tuple[CArray, ...],
        walked: tuple[CArray, ...],
    ) -> None:
        """walked: the arrays whose strides the layout has; without the result's, only totals are written."""
        x, compute = arrays[0], accumulator(arrays[0].dtype)
        defines = (
            ("A", x.dtype),
            ("O", out[0].dtype),
            ("T", compute),
            *layout.defines,
            ("EXTREME", bool(how.over)),
            ("OVER", how.over),
            ("JOIN(s, v)", f"({how.join})"),
            ("PLACED", len(arrays) > 1),
            ("STARTS", bool(starts)),
            ("TOTALS", len(walked) == 1),
        )
        buffers = [a.buffer for a in (*arrays, *starts, *out)]
        params = layout.params(walked) + pack(compute, (how.start,))
        self.kit.launch(_SCAN, defines, layout.groups, GROUP, buffers, params, x.runtime, how.label)
