"""Elementwise kernels: one C expression for each kind of number."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from unison_core import dtypes, operator
from unison_core.ckit.array import CArray
from unison_core.ckit.expressions import EXPRESSIONS
from unison_core.ckit.kit import RAW
from unison_core.errors import OperatorError
from unison_core.spec import broadcast

if TYPE_CHECKING:
    from unison_core.ckit.kit import CKit

__all__ = ["Elementwise"]

_DIVISIONS = ("floor_divide", "fmod", "remainder")


class Elementwise:
    """The kernels of `expressions`, each a map; `out=` lets them write in place."""

    def __init__(self, kit: CKit) -> None:
        self.kit = kit

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {"where": self.where, **self.inplace()}

    def inplace(self) -> dict[str, Callable[..., Any]]:
        """Those that may write into an array they are given."""
        return {name: self._kernel(name) for name in EXPRESSIONS}

    def _kernel(self, name: str) -> Callable[..., Any]:
        forms, same = EXPRESSIONS[name], operator.get(name).same_dtype
        kit, divides = self.kit, name in _DIVISIONS

        def kernel(*arrays: CArray, out: CArray | None = None) -> CArray:
            first = arrays[0]
            form, headers = forms.of(first.dtype)
            if divides and first.dtype in dtypes.INTEGER and kit.any("a == 0", arrays[1:], label=name):
                raise OperatorError("ZeroDivisionError: integer division or modulo by zero")
            if out is not None:
                arrays = kit.apart(arrays, out)
            return kit.map(
                form,
                arrays,
                dtype=first.dtype if same else dtypes.bool_,
                out=out,
                headers=headers,
                label=name,
            )

        kernel.__qualname__ = f"ckit {name}"
        return kernel

    def where(self, condition: CArray, a: CArray, b: CArray) -> CArray:
        shape = broadcast(condition.shape, a.shape, b.shape)
        raw = RAW[a.dtype.itemsize]
        out = self.kit.empty(shape, a.dtype, a.runtime)
        return self.kit.map(
            "a ? b : c", [condition, a, b], out=out, types=(condition.dtype, raw, raw, raw), label="where"
        )
