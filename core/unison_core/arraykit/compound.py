"""Elementwise kernels of several steps. Of half types they are computed in float32 and rounded once."""

from __future__ import annotations

from collections.abc import Callable
from math import pi, sqrt
from typing import TYPE_CHECKING, Any

from unison_core.arraykit.special import Special

if TYPE_CHECKING:
    from unison_core.arraykit.kit import ArrayKit

__all__ = ["Compound"]

Kernel = Callable[..., Any]


class Compound:
    """Kernels on `xp`."""

    def __init__(self, kit: ArrayKit) -> None:
        self.kit = kit
        self.xp = kit.xp
        self.erfc = Special(kit).erfc

    def table(self) -> dict[str, Kernel]:
        """Operator name -> kernel."""
        return {
            "addcdiv": self._once(self.addcdiv, "c"),
            "addcmul": self._once(self.addcmul, "ciu"),
            "elu": self._once(self.elu),
            "gelu": self._once(self.gelu),
            "gelu_backward": self._once(self.gelu_backward),
            "leaky_relu": self._once(self.leaky_relu),
            "lerp": self._once(self.lerp, "c"),
            "logaddexp": self._once(self.logaddexp),
            "rsqrt": self._once(self.rsqrt, "c"),
            "silu": self._once(self.silu),
            "softplus": self._once(self.softplus),
        }

    def _once(self, function: Kernel, kinds: str = "") -> Kernel:
        """The function for floating arrays and those of the other kinds given."""
        wide, half, floating = self.kit.wide, self.kit.half, self.kit.require_floating

        def kernel(*arrays: Any, **attrs: Any) -> Any:
            dtype = arrays[0].dtype
            if dtype.kind not in kinds:
                for a in arrays:
                    floating(a)
            if dtype not in half:
                return function(*arrays, **attrs)
            return function(*[wide(a) for a in arrays], **attrs).astype(dtype)

        return kernel

    def addcmul(self, x: Any, a: Any, b: Any, *, value: float = 1) -> Any:
        return x + (a if value == 1 else a * x.dtype.type(value)) * b

    def addcdiv(self, x: Any, a: Any, b: Any, *, value: float = 1) -> Any:
        return x + (a if value == 1 else a * x.dtype.type(value)) / b

    def lerp(self, start: Any, end: Any, weight: Any) -> Any:
        return start + weight * (end - start)

    def rsqrt(self, x: Any) -> Any:
        return x.dtype.type(1) / self.xp.sqrt(x)

    def logaddexp(self, a: Any, b: Any) -> Any:
        xp = self.xp
        gap = xp.where(a == b, a.dtype.type(0), -xp.absolute(a - b))
        return xp.maximum(a, b) + xp.log1p(xp.exp(gap))

    def silu(self, x: Any) -> Any:
        """x / (1 + exp(-x)), and below -80, where exp(-x) overflows, x exp(x / 2)^2: exp(x) may be subnormal."""
        xp = self.xp
        kind = x.dtype.type
        root = xp.exp(xp.minimum(x, kind(0)) * kind(0.5))
        return xp.where(x < -80, x * root * root, x / (kind(1) + xp.exp(-x)))

    def softplus(self, x: Any, *, beta: float, threshold: float) -> Any:
        """max(t, 0) + log(1 + exp(-|t|)) of t = beta x does not overflow, whatever the threshold."""
        xp = self.xp
        kind = x.dtype.type
        scaled = x * kind(beta)
        smooth = xp.maximum(scaled, kind(0)) + xp.log1p(xp.exp(-xp.absolute(scaled)))
        return xp.where(scaled > threshold, x, smooth / kind(beta))

    def elu(self, x: Any, *, alpha: float, scale: float, input_scale: float) -> Any:
        xp = self.xp
        kind = x.dtype.type
        low = xp.expm1(xp.minimum(x, kind(0)) * kind(input_scale)) * kind(alpha)
        return xp.where(x > 0, x, low) * kind(scale)

    def leaky_relu(self, x: Any, *, negative_slope: float) -> Any:
        return self.xp.where(x > 0, x, x * x.dtype.type(negative_slope))

    def gelu(self, x: Any, *, approximate: str) -> Any:
        """Of the approximation, (1 + tanh(t)) / 2 is 1 / (1 + exp(-2 t)), which does not cancel."""
        kind, xp = x.dtype.type, self.xp
        if approximate == "tanh":
            argument = x * (x * x * kind(0.044715) + kind(1)) * kind(-2 * sqrt(2 / pi))
            return x / (kind(1) + xp.exp(argument))
        return x * self._phi(x)

    def gelu_backward(self, g: Any, x: Any, *, approximate: str) -> Any:
        kind, xp = x.dtype.type, self.xp
        if approximate == "tanh":
            t = xp.tanh(x * (x * x * kind(0.044715) + kind(1)) * kind(sqrt(2 / pi)))
            inner = (x * x * kind(3 * 0.044715) + kind(1)) * kind(sqrt(2 / pi))
            return g * ((kind(1) + t) * kind(0.5) * (kind(1) + x * inner * (kind(1) - t)))
        density = xp.exp(x * x * kind(-0.5)) * kind(1 / sqrt(2 * pi))
        return g * (self._phi(x) + x * density)

    def _phi(self, x: Any) -> Any:
        return self.erfc(x * x.dtype.type(-sqrt(0.5))) * x.dtype.type(0.5)
