"""Activation functions that pay as one kernel; the rest are compositions in the frontend."""

from __future__ import annotations

from math import pi, sqrt
from typing import Any

from unison_core import ops
from unison_core.dtypes import FLOATING, INEXACT, INTEGER, REAL
from unison_core.operator import Array, Promote, composite, primitive
from unison_core.ops._shared import adjoint, scalar_like
from unison_core.samples import arg, good, unary

__all__ = [
    "elu",
    "gelu",
    "gelu_backward",
    "leaky_relu",
    "relu",
    "sigmoid",
    "silu",
    "softplus",
    "threshold_backward",
]

FLOAT = Promote.FLOAT


@primitive(dtypes=INTEGER | FLOATING, elementwise=True)
def relu(x: Array) -> Array:
    """max(x, 0); NaN stays NaN."""


@relu.vjp(values="out")
def relu_vjp(g: Any, out: Any, x: Any) -> Any:
    return threshold_backward(g, out)


relu.samples(unary(away=0.1))


@composite(dtypes=REAL, elementwise=True)
def threshold_backward(g: Array, x: Array) -> Array:
    """g where x > 0, else 0: the gradient of relu."""
    return ops.where(ops.gt(x, scalar_like(0, x)), g, scalar_like(0, g))


@threshold_backward.vjp(values={"g": "x"})
def threshold_backward_vjp(gg: Any, out: Any, g: Any, x: Any) -> Any:
    return (None if x is None else threshold_backward(gg, x)), None


@threshold_backward.samples
def threshold_backward_samples() -> Any:
    yield good(arg(2, 3), arg(2, 3, away=0.1))
    yield good(arg(), arg(away=0.1))


@primitive(dtypes=INEXACT, promote=FLOAT, elementwise=True)
def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), without overflow."""


@sigmoid.vjp(values="out")
def sigmoid_vjp(g: Any, out: Any, x: Any) -> Any:
    out = adjoint(out)
    return ops.mul(g, ops.mul(out, ops.sub(scalar_like(1, out), out)))


sigmoid.samples(unary())


@composite(dtypes=FLOATING, promote=FLOAT, elementwise=True)
def silu(x: Array) -> Array:
    """x * sigmoid(x)."""
    return ops.mul(x, sigmoid(x))


@silu.vjp(values="x")
def silu_vjp(g: Any, out: Any, x: Any) -> Any:
    s = sigmoid(x)
    rest = ops.mul(x, ops.sub(scalar_like(1, s), s))
    return ops.mul(g, ops.mul(s, ops.add(rest, scalar_like(1, s))))


silu.samples(unary())


@composite(dtypes=FLOATING, elementwise=True)
def gelu(x: Array, *, approximate: str = "none") -> Array:
    """x * Phi(x), Phi the normal distribution function; "tanh" approximates it.

    Hendrycks and Gimpel, Gaussian Error Linear Units, 2016.
    """
    if approximate == "tanh":
        inner = ops.mul(_gelu_argument(x), scalar_like(sqrt(2 / pi), x))
        return ops.mul(ops.mul(x, scalar_like(0.5, x)), ops.add(ops.tanh(inner), scalar_like(1, x)))
    phi = ops.mul(ops.erfc(ops.mul(x, scalar_like(-sqrt(0.5), x))), scalar_like(0.5, x))
    return ops.mul(x, phi)


def _gelu_argument(x: Any) -> Any:
    cube = ops.mul(ops.mul(x, x), x)
    return ops.add(x, ops.mul(cube, scalar_like(0.044715, x)))


@gelu.vjp(values="x")
def gelu_vjp(g: Any, out: Any, x: Any, *, approximate: str) -> Any:
    return gelu_backward(g, x, approximate=approximate)


@composite(dtypes=FLOATING, elementwise=True)
def gelu_backward(g: Array, x: Array, *, approximate: str) -> Array:
    """The gradient of gelu: g times the slope at x, which is Phi(x) + x Phi'(x) where nothing is approximated."""
    if approximate == "tanh":
        return ops.mul(g, _gelu_tanh_slope(x))
    phi = ops.mul(ops.erfc(ops.mul(x, scalar_like(-sqrt(0.5), x))), scalar_like(0.5, x))
    bell = ops.exp(ops.mul(ops.mul(x, x), scalar_like(-0.5, x)))
    density = ops.mul(bell, scalar_like(1 / sqrt(2 * pi), x))
    return ops.mul(g, ops.add(phi, ops.mul(x, density)))


def _gelu_tanh_slope(x: Any) -> Any:
    one, half, scale = scalar_like(1, x), scalar_like(0.5, x), scalar_like(sqrt(2 / pi), x)
    t = ops.tanh(ops.mul(_gelu_argument(x), scale))
    inner = ops.mul(ops.add(ops.mul(ops.mul(x, x), scalar_like(3 * 0.044715, x)), one), scale)
    slope = ops.mul(ops.mul(x, inner), ops.sub(one, ops.mul(t, t)))
    return ops.mul(half, ops.add(ops.add(one, t), slope))


@gelu.samples
def gelu_samples() -> Any:
    for approximate in ("none", "tanh"):
        yield good(arg(5), approximate=approximate)
        yield good(arg(2, 3), approximate=approximate)
        yield good(arg(0), approximate=approximate)


@gelu_backward.samples
def gelu_backward_samples() -> Any:
    for approximate in ("none", "tanh"):
        yield good(arg(5), arg(5), approximate=approximate)
        yield good(arg(2, 3), arg(2, 3), approximate=approximate)


@composite(dtypes=FLOATING, elementwise=True)
def softplus(x: Array, *, beta: float = 1.0, threshold: float = 20.0) -> Array:
    """log(1 + exp(beta * x)) / beta; x itself where beta * x exceeds threshold."""
    scaled = ops.mul(x, scalar_like(beta, x))
    smooth = ops.div(ops.log1p(ops.exp(scaled)), scalar_like(beta, x))
    return ops.where(ops.gt(scaled, scalar_like(threshold, x)), x, smooth)


@softplus.vjp(values="x")
def softplus_vjp(g: Any, out: Any, x: Any, *, beta: float, threshold: float) -> Any:
    scaled = ops.mul(x, scalar_like(beta, x))
    return ops.where(ops.gt(scaled, scalar_like(threshold, x)), g, ops.mul(g, sigmoid(scaled)))


@softplus.samples
def softplus_samples() -> Any:
    yield good(arg(5), beta=1.0, threshold=20.0)
    yield good(arg(2, 3), beta=2.0, threshold=3.0)


@composite(dtypes=FLOATING, elementwise=True)
def elu(x: Array, *, alpha: float = 1.0, scale: float = 1.0, input_scale: float = 1.0) -> Array:
    """scale * x where x > 0, else scale * alpha * (exp(input_scale * x) - 1): elu, celu and selu."""
    zero = scalar_like(0, x)
    low = ops.mul(
        ops.expm1(ops.mul(ops.minimum(x, zero), scalar_like(input_scale, x))), scalar_like(alpha, x)
    )
    return ops.mul(ops.where(ops.gt(x, zero), x, low), scalar_like(scale, x))


@elu.vjp(values="x")
def elu_vjp(g: Any, out: Any, x: Any, *, alpha: float, scale: float, input_scale: float) -> Any:
    zero = scalar_like(0, x)
    grown = ops.exp(ops.mul(ops.minimum(x, zero), scalar_like(input_scale, x)))
    low = ops.mul(grown, scalar_like(alpha * input_scale, x))
    return ops.mul(g, ops.mul(ops.where(ops.gt(x, zero), scalar_like(1, x), low), scalar_like(scale, x)))


@elu.samples
def elu_samples() -> Any:
    yield good(arg(5, away=0.1), alpha=1.5, scale=1.0, input_scale=1.0)
    yield good(arg(2, 3, away=0.1), alpha=1.0, scale=2.0, input_scale=0.5)


@composite(dtypes=FLOATING, elementwise=True)
def leaky_relu(x: Array, *, negative_slope: float = 0.01) -> Array:
    """x where x > 0, else negative_slope * x."""
    return ops.where(ops.gt(x, scalar_like(0, x)), x, ops.mul(x, scalar_like(negative_slope, x)))


@leaky_relu.vjp(values="x")
def leaky_relu_vjp(g: Any, out: Any, x: Any, *, negative_slope: float) -> Any:
    return ops.where(ops.gt(x, scalar_like(0, x)), g, ops.mul(g, scalar_like(negative_slope, g)))


@leaky_relu.samples
def leaky_relu_samples() -> Any:
    yield good(arg(5, away=0.1), negative_slope=0.2)
    yield good(arg(2, 3, away=0.1), negative_slope=0.01)
