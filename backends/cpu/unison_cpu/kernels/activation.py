"""Activation functions and their gradients where NumPy's own way is slow.

# Note [Normal distribution]
With a = |x| and E = exp(-a^2 / 2), the upper tail of the normal distribution is E R(a), so that gelu(x) is
max(x, 0) - E a R(a), and its slope is E V(a) for x = -a and 1 - E V(a) for x = a, with V(a) = R(a) - a / sqrt(2 pi).
a R and V are ratios of polynomials (`tools/fit_gelu.py` prints them): all powers of a are multiplied with both at once
by a matrix product, which takes half the time of Horner's rule. Beyond 15 everything underflows.
"""

from __future__ import annotations

from math import log, pi, sqrt
from typing import Any

import numpy as np

from unison_core import arraykit
from unison_core.arraykit.special import Special
from unison_core.arraykit.taps import keep
from unison_core.dtypes import DType
from unison_cpu.kernels._blocks import BLOCK, FLOAT32, by_blocks
from unison_cpu.kernels._scratch import scratch

__all__ = ["table"]

# Numerator and denominator by rising powers of a, without the constants: 0 and 1, 0.5 and 1.
_TAIL = np.array(
    [
        [0.5, 0.43867426, 0.18347186, 0.040700061, 0.0041225282],
        [1.6752334, 1.2035824, 0.47008431, 0.10202607, 0.010333534],
    ],
    np.float32,
)
_SLOPE = np.array(
    [
        [-0.122837, -0.46043823, -0.28430107, -0.076952535, -0.0084699163],
        [1.3500951, 0.73356379, 0.192909, 0.021230503, 0.0],
    ],
    np.float32,
)
_FAR = 15.0
_DEEP = -80.0
_SIGN = np.array(-(2**31), np.int32)
# Next to an array, NumPy's maximum of a number takes three times as long; of few it starts sooner.
_ZEROS = np.zeros(BLOCK, np.float32)
_FEW = 4096
_ONE, _HALF = np.array(1, np.float32), np.array(0.5, np.float32)
_BELL = np.array(-0.5 / log(2), np.float32)
_CUBE, _ROOT = np.array(0.044715, np.float32), np.array(sqrt(2 / pi), np.float32)
_TWICE = np.array(-2 * sqrt(2 / pi), np.float32)


def threshold_backward(g: Any, x: Any) -> Any:
    """`np.where` takes ten times as long, and makes row-major results of channels-last inputs."""
    if g.shape != x.shape or not g.ndim or g.dtype.kind not in "fV":
        return np.where(x > 0, g, g.dtype.type(0))
    return keep(np, g, x > 0)


def _relu(x: Any, out: Any) -> None:
    np.maximum(x, _ZEROS[: x.size], out=out)


def _ratio(x: Any, coefficients: Any, constant: Any) -> tuple[Any, Any]:
    """(|x|, exp(-x^2 / 2) times the ratio of the two polynomials in |x|): scratch, valid until the next call."""
    powers, sums = scratch("powers", (5, x.size), FLOAT32), scratch("sums", (2, x.size), FLOAT32)
    a, square, cube, fourth, fifth = powers
    np.absolute(x, out=a)
    if not np.maximum.reduce(a) <= _FAR:
        np.minimum(a, np.float32(_FAR), out=a)
    np.multiply(a, a, out=square)
    np.multiply(square, a, out=cube)
    np.multiply(square, square, out=fourth)
    np.multiply(fourth, a, out=fifth)
    np.matmul(coefficients, powers, out=sums)
    out, below = sums
    if constant is not None:
        out += constant
    below += _ONE
    out /= below
    square *= _BELL
    out *= np.exp2(square, out=square)
    return a, out


def _gelu(x: Any, out: Any) -> None:
    np.maximum(x, _ZEROS[: x.size], out=out)
    out -= _ratio(x, _TAIL, None)[1]


def _gelu_backward(g: Any, x: Any, out: Any) -> None:
    """The slope at -a where x < 0, else 1 less that: signs are put in by their bits."""
    spare, slope = _ratio(x, _SLOPE, _HALF)
    bits, signs = slope.view(np.int32), spare.view(np.int32)
    np.bitwise_and(x.view(np.int32), _SIGN, out=signs)
    np.bitwise_xor(bits, signs, out=bits)
    np.copyto(spare, x.view(np.int32) >= 0)
    np.subtract(spare, slope, out=out)
    out *= g


def _tanh_of_argument(x: Any, square: Any, out: Any) -> None:
    """tanh(sqrt(2 / pi) (x + 0.044715 x^3)) in out, x^2 in square."""
    np.multiply(x, x, out=square)
    np.multiply(square, _CUBE, out=out)
    out += _ONE
    out *= x
    out *= _ROOT
    np.tanh(out, out=out)


def _gelu_tanh(x: Any, out: Any) -> None:
    """(1 + tanh(t)) / 2 is 1 / (1 + exp(-2 t)), which does not cancel."""
    np.multiply(x, x, out=out)
    out *= _CUBE
    out += _ONE
    out *= x
    out *= _TWICE
    np.exp(out, out=out)
    out += _ONE
    np.divide(x, out, out=out)


def _silu(x: Any, out: Any) -> None:
    """x / (1 + exp(-x)); where that would overflow, x exp(x / 2)^2, since exp(x) may be subnormal."""
    np.negative(x, out=out)
    np.exp(out, out=out)
    out += 1
    np.divide(x, out, out=out)
    if not np.minimum.reduce(x) >= _DEEP:
        far = x < _DEEP
        low = x[far]
        root = np.exp(low * x.dtype.type(0.5))
        out[far] = low * root * root


def _gelu_tanh_backward(g: Any, x: Any, out: Any) -> None:
    """g ((1 + t) + x (1 - t^2) u') / 2 with t = tanh(u): (1 + t)(1 + x u' (1 - t)) / 2."""
    square, t = scratch("powers", x.shape, FLOAT32), scratch("sums", x.shape, FLOAT32)
    _tanh_of_argument(x, square, t)
    square *= np.float32(3 * 0.044715)
    square += _ONE
    square *= _ROOT
    square *= x
    np.subtract(_ONE, t, out=out)
    square *= out
    square += _ONE
    t += _ONE
    square *= t
    square *= _HALF
    np.multiply(square, g, out=out)


class _Double:
    """gelu in float64, by the kit's erfc."""

    def __init__(self, native: dict[DType, Any]) -> None:
        self.erfc = Special(arraykit.ArrayKit(np, native)).erfc

    def phi(self, x: Any) -> Any:
        return self.erfc(x * -sqrt(0.5)) * 0.5

    def gelu(self, x: Any, out: Any) -> None:
        np.multiply(x, self.phi(x), out=out)

    def gelu_backward(self, g: Any, x: Any, out: Any) -> None:
        slope = self.phi(x) + x * np.exp(x * x * -0.5) / sqrt(2 * pi)
        np.multiply(g, slope, out=out)

    def gelu_tanh(self, x: Any, out: Any) -> None:
        np.divide(x, 1 + np.exp(-2 * sqrt(2 / pi) * (x + 0.044715 * x**3)), out=out)

    def gelu_tanh_backward(self, g: Any, x: Any, out: Any) -> None:
        t = np.tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))
        inner = sqrt(2 / pi) * (1 + 3 * 0.044715 * x * x)
        np.multiply(g, 0.5 * (1 + t) * (1 + x * inner * (1 - t)), out=out)


def table(native: dict[DType, Any]) -> dict[str, Any]:
    """Operator name -> kernel."""
    double = _Double(native)

    def gelu(x: Any, *, approximate: str) -> Any:
        _refuse(x)
        wide = x.dtype.itemsize == 8
        if approximate == "tanh":
            return by_blocks(double.gelu_tanh if wide else _gelu_tanh, x)
        return by_blocks(double.gelu if wide else _gelu, x)

    def gelu_backward(g: Any, x: Any, *, approximate: str) -> Any:
        _refuse(x)
        if g.dtype != x.dtype:
            raise TypeError(f"g is {g.dtype}, x {x.dtype}: they must be of one dtype")
        if g.shape != x.shape:
            g, x = np.broadcast_arrays(g, x)
        wide = x.dtype.itemsize == 8
        if approximate == "tanh":
            return by_blocks(double.gelu_tanh_backward if wide else _gelu_tanh_backward, g, x)
        return by_blocks(double.gelu_backward if wide else _gelu_backward, g, x)

    zeros = {n: np.zeros((), n) for d, n in native.items() if d.name != "bool" and not d.is_complex}

    def relu(x: Any) -> Any:
        if x.size > _FEW and x.dtype == FLOAT32:
            return by_blocks(_relu, x)
        return np.maximum(x, zeros[x.dtype])

    def silu(x: Any) -> Any:
        _refuse(x)
        return by_blocks(_silu, x)

    return {
        "gelu": gelu,
        "gelu_backward": gelu_backward,
        "relu": relu,
        "silu": silu,
        "threshold_backward": threshold_backward,
    }


def _refuse(x: Any) -> None:
    if x.dtype.kind not in "fV":
        raise TypeError(f"{x.dtype} is not a floating type")
