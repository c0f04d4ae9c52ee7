"""In-place methods: those of operators write straight into memory where the backend can, those of compositions
compute first and write then.
"""

from __future__ import annotations

from typing import Any

from unison.functions import elementwise, filling, picking, reduction
from unison.functions._common import in_place, named_like, ops_recording, tensor_like
from unison.functions.creation._numbers import fitted
from unison_core import dtypes, ops
from unison_core.dispatch import inplace
from unison_core.dispatch.inplace import inplace as write
from unison_core.dispatch.promotion import constant
from unison_core.errors import OperatorError
from unison_core.handle import Handle
from unison_core.saving import VALUE

__all__ = ["InPlace"]


def _inplace(operator: Any) -> Any:
    """The in-place form of an operator; through a copy where its gradient rule needs the value that is overwritten."""
    op = operator.operator
    plain = write(operator)
    if op.saving is None or not _keeps_first(op, (True,) * len(op.data)):
        return plain
    composed = in_place(operator)

    def call(self: Any, /, *rest: Any, **attrs: Any) -> Any:
        tracked = self.tracked
        for x in rest:
            if isinstance(x, Handle) and x.tracked:
                tracked = True
        if tracked and ops_recording() and _keeps_first(op, _pattern(self, *rest)):
            return composed(self, *rest, **attrs)
        return plain(self, *rest, **attrs)

    return named_like(call, plain)


def _pattern(*inputs: Any) -> tuple[bool, ...]:
    """Which of them require a gradient."""
    return tuple(isinstance(x, Handle) and x.tracked for x in inputs)


def _keeps_first(op: Any, tracked: tuple[bool, ...]) -> bool:
    keep = op.saving.of(tracked)[0]
    return keep is not None and keep[0] == VALUE


_add = _inplace(ops.add)
_sub = _inplace(ops.sub)


def _scaled_in_place(plain: Any, function: Any) -> Any:
    """add_ and sub_: the operator itself, unless alpha asks for the composition."""
    composed = in_place(function)

    def call(self: Any, other: Any, *, alpha: Any = 1) -> Any:
        return plain(self, other) if alpha == 1 else composed(self, other, alpha=alpha)

    call.__name__ = call.__qualname__ = plain.__name__
    call.__doc__ = plain.__doc__
    return call


_div = _inplace(ops.div)
_rounded_div = in_place(elementwise.div)


def _div_in_place(self: Any, other: Any, *, rounding_mode: str | None = None) -> Any:
    """In-place version of div: writes the quotient into the tensor and returns it."""
    if rounding_mode is None:
        return _div(self, other)
    return _rounded_div(self, other, rounding_mode=rounding_mode)


def _i0(x: Any) -> Any:
    from unison.special import i0

    return i0(x)


def _igamma(x: Any, other: Any) -> Any:
    from unison.special import gammainc

    return gammainc(x, other)


def _igammac(x: Any, other: Any) -> Any:
    from unison.special import gammaincc

    return gammaincc(x, other)


_fill = in_place(filling.fill)
_polygamma = in_place(named_like(lambda x, n: elementwise.polygamma(n, x), elementwise.polygamma))


def _exact_float_power(x: Any, exponent: Any) -> Any:
    result = elementwise.float_power(x, exponent)
    if result.dtype is not x.dtype:
        raise OperatorError(
            f"the base given to float_power_ has dtype {x.dtype.name} but the operation's result requires dtype "
            f"{result.dtype.name}"
        )
    return result


class InPlace:
    """`x.add_(y)` and the others that end in an underscore."""

    __slots__ = ()

    abs_ = absolute_ = in_place(elementwise.abs)
    acos_ = arccos_ = _inplace(ops.acos)
    acosh_ = arccosh_ = _inplace(ops.acosh)
    add_ = _scaled_in_place(_add, elementwise.add)
    addcdiv_ = _inplace(ops.addcdiv)
    addcmul_ = _inplace(ops.addcmul)
    asin_ = arcsin_ = _inplace(ops.asin)
    asinh_ = arcsinh_ = _inplace(ops.asinh)
    atan2_ = arctan2_ = _inplace(ops.atan2)
    atan_ = arctan_ = _inplace(ops.atan)
    atanh_ = arctanh_ = _inplace(ops.atanh)
    bitwise_and_ = _inplace(ops.bitwise_and)
    bitwise_left_shift_ = _inplace(ops.bitwise_left_shift)
    bitwise_not_ = _inplace(ops.bitwise_not)
    bitwise_or_ = _inplace(ops.bitwise_or)
    bitwise_right_shift_ = _inplace(ops.bitwise_right_shift)
    bitwise_xor_ = _inplace(ops.bitwise_xor)
    ceil_ = _inplace(ops.ceil)
    clamp_ = clip_ = in_place(elementwise.clamp)
    clamp_max_ = in_place(elementwise.clamp_max)
    clamp_min_ = in_place(elementwise.clamp_min)
    conj_physical_ = in_place(elementwise.conj_physical)
    copysign_ = _inplace(ops.copysign)
    cos_ = _inplace(ops.cos)
    cosh_ = _inplace(ops.cosh)
    deg2rad_ = in_place(elementwise.deg2rad)
    digamma_ = _inplace(ops.digamma)
    div_ = divide_ = true_divide_ = _div_in_place
    eq_ = _inplace(ops.eq)
    erf_ = _inplace(ops.erf)
    erfc_ = _inplace(ops.erfc)
    erfinv_ = _inplace(ops.erfinv)
    exp2_ = _inplace(ops.exp2)
    exp_ = _inplace(ops.exp)
    expm1_ = _inplace(ops.expm1)
    float_power_ = in_place(_exact_float_power)
    floor_ = _inplace(ops.floor)
    floor_divide_ = _inplace(ops.floor_divide)
    fmod_ = _inplace(ops.fmod)
    frac_ = in_place(elementwise.frac)
    gcd_ = _inplace(ops.gcd)
    ge_ = greater_equal_ = _inplace(ops.ge)
    gt_ = greater_ = _inplace(ops.gt)
    heaviside_ = in_place(elementwise.heaviside)
    hypot_ = _inplace(ops.hypot)
    lcm_ = in_place(elementwise.lcm)
    ldexp_ = in_place(elementwise.ldexp)
    i0_ = in_place(_i0)
    igamma_ = in_place(_igamma)
    igammac_ = in_place(_igammac)
    index_add_ = in_place(picking.index_add)
    index_copy_ = in_place(picking.index_copy)
    index_fill_ = in_place(picking.index_fill)
    le_ = less_equal_ = _inplace(ops.le)
    lerp_ = _inplace(ops.lerp)
    lgamma_ = _inplace(ops.lgamma)
    log10_ = _inplace(ops.log10)
    log1p_ = _inplace(ops.log1p)
    log2_ = _inplace(ops.log2)
    log_ = _inplace(ops.log)
    logical_and_ = _inplace(ops.logical_and)
    logical_not_ = _inplace(ops.logical_not)
    logical_or_ = _inplace(ops.logical_or)
    logical_xor_ = _inplace(ops.logical_xor)
    logit_ = in_place(elementwise.logit)
    lt_ = less_ = _inplace(ops.lt)
    masked_fill_ = in_place(picking.masked_fill)
    masked_scatter_ = in_place(picking.masked_scatter)
    mul_ = multiply_ = _inplace(ops.mul)
    mvlgamma_ = in_place(elementwise.mvlgamma)
    nan_to_num_ = in_place(elementwise.nan_to_num)
    ne_ = not_equal_ = _inplace(ops.ne)
    neg_ = negative_ = _inplace(ops.neg)
    nextafter_ = _inplace(ops.nextafter)
    pow_ = in_place(elementwise.pow)
    put_ = in_place(picking.put)
    rad2deg_ = in_place(elementwise.rad2deg)
    cumprod_ = in_place(reduction.cumprod)
    cumsum_ = in_place(reduction.cumsum)
    renorm_ = in_place(reduction.renorm)
    reciprocal_ = _inplace(ops.reciprocal)
    relu_ = _inplace(ops.relu)
    remainder_ = _inplace(ops.remainder)
    round_ = in_place(elementwise.round)
    rsqrt_ = _inplace(ops.rsqrt)
    scatter_ = in_place(picking.scatter)
    scatter_add_ = in_place(picking.scatter_add)
    scatter_reduce_ = in_place(picking.scatter_reduce)
    sgn_ = in_place(elementwise.sgn)
    sigmoid_ = _inplace(ops.sigmoid)
    sign_ = _inplace(ops.sign)
    sin_ = _inplace(ops.sin)
    sinc_ = in_place(elementwise.sinc)
    sinh_ = _inplace(ops.sinh)
    sqrt_ = _inplace(ops.sqrt)
    square_ = in_place(elementwise.square)
    sub_ = subtract_ = _scaled_in_place(_sub, elementwise.sub)
    tan_ = _inplace(ops.tan)
    tanh_ = _inplace(ops.tanh)
    trunc_ = fix_ = _inplace(ops.trunc)
    xlogy_ = in_place(elementwise.xlogy)

    __iadd__ = _add
    __isub__ = _sub
    __imul__ = _inplace(ops.mul)
    __itruediv__ = _div
    __ifloordiv__ = _inplace(ops.floor_divide)
    __imod__ = _inplace(ops.remainder)
    __ipow__ = pow_
    __iand__ = _inplace(ops.bitwise_and)
    __ior__ = _inplace(ops.bitwise_or)
    __ixor__ = _inplace(ops.bitwise_xor)
    __ilshift__ = _inplace(ops.bitwise_left_shift)
    __irshift__ = _inplace(ops.bitwise_right_shift)

    def polygamma_(self, n: int) -> Any:
        """In-place version of polygamma: writes the n-th derivative of digamma into the tensor and returns it."""
        return _polygamma(self, n)

    def fill_(self, value: Any) -> Any:
        """Write one number, or the one element of a 0-d tensor, into every element.

        Raises:
            RuntimeError: value is a tensor with dimensions, or a number that this dtype cannot hold.
            OverflowError: an integer that 64 bits cannot hold.
        """
        value = fitted(value, self.dtype)  # type: ignore[attr-defined]
        if self.tracked or isinstance(value, Handle):  # type: ignore[attr-defined]
            return _fill(self, value)
        # A number goes straight to this tensor's dtype: the default dtype between would cost float64 half its digits.
        exact = self.dtype in dtypes.INEXACT  # type: ignore[attr-defined]
        return inplace.assign(
            self, constant(value, self.dtype, self.device) if exact else tensor_like(value, self)
        )  # type: ignore[attr-defined]

    def zero_(self) -> Any:
        """Write zeros into every element."""
        if self.tracked:  # type: ignore[attr-defined]
            return _fill(self, 0)
        return inplace.assign(self, tensor_like(0, self))
