"""Activation functions. `inplace=True` and the names that end in an underscore write into the input."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from unison.functions import random
from unison.functions.elementwise.complex import absolute
from unison_core import dtypes, ops
from unison_core.dispatch import inplace as _inplace
from unison_core.dtypes import DType
from unison_core.errors import OperatorError
from unison_core.handle import Handle
from unison_core.spec import wrap_dim

__all__ = [
    "celu",
    "celu_",
    "elu",
    "elu_",
    "gelu",
    "glu",
    "gumbel_softmax",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hardtanh_",
    "leaky_relu",
    "leaky_relu_",
    "log_softmax",
    "logsigmoid",
    "mish",
    "prelu",
    "relu",
    "relu6",
    "relu_",
    "rrelu",
    "rrelu_",
    "selu",
    "selu_",
    "sigmoid",
    "silu",
    "softmax",
    "softmin",
    "softplus",
    "softshrink",
    "softsign",
    "tanh",
    "tanhshrink",
    "threshold",
    "threshold_",
]

_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805

relu_ = _inplace.inplace(ops.relu)


def sigmoid(input: Any) -> Any:
    """1 / (1 + exp(-x))."""
    return ops.sigmoid(input)


def tanh(input: Any) -> Any:
    """The hyperbolic tangent."""
    return ops.tanh(input)


def _maybe_into(input: Any, inplace: bool, function: Callable[[Any], Any]) -> Any:
    """function(input), written into input if inplace; what its gradient needs is kept from before the write."""
    if not inplace:
        return function(input)
    _inplace.check_target(getattr(function, "__name__", "activation"), input)
    return _inplace.assign(input, function(ops.copy(input) if input.tracked else input))


def _floating(name: str, input: Any) -> None:
    if input.dtype not in dtypes.FLOATING:
        raise NotImplementedError(
            f"\"{name}\" not implemented for '{input.dtype.name}'; it takes floating tensors"
        )


def relu(input: Any, inplace: bool = False) -> Any:
    """max(x, 0)."""
    return relu_(input) if inplace else ops.relu(input)


def threshold(input: Any, threshold: float, value: float, inplace: bool = False) -> Any:
    """x where x > threshold, else value."""
    return _maybe_into(input, inplace, lambda x: ops.where(ops.le(x, threshold), _number(value, x), x))


def _number(value: Any, like: Any) -> Any:
    """A number as a 0-d tensor of like's dtype."""
    from unison_core.dispatch.promotion import constant

    return constant(value, like.dtype, like.device)


def threshold_(input: Any, threshold: float, value: float) -> Any:
    """In-place threshold."""
    return _maybe_into(input, True, lambda x: ops.where(ops.le(x, threshold), _number(value, x), x))


def hardtanh(input: Any, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Any:
    """x within [min_val, max_val], the nearest bound outside.

    Raises:
        RuntimeError: bool input, or unsigned with a negative bound.
        ValueError: min_val > max_val.
    """
    if input.dtype is dtypes.bool_:
        raise OperatorError("Bool inputs not supported for hardtanh")
    if input.dtype is dtypes.uint8 and (min_val < 0 or max_val < 0):
        raise OperatorError(
            f"cannot do hardtanh on an unsigned type with negative limits {min_val} and {max_val}"
        )
    if min_val > max_val:
        raise ValueError(f"min_val cannot be greater than max_val, got {min_val} and {max_val}")

    def function(x: Any) -> Any:
        low, high = _number(min_val, x), _number(max_val, x)
        return ops.where(ops.le(x, low), low, ops.where(ops.ge(x, high), high, x))

    return _maybe_into(input, inplace, function)


def hardtanh_(input: Any, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    """In-place hardtanh."""
    return hardtanh(input, min_val, max_val, inplace=True)


def relu6(input: Any, inplace: bool = False) -> Any:
    """min(max(x, 0), 6)."""
    return hardtanh(input, 0, 6, inplace)


def hardsigmoid(input: Any, inplace: bool = False) -> Any:
    """relu6(x + 3) / 6."""
    _floating("hardsigmoid", input)
    return _maybe_into(input, inplace, lambda x: ops.div(hardtanh(ops.add(x, 3.0), 0, 6), 6.0))


def hardswish(input: Any, inplace: bool = False) -> Any:
    """x relu6(x + 3) / 6. Howard et al., Searching for MobileNetV3, 2019."""
    _floating("hardswish", input)
    return _maybe_into(input, inplace, lambda x: ops.mul(x, ops.div(hardtanh(ops.add(x, 3.0), 0, 6), 6.0)))


def elu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    """x where x > 0, else alpha (exp(x) - 1). Clevert, Unterthiner and Hochreiter, 2015."""
    _floating("elu", input)
    return _maybe_into(input, inplace, lambda x: ops.elu(x, alpha=float(alpha)))


def elu_(input: Any, alpha: float = 1.0) -> Any:
    """In-place elu."""
    return elu(input, alpha, inplace=True)


def celu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    """max(x, 0) + min(0, alpha (exp(x / alpha) - 1)). Barron, 2017.

    Raises:
        RuntimeError: alpha is 0.
    """
    _floating("celu", input)
    if alpha == 0:
        raise OperatorError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return _maybe_into(input, inplace, lambda x: ops.elu(x, alpha=float(alpha), input_scale=1.0 / alpha))


def celu_(input: Any, alpha: float = 1.0) -> Any:
    """In-place celu."""
    return celu(input, alpha, inplace=True)


def selu(input: Any, inplace: bool = False) -> Any:
    """scale * elu(x, alpha), with the constants of Klambauer et al., Self-Normalizing Neural Networks, 2017."""
    _floating("selu", input)
    return _maybe_into(input, inplace, lambda x: ops.elu(x, alpha=_SELU_ALPHA, scale=_SELU_SCALE))


def selu_(input: Any) -> Any:
    """In-place selu."""
    return selu(input, inplace=True)


def leaky_relu(input: Any, negative_slope: float = 0.01, inplace: bool = False) -> Any:
    """x where x > 0, else negative_slope x.

    Raises:
        NotImplementedError: the input is not floating.
    """
    _floating("leaky_relu", input)
    return _maybe_into(input, inplace, lambda x: ops.leaky_relu(x, negative_slope=float(negative_slope)))


def leaky_relu_(input: Any, negative_slope: float = 0.01) -> Any:
    """In-place leaky_relu."""
    return leaky_relu(input, negative_slope, inplace=True)


def prelu(input: Any, weight: Any) -> Any:
    """x where x > 0, else weight x; weight is one number, or one for each channel (dimension 1).

    Raises:
        RuntimeError: weight has another length than 1 and the channels, or another dtype than the input.
    """
    _check_slopes(input, weight)
    if weight.ndim and input.ndim > 1 and weight.array.size > 1:
        weight = ops.view(
            weight, shape=(-1 if not weight.array.size else weight.array.size,) + (1,) * (input.ndim - 2)
        )
    elif weight.ndim:
        weight = ops.reshape(weight, shape=() if weight.array.size == 1 else tuple(weight.shape))
    return ops.where(ops.gt(input, 0), input, ops.mul(weight, input))


def _check_slopes(input: Any, weight: Any) -> None:
    if not isinstance(weight, Handle):
        raise TypeError(f"prelu(): argument 'weight' must be Tensor, not {type(weight).__name__}")
    if weight.dtype is not input.dtype:
        raise OperatorError(
            f"prelu: Type promoting not supported. Got {input.dtype.name} and {weight.dtype.name}; convert one of them"
        )
    count = weight.array.size
    if count != 1:
        if not input.ndim:
            raise OperatorError("Not allow zero-dim input tensor.")
        channels = input.shape[1] if input.ndim > 1 else 1
        if channels != count:
            raise OperatorError(
                f"Mismatch of parameter numbers and input channel size. Found parameter numbers = {count} "
                f"and channel size = {channels}."
            )
    if weight.ndim > 1:
        raise OperatorError(
            f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {weight.ndim}"
        )


def rrelu(
    input: Any, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False, inplace: bool = False
) -> Any:
    """x where x > 0, else a x with a drawn from [lower, upper), or their mean outside training. Xu et al., 2015.

    Raises:
        RuntimeError: lower > upper.
    """
    _floating("rrelu", input)
    if lower > upper:
        raise OperatorError(
            f"Lower bound should be less than or equal to the upper bound, got {lower} and {upper}"
        )

    def function(x: Any) -> Any:
        if not training:
            return ops.leaky_relu(x, negative_slope=(lower + upper) / 2)
        draw = random.uniform(tuple(x.shape), x.dtype, x.device, None)
        slope = ops.add(ops.mul(draw, float(upper - lower)), float(lower))
        return ops.where(ops.gt(x, 0), x, ops.mul(slope, x))

    return _maybe_into(input, inplace, function)


def rrelu_(input: Any, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False) -> Any:
    """In-place rrelu."""
    return rrelu(input, lower, upper, training, inplace=True)


def logsigmoid(input: Any) -> Any:
    """log(1 / (1 + exp(-x))), without overflow."""
    _floating("log_sigmoid", input)
    tail = ops.log1p(ops.exp(ops.neg(ops.abs(input))))
    return ops.sub(ops.minimum(input, _number(0, input)), tail)


def gelu(input: Any, *, approximate: str = "none") -> Any:
    """x Phi(x), Phi the normal distribution function; "tanh" approximates it.

    Raises:
        RuntimeError: approximate is neither "none" nor "tanh".
    """
    _floating("GeluKernelImpl", input)
    if approximate not in ("none", "tanh"):
        raise OperatorError(f"approximate argument must be either none or tanh, got {approximate!r}")
    return ops.gelu(input, approximate=approximate)


def glu(input: Any, dim: int = -1) -> Any:
    """a sigmoid(b), a and b the halves of the input along dim. Dauphin et al., 2016.

    Raises:
        RuntimeError: the length along dim is odd, or the input is 0-d.
    """
    if not input.ndim:
        raise OperatorError("glu does not support 0-dimensional tensors")
    _floating("glu", input)
    d = wrap_dim(dim, input.ndim)
    length = input.shape[d]
    if length % 2:
        raise OperatorError(f"Halving dimension must be even, but dimension {dim} is size {length}")
    lead = (slice(None),) * d
    first = ops.slice(input, key=(*lead, slice(0, length // 2)))
    return ops.mul(first, ops.sigmoid(ops.slice(input, key=(*lead, slice(length // 2, length)))))


def hardshrink(input: Any, lambd: float = 0.5) -> Any:
    """0 within [-lambd, lambd], else x."""
    _floating("hardshrink", input)
    inside = ops.logical_and(ops.ge(input, -lambd), ops.le(input, lambd))
    return ops.where(inside, _number(0, input), input)


def softshrink(input: Any, lambd: float = 0.5) -> Any:
    """x - lambd above lambd, x + lambd below -lambd, else 0.

    Raises:
        RuntimeError: lambd is negative.
    """
    _floating("softshrink", input)
    if lambd < 0:
        raise OperatorError(f"lambda must be greater or equal to 0, but found to be {lambd}.")
    low = ops.where(ops.lt(input, -lambd), ops.add(input, float(lambd)), ops.mul(input, 0.0))
    return ops.where(ops.gt(input, lambd), ops.sub(input, float(lambd)), low)


def tanhshrink(input: Any) -> Any:
    """x - tanh(x)."""
    return ops.sub(input, ops.tanh(input))


def softsign(input: Any) -> Any:
    """x / (1 + |x|)."""
    return ops.div(input, ops.add(absolute(input), 1))


def softplus(input: Any, beta: float = 1, threshold: float = 20) -> Any:
    """log(1 + exp(beta x)) / beta; x itself where beta x > threshold."""
    _floating("softplus", input)
    return ops.softplus(input, beta=float(beta), threshold=float(threshold))


def silu(input: Any, inplace: bool = False) -> Any:
    """x sigmoid(x)."""
    if input.dtype in dtypes.COMPLEX:
        return _maybe_into(input, inplace, lambda x: ops.mul(x, ops.sigmoid(x)))
    _floating("silu", input)
    return _maybe_into(input, inplace, ops.silu)


def mish(input: Any, inplace: bool = False) -> Any:
    """x tanh(log(1 + exp(x))). Misra, 2019."""
    _floating("mish", input)
    return _maybe_into(input, inplace, lambda x: ops.mul(x, ops.tanh(ops.softplus(x))))


def softmax(input: Any, dim: int | None = None, _stacklevel: int = 3, dtype: DType | None = None) -> Any:
    """exp(x) / sum(exp(x)) along dim, computed in dtype if one is given."""
    if dtype is not None:
        input = _settled("softmax", input, dtype)
    n = input.array.ndim
    if dim.__class__ is not int or not -n <= dim < n:
        dim = _dimension("softmax", input, dim, _stacklevel)
    return ops.softmax(input, dim=dim % n if n else 0)


def softmin(input: Any, dim: int | None = None, _stacklevel: int = 3, dtype: DType | None = None) -> Any:
    """softmax(-x) along dim."""
    dim = _dimension("softmin", input, dim, _stacklevel)
    return ops.softmax(ops.neg(_settled("softmax", input, dtype)), dim=dim)


def log_softmax(input: Any, dim: int | None = None, _stacklevel: int = 3, dtype: DType | None = None) -> Any:
    """x - log(sum(exp(x))) along dim, computed in dtype if one is given."""
    if dtype is not None:
        input = _settled("log_softmax", input, dtype)
    n = input.array.ndim
    if dim.__class__ is not int or not -n <= dim < n:
        dim = _dimension("log_softmax", input, dim, _stacklevel)
    return ops.log_softmax(input, dim=dim % n if n else 0)


def _settled(name: str, input: Any, dtype: DType | None) -> Any:
    if dtype is not None and dtype is not input.dtype:
        input = ops.cast(input, dtype=dtype)
    _floating(f"{name}_lastdim_kernel_impl", input)
    return input


def _dimension(name: str, input: Any, dim: int | None, stacklevel: int) -> int:
    if dim is not None:
        return wrap_dim(dim, input.array.ndim)
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
        stacklevel=stacklevel,
    )
    return 0 if input.array.ndim in (0, 1, 3) else 1


def gumbel_softmax(logits: Any, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Any:
    """softmax((logits + Gumbel noise) / tau); with hard one-hot, with the gradient of the soft one.

    Jang, Gu and Poole, Categorical Reparameterization with Gumbel-Softmax, 2016.
    """
    draw = random.uniform(tuple(logits.shape), logits.dtype, logits.device, None)
    # A draw of exactly 0 would make the noise infinite.
    exponential = ops.maximum(
        ops.neg(ops.log1p(ops.neg(draw))), max(eps, 6e-8 if draw.dtype.bits == 16 else 0.0)
    )
    noise = ops.neg(ops.log(exponential))
    soft = softmax(ops.div(ops.add(logits, noise), float(tau)), dim)
    if not hard:
        return soft
    dim = wrap_dim(dim, logits.array.ndim)
    place = ops.argmax(soft, dim=dim, keepdim=True)
    zeros = ops.full(shape=tuple(logits.shape), value=0, dtype=logits.dtype, device=logits.device)
    ones = ops.full(shape=tuple(place.shape), value=1, dtype=logits.dtype, device=logits.device)
    one_hot = ops.scatter(zeros, place, ones, dim=dim)
    return ops.add(ops.sub(one_hot, soft.detach()), soft)
