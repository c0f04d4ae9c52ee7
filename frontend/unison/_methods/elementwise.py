"""Functions of single elements as methods. Operators of one tensor stand for themselves: they need no `out=`."""

from __future__ import annotations

from typing import Any

from unison.functions import elementwise
from unison_core import ops

__all__ = ["Elementwise"]


class Elementwise:
    """`x.exp()`, `x.add(y)`; and Python's operators on tensors that core does not serve directly."""

    __slots__ = ()

    abs = elementwise.abs
    absolute = elementwise.absolute
    acos = ops.acos
    acosh = ops.acosh
    add = elementwise.add
    addcdiv = elementwise.addcdiv
    addcmul = elementwise.addcmul
    angle = ops.angle
    arccos = ops.acos
    arccosh = ops.acosh
    arcsin = ops.asin
    arcsinh = ops.asinh
    arctan = ops.atan
    arctan2 = elementwise.arctan2
    arctanh = ops.atanh
    asin = ops.asin
    asinh = ops.asinh
    atan = ops.atan
    atan2 = elementwise.atan2
    atanh = ops.atanh
    bitwise_and = elementwise.bitwise_and
    bitwise_left_shift = elementwise.bitwise_left_shift
    bitwise_not = ops.bitwise_not
    bitwise_or = elementwise.bitwise_or
    bitwise_right_shift = elementwise.bitwise_right_shift
    bitwise_xor = elementwise.bitwise_xor
    ceil = ops.ceil
    clamp = elementwise.clamp
    clamp_max = elementwise.clamp_max
    clamp_min = elementwise.clamp_min
    clip = elementwise.clip
    conj = elementwise.conj
    conj_physical = elementwise.conj_physical
    copysign = elementwise.copysign
    cos = ops.cos
    cosh = ops.cosh
    deg2rad = elementwise.deg2rad
    digamma = ops.digamma
    div = elementwise.div
    divide = elementwise.divide
    eq = elementwise.eq
    erf = ops.erf
    erfc = ops.erfc
    erfinv = ops.erfinv
    exp = ops.exp
    exp2 = ops.exp2
    expm1 = ops.expm1
    fix = ops.trunc
    float_power = elementwise.float_power
    floor = ops.floor
    floor_divide = elementwise.floor_divide
    fmax = elementwise.fmax
    fmin = elementwise.fmin
    fmod = elementwise.fmod
    frac = elementwise.frac
    frexp = elementwise.frexp
    gcd = elementwise.gcd
    ge = elementwise.ge
    greater = elementwise.greater
    greater_equal = elementwise.greater_equal
    gt = elementwise.gt
    heaviside = elementwise.heaviside
    hypot = elementwise.hypot
    isfinite = ops.isfinite
    isinf = ops.isinf
    isnan = ops.isnan
    isneginf = elementwise.isneginf
    isposinf = elementwise.isposinf
    isreal = elementwise.isreal
    lcm = elementwise.lcm
    ldexp = elementwise.ldexp
    le = elementwise.le
    lerp = elementwise.lerp
    less = elementwise.less
    less_equal = elementwise.less_equal
    lgamma = ops.lgamma
    log = ops.log
    log10 = ops.log10
    log1p = ops.log1p
    log2 = ops.log2
    logaddexp = elementwise.logaddexp
    logaddexp2 = elementwise.logaddexp2
    logical_and = elementwise.logical_and
    logical_not = ops.logical_not
    logical_or = elementwise.logical_or
    logical_xor = elementwise.logical_xor
    logit = elementwise.logit
    lt = elementwise.lt
    maximum = elementwise.maximum
    minimum = elementwise.minimum
    mul = elementwise.mul
    multiply = elementwise.multiply
    mvlgamma = elementwise.mvlgamma
    nan_to_num = elementwise.nan_to_num
    ne = elementwise.ne
    neg = ops.neg
    negative = ops.neg
    nextafter = elementwise.nextafter
    not_equal = elementwise.not_equal
    positive = elementwise.positive
    pow = elementwise.pow
    rad2deg = elementwise.rad2deg
    reciprocal = ops.reciprocal
    relu = ops.relu
    remainder = elementwise.remainder
    resolve_conj = elementwise.resolve_conj
    resolve_neg = elementwise.resolve_neg
    round = elementwise.round
    rsqrt = ops.rsqrt
    sgn = elementwise.sgn
    sigmoid = ops.sigmoid
    sign = ops.sign
    signbit = ops.signbit
    sin = ops.sin
    sinc = elementwise.sinc
    sinh = ops.sinh
    sqrt = ops.sqrt
    square = elementwise.square
    sub = elementwise.sub
    subtract = elementwise.subtract
    tan = ops.tan
    tanh = ops.tanh
    true_divide = elementwise.true_divide
    trunc = ops.trunc
    xlogy = elementwise.xlogy

    def i0(self) -> Any:
        """The modified Bessel function of the first kind, order 0."""
        from unison.special import i0

        return i0(self)

    def igamma(self, other: Any) -> Any:
        """The regularised lower incomplete gamma function P(self, other)."""
        from unison.special import gammainc

        return gammainc(self, other)

    def igammac(self, other: Any) -> Any:
        """The regularised upper incomplete gamma function Q(self, other)."""
        from unison.special import gammaincc

        return gammaincc(self, other)

    def polygamma(self, n: int) -> Any:
        """The n-th derivative of the digamma function."""
        return elementwise.polygamma(n, self)

    def where(self, condition: Any, y: Any) -> Any:
        """This tensor where condition holds, else y."""
        return elementwise.where(condition, self, y)

    @property
    def real(self) -> Any:
        """The real part."""
        return elementwise.real(self)

    @real.setter
    def real(self, value: Any) -> None:
        elementwise.real(self)[...] = value

    @property
    def imag(self) -> Any:
        """The imaginary part.

        Raises:
            RuntimeError: the tensor is real.
        """
        return elementwise.imag(self)

    @imag.setter
    def imag(self, value: Any) -> None:
        elementwise.imag(self)[...] = value
