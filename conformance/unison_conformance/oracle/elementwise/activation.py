"""Activation functions."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from unison_conformance.oracle.elementwise.exact import integers, is_complex, is_integer, rational
from unison_conformance.oracle.elementwise.plane import in_plane
from unison_conformance.oracle.elementwise.real import apply
from unison_conformance.oracle.multiprecision import evaluate, flint
from unison_conformance.oracle.reference import Reference, oracle
from unison_conformance.oracle.wide import Wide, where

__all__: list[str] = []

INF, NAN = np.inf, np.nan
_FLAT = 1e5


@oracle("relu")
def _relu(x: Any) -> Any:
    if is_integer(x):
        return integers(lambda v: max(v, 0), x)
    value = x.astype(np.float64)
    return Wide(np.where(value <= 0, 0.0, value))


@oracle("threshold_backward")
def _threshold_backward(g: Any, x: Any) -> Any:
    """Free where x is NaN: relu has no slope there."""
    g, x = np.broadcast_arrays(g, x)
    if is_integer(g):
        return integers(lambda u, v: u if v > 0 else 0, g, x)
    slope, value = g.astype(np.float64), x.astype(np.float64)
    return Reference(Wide(np.where(value > 0, slope, 0.0)), free=np.isnan(value))


def _logistic(x: Any) -> Any:
    return 1 / (1 + (-x).exp())


@oracle("sigmoid")
def _sigmoid(x: Any) -> Any:
    if is_complex(x):
        return in_plane(_logistic, x, scale=lambda size, z: size * (1 + np.abs(1 / (1 + np.exp(z)))))
    return apply(_logistic, x, at={-INF: 0.0, INF: 1.0})


@oracle("silu")
def _silu(x: Any) -> Any:
    """x times sigmoid: where sigmoid is subnormal in float32 or float64, its rounding is multiplied by x."""
    out = apply(lambda v: v * _logistic(v), x, at={-INF: NAN, 0.0: 0.0, INF: INF}, within=(-1e6, INF))
    value = x.astype(np.float64)
    least = 2.0**-1021 if x.dtype.itemsize == 8 else 2.0**-125
    return Reference(out, np.where((value < 0) & np.isfinite(value), -value * least / 8, 0.0), 1)


@oracle("softplus")
def _softplus(x: Any, *, beta: float, threshold: float) -> Any:
    value = x.astype(np.float64)
    scaled = np.clip(value * beta, -1e6, 1e6)
    smooth = apply(lambda v: v.exp().log1p() / beta, scaled, at={-1e6: 0.0})
    return where(value * beta > threshold, value, smooth)


@oracle("elu")
def _elu(x: Any, *, alpha: float, scale: float, input_scale: float) -> Any:
    value = x.astype(np.float64)
    # Constants are multiplied at the precision that the result asks for.
    low = apply(
        lambda v: (v * input_scale).expm1() * scale * alpha, np.where(value > 0, -1.0, value), at={0.0: 0.0}
    )
    low = where(value == -INF, -(Wide(scale) * alpha), low)
    high = rational(lambda v: v * Fraction(scale), x, otherwise=lambda v: v * scale)
    return where(value > 0, high, low)


@oracle("leaky_relu")
def _leaky_relu(x: Any, *, negative_slope: float) -> Any:
    low = rational(lambda v: v * Fraction(negative_slope), x, otherwise=lambda v: v * negative_slope)
    return where(x.astype(np.float64) > 0, x.astype(np.float64), low)


def _phi(x: Any) -> Any:
    """The normal distribution function."""
    return (-x / flint().arb(2).sqrt()).erfc() / 2


def _tanh_argument(x: Any) -> Any:
    arb = flint().arb
    return (2 / arb.pi()).sqrt() * (x + arb("0.044715") * x**3)


@oracle("gelu")
def _gelu(x: Any, *, approximate: str) -> Any:
    """Below -2 the usual formula, 1 + erf, cancels: S is |x| there."""

    def value(v: Any) -> Any:
        if v > _FLAT:
            return v
        # (1 + tanh(t)) / 2 is the logistic function of 2 t, which keeps its digits.
        return v * (_logistic(2 * _tanh_argument(v)) if approximate == "tanh" else _phi(v))

    out = apply(value, x, at={-INF: NAN, 0.0: 0.0, INF: INF}, within=(-1e5, INF))
    size = x.astype(np.float64)
    # Minus infinity times a zero is NaN, and the limit is 0: either may come out.
    return Reference(out, np.where((size < -2) & np.isfinite(size), -size, 0.0), 1, size == -INF)


@oracle("gelu_backward")
def _gelu_backward(g: Any, x: Any, *, approximate: str) -> Any:
    given = [v.astype(np.float64) for v in np.broadcast_arrays(g, x)]
    ordinary = np.isfinite(given[0]) & np.isfinite(given[1])
    slope, value = (np.where(ordinary, v, 1.0) for v in given)
    near = np.clip(value, -1e3, 1e3)
    out = evaluate(lambda u, v: u * (_tanh_slope(v) if approximate == "tanh" else _slope(v)), slope, near)
    bell = np.exp(-np.clip(value * value, 0, 700) / 2)
    # 1 + tanh cancels below -2, and the other factor grows as the slope of its argument.
    steep = np.where(np.abs(near) < 10, 1 + 0.14 * near * near, 0.0) if approximate == "tanh" else 0.0
    scale = np.abs(slope) * (1 + np.abs(near) * ((1 + near * near) * bell + steep))
    # Where the cube of x leaves the format, formulas of it give NaN, torch's too.
    largest = np.cbrt(float(_finfo(x.dtype).max)) / 2
    return Reference(where(ordinary, out, NAN), scale, 1, ~(ordinary & (np.abs(given[1]) < largest)))


def _finfo(dtype: Any) -> Any:
    import ml_dtypes

    return ml_dtypes.finfo(dtype)


def _slope(x: Any) -> Any:
    arb = flint().arb
    return _phi(x) + x * (-x * x / 2).exp() / (2 * arb.pi()).sqrt()


def _tanh_slope(x: Any) -> Any:
    arb = flint().arb
    s = _logistic(2 * _tanh_argument(x))
    inner = (2 / arb.pi()).sqrt() * (1 + 3 * arb("0.044715") * x * x)
    return s + x * 2 * s * _logistic(-2 * _tanh_argument(x)) * inner
