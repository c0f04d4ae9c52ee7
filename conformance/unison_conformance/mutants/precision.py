"""Bugs of accuracy: narrow accumulators, approximations, formulas that cancel or overflow."""

from __future__ import annotations

from typing import Any

import numpy as np

from unison_conformance.mutants.mutant import PYTORCH, Kernel, changed, first, mutant

__all__: list[str] = []


def _is_float(x: Any) -> bool:
    return np.asarray(x).dtype.kind == "f"


def _cut(x: Any, bits: int) -> Any:
    """x with that many significand bits, rounded."""
    if not _is_float(x) or not np.asarray(x).size:
        return x
    with np.errstate(all="ignore"):
        significand, exponent = np.frexp(x)
        rounded = np.ldexp(np.round(significand * 2.0**bits) / 2.0**bits, exponent)
    return np.where(np.isfinite(x), rounded, x).astype(x.dtype)


@mutant("matmul", "linear", like=PYTORCH + "61890")
def tf32_inputs(right: Kernel) -> Kernel:
    """The factors of a product keep 11 significand bits."""
    return changed(lambda x: _cut(x, 11), right, (0, 1))


@mutant("conv", "conv_weight_grad", like=PYTORCH + "75778")
def convolution_with_tf32_inputs(right: Kernel) -> Kernel:
    """Images and weights keep 11 significand bits."""
    return changed(lambda x: _cut(x, 11), right, (0, 1))


@mutant("matmul", "scaled_dot_product_attention")
def bfloat16_inputs(right: Kernel) -> Kernel:
    """The factors of a product keep 8 significand bits."""
    return changed(lambda x: _cut(x, 8), right, (0, 1, 2))


@mutant("sum", "mean", "cumsum")
def half_accumulator(right: Kernel) -> Kernel:
    """Sums are held in 11 significand bits."""
    return first(lambda out, *_, **__: _cut(out, 11), right)


@mutant("exp", "sigmoid", "softmax")
def fast_exp(right: Kernel) -> Kernel:
    """The exponential has a relative error of 2^-18."""
    return first(lambda out, *_, **__: out * out.dtype.type(1 + 2.0**-18) if _is_float(out) else out, right)


@mutant("log", "tanh", "sin", "cos")
def fast_function(right: Kernel) -> Kernel:
    """Table lookup: the result keeps 18 significand bits."""
    return first(lambda out, *_, **__: _cut(out, 18), right)


@mutant("exp", "mul")
def subnormal_results_flushed(right: Kernel) -> Kernel:
    """Subnormal results become zero on a device that says it keeps them."""

    def flush(out: Any, *_: Any, **__: Any) -> Any:
        if not _is_float(out):
            return out
        return np.where(np.abs(out) < np.finfo(out.dtype).tiny, out.dtype.type(0), out)

    return first(flush, right)


def _by(formula: Any) -> Any:
    """A mutant's maker: the kernel of one array computed by a formula, for floats."""

    def make(right: Kernel) -> Kernel:
        def wrong(x: Any, **attrs: Any) -> Any:
            if not _is_float(x):
                return right(x, **attrs)
            with np.errstate(all="ignore"):
                return np.asarray(formula(x)).astype(x.dtype)

        return wrong

    return make


@mutant("log1p")
def log1p_by_log(right: Kernel) -> Kernel:
    """log(1 + x): nothing is left of a small x."""
    return _by(lambda x: np.log(x + x.dtype.type(1)))(right)


@mutant("expm1")
def expm1_by_exp(right: Kernel) -> Kernel:
    """exp(x) - 1: nothing is left of a small x."""
    return _by(lambda x: np.exp(x) - x.dtype.type(1))(right)


@mutant("tanh")
def tanh_overflows(right: Kernel) -> Kernel:
    """(e^2x - 1) / (e^2x + 1): NaN for large x."""
    return _by(lambda x: (np.exp(2 * x) - 1) / (np.exp(2 * x) + 1))(right)


@mutant("sigmoid")
def sigmoid_overflows(right: Kernel) -> Kernel:
    """e^x / (1 + e^x): NaN for large x."""
    return _by(lambda x: np.exp(x) / (1 + np.exp(x)))(right)


@mutant("sin", "cos", "tan")
def no_range_reduction(right: Kernel) -> Kernel:
    """The argument is reduced by a rounded 2 pi: large angles are wrong."""
    return changed(
        lambda x: x - np.float32(2 * np.pi) * np.round(x / np.float32(2 * np.pi)) if _is_float(x) else x,
        right,
    )


@mutant("sqrt")
def sqrt_by_reciprocal(right: Kernel) -> Kernel:
    """x * rsqrt(x): NaN at zero and at infinity."""
    return _by(lambda x: x * (1 / np.sqrt(x)))(right)


@mutant("erf")
def erf_by_table(right: Kernel) -> Kernel:
    """A polynomial good to 1.5e-7 absolute, which small arguments show."""

    def formula(x: Any) -> Any:
        t = 1 / (1 + 0.3275911 * np.abs(x))
        poly = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t
        return np.sign(x) * (1 - poly * np.exp(-x * x))

    return _by(formula)(right)


@mutant("gelu")
def gelu_is_always_tanh(right: Kernel) -> Kernel:
    """The approximation is used where the exact function is asked for."""
    return lambda x, *, approximate: right(x, approximate="tanh")


@mutant("softmax", "log_softmax")
def softmax_without_the_maximum(right: Kernel) -> Kernel:
    """exp of the logits themselves: overflow for large ones."""

    def wrong(x: Any, *, dim: int) -> Any:
        with np.errstate(all="ignore"):
            overflows = np.exp(x).sum(axis=dim, keepdims=True) if x.ndim else np.exp(x)
        return np.where(np.isinf(overflows), x.dtype.type(np.nan), right(x, dim=dim))

    return wrong


@mutant("logsumexp")
def logsumexp_without_the_maximum(right: Kernel) -> Kernel:
    """log of the sum of exp: overflow for large elements."""

    def naive(out: Any, x: Any, *, dim: Any, keepdim: bool) -> Any:
        with np.errstate(all="ignore"):
            return np.log(np.exp(x).sum(axis=dim if dim != () else None, keepdims=keepdim))

    return first(naive, right)


@mutant("var", like="https://github.com/openvinotoolkit/openvino/pull/36587")
def variance_in_one_pass(right: Kernel) -> Kernel:
    """E[x^2] - E[x]^2: cancellation where the mean is large."""

    def wrong(x: Any, *, dim: Any, correction: float, keepdim: bool) -> Any:
        out = np.asarray(right(x, dim=dim, correction=correction, keepdim=keepdim))
        axis = dim if dim not in ((), None) else None
        n = x.size / max(out.size, 1)
        with np.errstate(all="ignore"):
            mean = x.mean(axis=axis, keepdims=keepdim, dtype=x.dtype)
            square = (x * x).mean(axis=axis, keepdims=keepdim, dtype=x.dtype)
            return np.asarray((square - mean * mean) * x.dtype.type(n / max(n - correction, 1e-9))).astype(
                out.dtype
            )

    return wrong


@mutant("layer_norm", like="https://github.com/tracel-ai/burn/issues/5607")
def layer_norm_in_one_pass(right: Kernel) -> Kernel:
    """The variance of a row is E[x^2] - E[x]^2."""

    def naive(out: Any, x: Any, weight: Any, bias: Any, *, dims: int, eps: float) -> Any:
        axes = tuple(range(x.ndim - dims, x.ndim))
        mean = x.mean(axis=axes, keepdims=True, dtype=x.dtype)
        square = (x * x).mean(axis=axes, keepdims=True, dtype=x.dtype)
        with np.errstate(all="ignore"):
            y = (x - mean) / np.sqrt(square - mean * mean + x.dtype.type(eps))
        y = y if weight is None else y * weight
        return (y if bias is None else y + bias).astype(out.dtype).reshape(out.shape)

    return first(naive, right)


@mutant("pow")
def pow_by_logarithm(right: Kernel) -> Kernel:
    """exp(b log a): NaN for negative bases, and 1 ULP of the logarithm times b."""

    def wrong(a: Any, b: Any) -> Any:
        if not _is_float(a):
            return right(a, b)
        with np.errstate(all="ignore"):
            return np.asarray(np.exp(b * np.log(a))).astype(a.dtype)

    return wrong


@mutant("pow", "mul", "floor_divide")
def integers_through_float32(right: Kernel) -> Kernel:
    """Integer arithmetic runs in float32: wrong beyond 2^24."""

    def wrong(a: Any, b: Any) -> Any:
        out = np.asarray(right(a, b))
        return out.astype(np.float32).astype(out.dtype) if out.dtype.kind in "iu" else out

    return wrong


@mutant("sum", "cumsum", "prod")
def integer_sums_in_32_bits(right: Kernel) -> Kernel:
    """Sums of int64 wrap at 2^31."""

    def narrow(out: Any, *_: Any, **__: Any) -> Any:
        return out.astype(np.int32).astype(out.dtype) if out.dtype == np.int64 else out

    return first(narrow, right)


@mutant("div", "reciprocal")
def division_by_approximate_reciprocal(right: Kernel) -> Kernel:
    """The reciprocal keeps 20 significand bits."""
    return first(lambda out, *_, **__: _cut(out, 20), right)


@mutant("lgamma", "digamma")
def series_cut_short(right: Kernel) -> Kernel:
    """One term of the asymptotic series is missing."""
    return first(
        lambda out, x, **_: out + out.dtype.type(1e-4) / (1 + np.abs(x) ** 3) if _is_float(out) else out,
        right,
    )


@mutant("cast")
def cast_truncates(right: Kernel) -> Kernel:
    """Narrower floats by cutting bits, not by rounding to even."""

    def wrong(x: Any, *, dtype: Any) -> Any:
        out = np.asarray(right(x, dtype=dtype))
        if _is_float(x) and out.dtype.itemsize < x.dtype.itemsize and out.dtype.kind == "f":
            wide = out.astype(x.dtype)
            out = np.where(np.abs(wide) > np.abs(x), np.nextafter(out, out.dtype.type(0)), out)
        return out

    return wrong
