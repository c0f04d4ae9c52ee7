"""Elementwise kernels: mostly the library's own functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from unison_core.arraykit.compound import Compound
from unison_core.arraykit.gamma import Gamma
from unison_core.arraykit.special import Special
from unison_core.errors import OperatorError

if TYPE_CHECKING:
    from unison_core.arraykit.kit import ArrayKit

__all__ = ["Elementwise"]


class Elementwise:
    """Kernels on `xp`; what the library has under another name stands in the table."""

    def __init__(self, kit: ArrayKit) -> None:
        self.kit = kit
        self.xp = kit.xp

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        xp = self.xp
        return {
            "abs": xp.absolute,
            "acos": xp.arccos,
            "acosh": xp.arccosh,
            "add": xp.add,
            "asin": xp.arcsin,
            "asinh": xp.arcsinh,
            "atan": xp.arctan,
            "atan2": xp.arctan2,
            "atanh": xp.arctanh,
            "bitwise_and": xp.bitwise_and,
            "bitwise_left_shift": self.bitwise_left_shift,
            "bitwise_not": xp.invert,
            "bitwise_or": xp.bitwise_or,
            "bitwise_right_shift": self.bitwise_right_shift,
            "bitwise_xor": xp.bitwise_xor,
            "ceil": self.ceil,
            "complex": self.complex,
            "complex_abs": xp.absolute,
            "conj": self.conj,
            "copysign": xp.copysign,
            "cos": xp.cos,
            "cosh": xp.cosh,
            "div": xp.true_divide,
            "eq": xp.equal,
            "exp": xp.exp,
            "exp2": xp.exp2,
            "expm1": xp.expm1,
            "floor": self.floor,
            "floor_divide": self.floor_divide,
            "fmax": xp.fmax,
            "fmin": xp.fmin,
            "fmod": self.fmod,
            "gcd": xp.gcd,
            "ge": xp.greater_equal,
            "gt": xp.greater,
            "hypot": xp.hypot,
            "imag": self.imag,
            "isfinite": xp.isfinite,
            "isinf": xp.isinf,
            "isnan": xp.isnan,
            "le": xp.less_equal,
            "log": self._log(xp.log),
            "log10": self._log(xp.log10),
            "log1p": self.log1p,
            "log2": xp.log2,
            "logical_and": xp.logical_and,
            "logical_not": xp.logical_not,
            "logical_or": xp.logical_or,
            "logical_xor": xp.logical_xor,
            "lt": xp.less,
            "maximum": xp.maximum,
            "minimum": xp.minimum,
            "mul": xp.multiply,
            "ne": xp.not_equal,
            "neg": xp.negative,
            "nextafter": xp.nextafter,
            "pow": self.pow,
            "real": self.real,
            "relu": self.relu,
            "remainder": self.remainder,
            "round": self.round,
            "sigmoid": self.sigmoid,
            "sign": self.sign,
            "signbit": self.signbit,
            "sin": xp.sin,
            "sinh": xp.sinh,
            "sqrt": xp.sqrt,
            "sub": xp.subtract,
            "tan": xp.tan,
            "tanh": xp.tanh,
            "trunc": self.trunc,
            "where": xp.where,
            **Compound(self.kit).table(),
            **Gamma(self.kit).table(),
            **Special(self.kit).table(),
        }

    def _log(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """NumPy's float32 logarithms are off by more than 3 units on some processors: float64's, rounded once."""
        xp = self.xp

        def kernel(x: Any) -> Any:
            return function(x.astype(xp.float64)).astype(x.dtype) if x.dtype == xp.float32 else function(x)

        return kernel

    def log1p(self, x: Any) -> Any:
        """Near 0, of complex x: half the log1p of |1 + x|^2 - 1, which keeps the digits that 1 + x loses."""
        xp = self.xp
        if x.dtype.kind != "c":
            return xp.log1p(x)
        real, imag = x.real, x.imag
        one, half = real.dtype.type(1), real.dtype.type(0.5)
        near = xp.maximum(xp.absolute(real), xp.absolute(imag)) < half
        excess = xp.where(near, real * (real + one + one) + imag * imag, xp.zeros_like(real))
        size = xp.where(near, one, xp.hypot(one + real, imag))
        out = xp.empty(x.shape, dtype=x.dtype)
        out.real = xp.where(near, half * xp.log1p(excess), xp.log(size))
        out.imag = xp.arctan2(imag, one + real)
        return out

    def _refuse_zero(self, b: Any) -> None:
        if b.dtype.kind in "iu" and not b.all():
            raise OperatorError("ZeroDivisionError: integer division or modulo by zero")

    def floor_divide(self, a: Any, b: Any) -> Any:
        self._refuse_zero(b)
        xp = self.xp
        out = xp.floor_divide(a, b)
        if out.dtype in (xp.float32, xp.float64):
            # Below, the library's own way finds the integer; from here on a rounded quotient may have a half.
            large = xp.isfinite(out) & (xp.absolute(out) >= 2.0 ** (xp.finfo(out.dtype).nmant - 1))
            if large.any():
                return xp.where(large, self._large_quotient(a, b), out)
        return out

    def _large_quotient(self, a: Any, b: Any) -> Any:
        """The integer nearest to (a - fmod(a, b)) / b, whose numerator is held in two parts."""
        xp = self.xp
        rest = xp.fmod(a, b)
        high = a - rest
        low = (a - high) - rest
        quotient = high / b
        whole = xp.rint(quotient)
        below = ((rest != 0) & ((rest < 0) != (b < 0))).astype(whole.dtype)
        return whole + (xp.rint((quotient - whole) + low / b) - below)

    def remainder(self, a: Any, b: Any) -> Any:
        self._refuse_zero(b)
        return self.xp.remainder(a, b)

    def fmod(self, a: Any, b: Any) -> Any:
        self._refuse_zero(b)
        return self.xp.fmod(a, b)

    def pow(self, a: Any, b: Any) -> Any:
        """Integers to negative powers are 1 / a^|b| rounded towards zero: 1 and -1 stay, the rest is 0."""
        if b.dtype.kind == "i" and (b < 0).any():
            xp = self.xp
            odd = xp.where(b % 2 != 0, a, a * a)
            whole = xp.power(a, xp.maximum(b, 0))
            return xp.where(b >= 0, whole, xp.where(xp.absolute(a) == 1, odd, a.dtype.type(0)))
        return self.xp.power(a, b)

    def sign(self, x: Any) -> Any:
        return x.copy() if x.dtype.kind == "b" else self.xp.sign(x)

    def bitwise_left_shift(self, a: Any, b: Any) -> Any:
        width = a.dtype.itemsize * 8
        return self.xp.where(
            (b >= 0) & (b < width), self.xp.left_shift(a, b.clip(0, width - 1)), a.dtype.type(0)
        )

    def bitwise_right_shift(self, a: Any, b: Any) -> Any:
        width = a.dtype.itemsize * 8
        amount = self.xp.where((b >= 0) & (b < width), b, b.dtype.type(width - 1))
        shifted = self.xp.right_shift(a, amount)
        return self.xp.where(b >= width, a.dtype.type(0), shifted) if a.dtype.kind == "u" else shifted

    def _whole(self, x: Any) -> bool:
        return x.dtype.kind in "iub"

    def floor(self, x: Any) -> Any:
        return x.copy() if self._whole(x) else self.xp.floor(x)

    def ceil(self, x: Any) -> Any:
        return x.copy() if self._whole(x) else self.xp.ceil(x)

    def trunc(self, x: Any) -> Any:
        return x.copy() if self._whole(x) else self.xp.trunc(x)

    def round(self, x: Any) -> Any:
        return x.copy() if self._whole(x) else self.xp.rint(x)

    def signbit(self, x: Any) -> Any:
        return x < 0 if self._whole(x) else self.xp.signbit(x)

    def conj(self, x: Any) -> Any:
        return self.xp.conjugate(x) if x.dtype.kind == "c" else x.copy()

    def real(self, x: Any) -> Any:
        return x.real.copy()

    def imag(self, x: Any) -> Any:
        return x.imag.copy() if x.dtype.kind == "c" else self.xp.zeros_like(x)

    def complex(self, real: Any, imag: Any) -> Any:
        xp = self.xp
        shape = xp.broadcast_shapes(real.shape, imag.shape)
        out = xp.empty(shape, dtype=xp.complex128 if real.dtype == xp.float64 else xp.complex64)
        out.real, out.imag = real, imag
        return out

    def relu(self, x: Any) -> Any:
        return self.xp.maximum(x, x.dtype.type(0))

    def sigmoid(self, x: Any) -> Any:
        """1 / (1 + e) and e / (1 + e) with e = exp(-|x|): exact to the smallest numbers, and nothing overflows."""
        xp = self.xp
        if x.dtype.kind == "c":
            return 1 / (1 + xp.exp(-x))
        one = x.dtype.type(1)
        e = xp.exp(-xp.absolute(x))
        return xp.where(x >= 0, one, e) / (one + e)
