"""Reductions: folds of one expression, and the places of extremes. Half types accumulate in float32."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from unison_core import dtypes
from unison_core.ckit.fold import Fold, accumulator, fold, highest, lowest, place
from unison_core.spec import wrap_dims

if TYPE_CHECKING:
    from unison_core.ckit.array import CArray
    from unison_core.ckit.kit import CKit

__all__ = ["Reduction"]

Dims = tuple[int, ...] | None

_SUM = Fold("ADD(T, s, v)", 0, label="sum")
_WRAPPING_SUM = Fold("(C(T))((U(T))s + (U(T))v)", 0, label="sum")
_PROD = Fold("MUL(T, s, v)", 1, label="prod")
_WRAPPING_PROD = Fold("(C(T))((U(T))s * (U(T))v)", 1, label="prod")
_ALL = Fold("s & v", 1, each="a != 0", label="all")
_ANY = Fold("s | v", 0, each="a != 0", label="any")


class Reduction:
    """Kernels over any dimensions of arrays with any strides."""

    def __init__(self, kit: CKit) -> None:
        self.kit = kit

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {
            "all": self.all,
            "amax": self.amax,
            "amin": self.amin,
            "any": self.any,
            "argmax": self.argmax,
            "argmin": self.argmin,
            "mean": self.mean,
            "prod": self.prod,
            "sum": self.sum,
        }

    def _fold(self, how: Fold, x: CArray, dim: Dims, keepdim: bool, **more: Any) -> CArray:
        more.setdefault("dtype", x.dtype)
        return fold(self.kit, how, [x], wrap_dims(dim, x.ndim), keepdim=keepdim, **more)

    def sum(self, x: CArray, *, dim: Dims, keepdim: bool) -> CArray:
        return self._fold(_SUM if x.dtype in dtypes.INEXACT else _WRAPPING_SUM, x, dim, keepdim)

    def prod(self, x: CArray, *, dim: Dims, keepdim: bool) -> CArray:
        return self._fold(_PROD if x.dtype in dtypes.INEXACT else _WRAPPING_PROD, x, dim, keepdim)

    def mean(self, x: CArray, *, dim: Dims, keepdim: bool) -> CArray:
        """Rounded once: half types are divided in float32."""
        if x.dtype not in dtypes.INEXACT:
            raise TypeError(f"{x.dtype.name} has no mean")
        count = 1
        for d in wrap_dims(dim, x.ndim):
            count *= x.shape[d]
        how = Fold("ADD(T, s, v)", 0, finish="DIV(T, s, K(1))", label="mean")
        return self._fold(how, x, dim, keepdim, constants=(count,))

    def amax(self, x: CArray, *, dim: Dims, keepdim: bool) -> CArray:
        _refuse_nothing(x, wrap_dims(dim, x.ndim))
        how = Fold("v > s || v != v ? v : s", lowest(accumulator(x.dtype)), label="amax")
        return self._fold(how, x, dim, keepdim)

    def amin(self, x: CArray, *, dim: Dims, keepdim: bool) -> CArray:
        _refuse_nothing(x, wrap_dims(dim, x.ndim))
        how = Fold("v < s || v != v ? v : s", highest(accumulator(x.dtype)), label="amin")
        return self._fold(how, x, dim, keepdim)

    def all(self, x: CArray, *, dim: Dims, keepdim: bool) -> CArray:
        return self._fold(_of(_ALL, x), x, dim, keepdim, dtype=dtypes.bool_, compute=dtypes.int32)

    def any(self, x: CArray, *, dim: Dims, keepdim: bool) -> CArray:
        return self._fold(_of(_ANY, x), x, dim, keepdim, dtype=dtypes.bool_, compute=dtypes.int32)

    def argmax(self, x: CArray, *, dim: int | None, keepdim: bool) -> CArray:
        return self._place(x, dim, ">", keepdim=keepdim, label="argmax")

    def argmin(self, x: CArray, *, dim: int | None, keepdim: bool) -> CArray:
        return self._place(x, dim, "<", keepdim=keepdim, label="argmin")

    def _place(self, x: CArray, dim: int | None, over: str, *, keepdim: bool, label: str) -> CArray:
        dims = wrap_dims(dim, x.ndim)
        _refuse_nothing(x, dims)
        return place(self.kit, [x], dims, over, keepdim=keepdim, label=label)


def _of(how: Fold, x: CArray) -> Fold:
    return replace(how, each="a.re != 0 || a.im != 0") if x.dtype.is_complex else how


def _refuse_nothing(x: CArray, dims: tuple[int, ...]) -> None:
    """Nothing has no extreme.

    Raises:
        ValueError: the dispatcher turns it into the operator's own error.
    """
    if any(x.shape[d] == 0 for d in dims):
        raise ValueError("no elements")
