"""erf and its relatives, which NumPy-like libraries lack.

erf is its Taylor series below 1 and 1 - erfc above; erfc above 1 is exp(-x^2) t R(t) with t = 2 / (2 + x) and R a
Chebyshev series (`tools/fit_erfc.py` prints it).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unison_core.arraykit.kit import ArrayKit

__all__ = ["Special", "horner"]

_R64 = (
    0.43645785270859866,
    0.17777556529020944,
    0.025368743291002742,
    0.0018983124584858347,
    -9.114875514598765e-05,
    -3.4231442013063065e-05,
    -3.903404090096349e-07,
    6.552494838249473e-07,
    2.1491725090828276e-08,
    -1.5768303155349188e-08,
    -3.873623837875631e-10,
    4.5595689169552e-10,
    -5.613203353952789e-12,
    -1.4324542177851617e-11,
    1.0697250760051318e-12,
    4.3070079849475215e-13,
    -7.513986285910976e-14,
    -9.720972307978573e-15,
    4.000483799014623e-15,
    -3.614090123284207e-17,
    -1.677514091238132e-16,
    2.2845660825562643e-17,
    4.611435176269458e-18,
    -1.8054692047641104e-18,
)
_R32 = (
    0.43645785270859866,
    0.1777755652902094,
    0.02536874329100291,
    0.0018983124584858707,
    -9.114875514998812e-05,
    -3.4231442003342094e-05,
    -3.9034033386977306e-07,
    6.552490531241489e-07,
    2.1490655365752307e-08,
    -1.575397861317135e-08,
    -3.8174918043360965e-10,
)
_TAYLOR = tuple((-1) ** n / (math.factorial(n) * (2 * n + 1)) * 2 / math.sqrt(math.pi) for n in range(20))


class Special:
    """Kernels on `xp`; half types are computed in float32."""

    def __init__(self, kit: ArrayKit) -> None:
        self.kit = kit
        self.xp = kit.xp

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {
            "erf": self.erf,
            "erfc": self.erfc,
            "erfinv": self.erfinv,
        }

    def erf(self, x: Any) -> Any:
        xp = self.xp
        wide = self.kit.wide(x)
        size = xp.absolute(wide)
        far = wide.dtype.type(1) - self._erfc_far(size)
        out = xp.where(size < 1, self._erf_near(wide), xp.copysign(far, wide))
        return out.astype(x.dtype, copy=False)

    def erfc(self, x: Any) -> Any:
        xp = self.xp
        wide = self.kit.wide(x)
        size = xp.absolute(wide)
        far = self._erfc_far(size)
        two, one = wide.dtype.type(2), wide.dtype.type(1)
        out = xp.where(size < 1, one - self._erf_near(wide), xp.where(wide > 0, far, two - far))
        return out.astype(x.dtype, copy=False)

    def _erf_near(self, x: Any) -> Any:
        """The Taylor series, used for |x| < 1."""
        small = self.xp.clip(x, -1, 1)
        return small * horner(small * small, _TAYLOR[: 20 if x.dtype.itemsize == 8 else 11])

    def _erfc_far(self, size: Any) -> Any:
        """For size >= 1; exp(-size^2) by the square of a short part and the rest, so that it keeps its digits."""
        xp = self.xp
        kind = size.dtype.type
        size = xp.maximum(size, kind(1))
        short = _shortened(xp, size)
        bell = xp.exp(-short * short) * xp.exp((short - size) * (short + size))
        t = kind(2) / (kind(2) + size)
        series = _clenshaw(t * kind(3) - kind(1), _R64 if size.dtype.itemsize == 8 else _R32)
        return xp.where(size < 30, bell * t * series, xp.where(size == size, kind(0), size))  # noqa: PLR0124 - NaN

    def erfinv(self, x: Any) -> Any:
        """Winitzki's formula (2008), then three steps of Halley's method on erf, or on erfc near the ends."""
        xp = self.xp
        wide = x.astype(xp.float64)
        size = xp.absolute(wide)
        inside = xp.clip(size, 0, 1 - 2.0**-54)
        rest = xp.where(size < 1, 1 - inside, 0.5)
        log = xp.log1p(-inside * inside)
        b = 2 / (math.pi * 0.147) + log / 2
        y = xp.sqrt(xp.maximum(xp.sqrt(b * b - log / 0.147) - b, 0.0))
        for _ in range(3):
            gap = xp.where(inside < 0.5, self.erf(y) - inside, rest - self.erfc(y))
            step = gap / (2 / math.sqrt(math.pi) * xp.exp(-y * y))
            y = y - step / (1 + y * step)
        y = xp.where(size < 1, y, xp.where(size == 1, xp.inf, xp.nan))
        return xp.where(size == 0, wide, xp.copysign(y, wide)).astype(x.dtype)


def horner(x: Any, coefficients: Sequence[float]) -> Any:
    """sum c_k x^k in x's own type."""
    kind = x.dtype.type
    out = x * kind(coefficients[-1]) + kind(coefficients[-2])
    for c in coefficients[-3::-1]:
        out *= x
        out += kind(c)
    return out


def _clenshaw(u: Any, coefficients: Sequence[float]) -> Any:
    """sum c_k T_k(u) by Clenshaw's recurrence, for u in [-1, 1]."""
    kind = u.dtype.type
    twice = u + u
    one, two = twice * kind(coefficients[-1]) + kind(coefficients[-2]), kind(coefficients[-1]) + u * kind(0)
    for c in coefficients[-3:0:-1]:
        one, two = twice * one - two + kind(c), one
    return u * one - two + kind(coefficients[0])


def _shortened(xp: Any, x: Any) -> Any:
    """x with half its digits, so that its square is exact."""
    if x.dtype.itemsize == 8:
        return x.astype(xp.float32).astype(xp.float64)
    return xp.round(x * x.dtype.type(256)) / x.dtype.type(256)
