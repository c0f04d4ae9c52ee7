"""Elementwise kernels: one C expression for each kind of number."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from unison_core import dtypes, operator
from unison_core.ckit.array import CArray
from unison_core.ckit.expressions import CLAMP, EXPRESSIONS, GELU, GELU_BACKWARD, Forms
from unison_core.ckit.kit import RAW
from unison_core.ckit.parts import part_of
from unison_core.errors import OperatorError
from unison_core.spec import broadcast

if TYPE_CHECKING:
    from unison_core.ckit.kit import CKit

__all__ = ["Elementwise"]

Kernel = Callable[..., Any]

_DIVISIONS = ("floor_divide", "fmod", "remainder")


class Elementwise:
    """The kernels of `expressions`, each a map; `out=` lets them write in place."""

    def __init__(self, kit: CKit) -> None:
        self.kit = kit

    def table(self) -> dict[str, Kernel]:
        """Operator name -> kernel."""
        return {
            "complex": self.complex,
            "complex_abs": self.complex_abs,
            "conj": self.conj,
            "imag": self.imag,
            "real": self.real,
            "where": self.where,
            **self.inplace(),
        }

    def inplace(self) -> dict[str, Kernel]:
        """Those that may write into an array they are given."""
        kernels = {name: self._kernel(name, forms) for name, forms in EXPRESSIONS.items()}
        for name in _DIVISIONS:
            kernels[name] = self._refusing_zero(name, kernels[name])
        return {
            **kernels,
            "clamp": self._clamp(),
            "gelu": self._approximated("gelu", GELU),
            "gelu_backward": self._approximated("gelu_backward", GELU_BACKWARD),
        }

    def _kernel(self, name: str, forms: Forms) -> Kernel:
        same, attributes = operator.get(name).same_dtype, forms.attributes
        kit = self.kit

        def kernel(*arrays: CArray, out: CArray | None = None, **attrs: Any) -> CArray:
            first = arrays[0]
            form, headers = forms.of(first.dtype)
            if out is not None:
                arrays = kit.apart(arrays, out)
            return kit.map(
                form,
                arrays,
                dtype=first.dtype if same else dtypes.bool_,
                out=out,
                headers=headers,
                constants=tuple(attrs[key] for key in attributes),
                label=name,
            )

        kernel.__qualname__ = f"ckit {name}"
        return kernel

    def _refusing_zero(self, name: str, kernel: Kernel) -> Kernel:
        def refusing(a: CArray, b: CArray, *, out: CArray | None = None) -> Any:
            if b.dtype in dtypes.INTEGER and self.kit.any("a == 0", [b], label=name):
                raise OperatorError("ZeroDivisionError: integer division or modulo by zero")
            return kernel(a, b, out=out)

        return refusing

    def _approximated(self, name: str, forms: dict[str, Forms]) -> Kernel:
        kernels = {approximate: self._kernel(name, form) for approximate, form in forms.items()}

        def kernel(*arrays: CArray, approximate: str, out: CArray | None = None) -> Any:
            return kernels["tanh" if approximate == "tanh" else "none"](*arrays, out=out)

        return kernel

    def _clamp(self) -> Kernel:
        kernels = {bounds: self._kernel("clamp", form) for bounds, form in CLAMP.items()}

        def clamp(x: CArray, low: CArray | None, high: CArray | None, *, out: CArray | None = None) -> Any:
            arrays = [a for a in (x, low, high) if a is not None]
            if len(arrays) > 1:
                return kernels[low is not None, high is not None](*arrays, out=out)
            return self.kit.copy(x) if out is None else out

        return clamp

    def where(self, condition: CArray, a: CArray, b: CArray) -> CArray:
        shape = broadcast(condition.shape, a.shape, b.shape)
        raw = RAW[a.dtype.itemsize]
        out = self.kit.empty(shape, a.dtype, a.runtime)
        return self.kit.map(
            "a ? b : c", [condition, a, b], out=out, types=(condition.dtype, raw, raw, raw), label="where"
        )

    def real(self, x: CArray) -> CArray:
        return self.kit.copy(part_of(x, 0))

    def imag(self, x: CArray) -> CArray:
        if x.dtype.is_complex:
            return self.kit.copy(part_of(x, 1))
        out = self.kit.empty(x.shape, x.dtype, x.runtime)
        if out.size:
            self.kit.fill(out, bytes(x.dtype.itemsize))
        return out

    def conj(self, x: CArray) -> CArray:
        if not x.dtype.is_complex:
            return self.kit.copy(x)
        return self.kit.map("CAT(make_, T)(a.re, -a.im)", [x], dtype=x.dtype, label="conj")

    def complex(self, real: CArray, imag: CArray) -> CArray:
        if not real.dtype.is_floating_point:
            raise TypeError(f"{real.dtype.name} has no complex type")
        return self.kit.map(
            "CAT(make_, O)(a, b)", [real, imag], dtype=real.dtype.to_complex(), label="complex"
        )

    def complex_abs(self, x: CArray) -> CArray:
        if not x.dtype.is_complex:
            raise TypeError(f"{x.dtype.name} is not complex")
        return self.kit.map("hypot(a.re, a.im)", [x], dtype=x.dtype.to_real(), label="complex_abs")
