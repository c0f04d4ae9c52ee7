"""The logarithm of the gamma function and its derivatives, which NumPy-like libraries lack.

From 10 on these are Stirling's series and its derivatives (Abramowitz and Stegun 6.1.41, 6.3.18, 23.2.7 by Euler and
Maclaurin), to which the derivatives step up. Below zero lgamma and digamma are reflected.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from unison_core.arraykit.special import horner

if TYPE_CHECKING:
    from unison_core.arraykit.kit import ArrayKit

__all__ = ["Gamma"]

_BERNOULLI = (
    1 / 6,
    -1 / 30,
    1 / 42,
    -1 / 30,
    5 / 66,
    -691 / 2730,
    7 / 6,
    -3617 / 510,
    43867 / 798,
    -174611 / 330,
)
_LGAMMA = (
    0.42278433509846713,
    0.3224670334241132,
    -0.0673523010531981,
    0.020580808427784546,
    -0.007385551028673986,
    0.0028905103307415234,
    -0.001192753911703261,
    0.0005096695247430425,
    -0.00022315475845357939,
    9.945751278180853e-05,
    -4.492623673813314e-05,
    2.050721277567069e-05,
    -9.439488275268397e-06,
    4.374866789907488e-06,
    -2.039215753801366e-06,
    9.55141213040742e-07,
    -4.492469198764566e-07,
    2.1207184805554665e-07,
    -1.0043224823968099e-07,
    4.7698101693639804e-08,
    -2.2711094608943164e-08,
    1.0838659214896955e-08,
    -5.183475041970047e-09,
    2.4836745438024785e-09,
    -1.1921401405860912e-09,
    5.731367241678862e-10,
    -2.7595228851242334e-10,
)
"""lgamma(2 + z) / z: 1 - Euler's constant, then (-1)^k (zeta(k) - 1) / k (Abramowitz and Stegun 6.1.33)."""
_LGAMMA_MIDDLE = (
    -0.12078223763524522,
    0.03648997397857652,
    0.46740110027233966,
    -0.13813277403905333,
    0.05871212641676822,
    -0.028952081888893543,
    0.0154354841700493,
    -0.008622603929171286,
    0.004965728809475818,
    -0.002920970458667952,
    0.00174503557579013,
    -0.001054915693867632,
    0.0006437029830381486,
    -0.00039577153964650777,
    0.0002448711904829441,
    -0.00015231593814270082,
    9.517939662502588e-05,
    -5.97136233623377e-05,
    3.759490926961219e-05,
    -2.3743185469209343e-05,
    1.5036983408359218e-05,
    -9.547151192148187e-06,
    6.07540647448469e-06,
    -3.87415183000977e-06,
)
"""lgamma(3/2 + z): its Taylor series."""
_FAR = 10.0
"""Where the asymptotic series start."""
_ALONE = 1e18
"""Where their first terms are all that counts in float64."""


class Gamma:
    """Kernels on `xp`, computed in float64."""

    def __init__(self, kit: ArrayKit) -> None:
        self.xp = kit.xp

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {"digamma": self.digamma, "lgamma": self.lgamma, "polygamma": self.polygamma}

    def lgamma(self, x: Any) -> Any:
        """Below 10 by the series about 2, which finds the zeros at 1 and 2, and 3/2; below -1/2 reflected."""
        xp = self.xp
        wide = x.astype(xp.float64)
        reflected = wide <= -0.5
        up = xp.where(reflected, 1 - wide, wide)
        size = xp.absolute(up)
        near = xp.where(size < 0.5, self._lgamma_below(up) - xp.log(size), self._lgamma_below(up - 1))
        near = xp.where(size < 1.25, near, horner(xp.clip(up - 1.5, -0.25, 0.25), _LGAMMA_MIDDLE))
        near = xp.where(size < 1.75, near, self._lgamma_above(xp.clip(up, 1.75, _FAR)))
        series = xp.where(size < _FAR, near, self._stirling(xp.maximum(up, _FAR)))
        sine = xp.absolute(xp.sin(math.pi * (wide - xp.round(wide))))
        out = xp.where(reflected, math.log(math.pi) - xp.log(sine) - series, series)
        pole = (wide <= 0) & (wide == xp.floor(wide))
        return xp.where(pole | xp.isinf(wide), xp.inf, out).astype(x.dtype)

    def _lgamma_below(self, z: Any) -> Any:
        """lgamma(1 + z) for |z| <= 1/2."""
        z = self.xp.clip(z, -0.5, 0.5)
        return z * horner(z, _LGAMMA) - self.xp.log1p(z)

    def _lgamma_above(self, x: Any) -> Any:
        """For x in [1.75, 10]: steps down to the series about 2 are exact, those up to Stirling's would cancel."""
        xp = self.xp
        n = xp.maximum(xp.ceil(x - 2.5), 0)
        product = xp.ones_like(x)
        for i in range(1, int(_FAR) - 1):
            product = product * xp.where(i <= n, x - i, 1.0)
        z = x - n - 2
        return z * horner(z, _LGAMMA) + xp.log(product)

    def _stirling(self, x: Any) -> Any:
        xp = self.xp
        inverse = 1 / x
        terms = [b / ((2 * k + 1) * (2 * k + 2)) for k, b in enumerate(_BERNOULLI)]
        rest = 0.5 * math.log(2 * math.pi) - 0.5 + inverse * horner(inverse * inverse, terms)
        return (x - 0.5) * (xp.log(x) - 1) + rest

    def digamma(self, x: Any) -> Any:
        xp = self.xp
        wide = x.astype(xp.float64)
        reflected = wide < 0
        start = xp.where(reflected, 1 - wide, wide)
        n = xp.clip(xp.ceil(_FAR - start), 0, _FAR)
        up, below = start + n, xp.zeros_like(start)
        for i in range(int(_FAR)):
            # Not from `up` downwards, where a small x is lost.
            below = below + xp.where(i < n, 1 / xp.where(i < n, start + i, 1.0), 0.0)
        square = 1 / (up * up)
        series = (
            xp.log(up)
            - 0.5 / up
            - square * horner(square, [b / (2 * k + 2) for k, b in enumerate(_BERNOULLI)])
        )
        out = series - below
        out = xp.where(reflected, out - math.pi * self._cotangent_of_turn(wide), out)
        out = xp.where(wide == 0, xp.copysign(xp.inf, -wide), out)
        pole = (wide < 0) & (wide == xp.floor(wide))
        return xp.where(pole, xp.nan, xp.where(wide == xp.inf, xp.inf, out)).astype(x.dtype)

    def polygamma(self, x: Any, *, n: int) -> Any:
        """(-1)^(n+1) n! times the sum of (x + k)^-(n+1) over k >= 0; below zero the sums to both sides of a pole."""
        xp = self.xp
        if n == 0:
            return self.digamma(x)
        s, wide = n + 1, x.astype(xp.float64)
        reflected = wide < 0
        # The nearer pole's distance is exact, so that no digit of its large term is lost.
        turn = wide - xp.round(wide)
        above = xp.where(turn < 0, 1 + turn, turn)
        below = xp.where(turn < 0, -turn, 1 - turn)
        out = self._zeta(s, xp.where(reflected, above, wide))
        left = self._zeta(s, xp.where(reflected, below, 1.0))
        beyond = self._zeta(s, xp.where(reflected, 1 - wide, 1.0))
        halfway = reflected & (xp.absolute(turn) > 0.25)
        out = math.factorial(n) * xp.where(reflected, out + (-1) ** s * (left - beyond), out)
        # Between two poles their terms cancel; the cotangent's derivative has that difference at once.
        steep = -(math.pi**s) * self._bend(n, self._cotangent_of_turn(xp.where(halfway, wide, 0.5)))
        out = xp.where(halfway, (-1) ** s * (steep - math.factorial(n) * beyond), out)
        # The first term is all there is far out; results that are subnormal are rounded once.
        far = (xp.maximum(wide, _ALONE) / 256) ** -n * (math.factorial(n - 1) / 256.0**n)
        return ((-1) ** s * xp.where(wide > _ALONE, far, out)).astype(x.dtype)

    def _bend(self, n: int, c: Any) -> Any:
        """The n-th derivative of cot at the angle whose cotangent is c: a polynomial, since cot' is -(1 + c^2)."""
        powers = [0, 1]
        for _ in range(n):
            slope = [k * powers[k] for k in range(1, len(powers))]
            powers = [0] * (len(slope) + 2)
            for k, factor in enumerate(slope):
                powers[k] -= factor
                powers[k + 2] -= factor
        total = self.xp.zeros_like(c)
        for factor in reversed(powers):
            total = total * c + float(factor)
        return total

    def _cotangent_of_turn(self, x: Any) -> Any:
        """cot(pi x), exact to the last digits next to its zeros too."""
        xp = self.xp
        turn = x - xp.round(x)
        size = xp.absolute(turn)
        steep = 1 / xp.tan(math.pi * size)
        return xp.copysign(xp.where(size < 0.25, steep, xp.tan(math.pi * (0.5 - size))), turn)

    def _zeta(self, s: int, x: Any) -> Any:
        """Hurwitz's zeta(s, x) for x >= 0: the small terms first, which come from the series, the first term last."""
        xp = self.xp
        far = int(_FAR) + s - 1
        steps = xp.clip(xp.ceil(far - x), 0, far)
        up = x + steps
        factors = [float(s)]
        for k in range(len(_BERNOULLI) - 1):
            factors.append(factors[-1] * (s + 2 * k + 1) * (s + 2 * k + 2))
        total = xp.zeros_like(x)
        for k in reversed(range(len(_BERNOULLI))):
            total = total + _BERNOULLI[k] * factors[k] / math.factorial(2 * k + 2) * up ** -(s + 2 * k + 1)
        total = total + 0.5 * up**-s + up ** (1 - s) / (s - 1)
        for i in reversed(range(far)):
            total = total + xp.where(i < steps, self._term(s, xp.where(i < steps, x, 1.0), i), 0.0)
        return total

    def _term(self, s: int, x: Any, i: int) -> Any:
        """(x + i)^-s, the rounding of the sum taken back."""
        if i == 0:
            return x**-s
        up = x + i
        shadow = up - x
        lost = (x - (up - shadow)) + (i - shadow)
        power = up**-s
        return power - power * (s * lost / up)
