"""Oracles of the operators of networks against values written by hand, and bounds that hold where they must."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from unison_conformance.oracle import expected, functions
from unison_conformance.oracle.tracked import tracked
from unison_conformance.oracle.wide import Wide

LINE: dict[str, Any] = {"stride": (1,), "padding": (1,), "dilation": (1,), "groups": 1}


def test_conv_is_cross_correlation_with_zeros_around() -> None:
    x, w = np.array([[[1.0, 2.0, 4.0]]]), np.array([[[1.0, 10.0, 100.0]]])
    (out,) = expected("conv", (x, w, np.array([0.5])), LINE)
    assert out.value.hi.tolist() == [[[210.5, 421.5, 42.5]]]
    assert out.scale.tolist() == [[[210.5, 421.5, 42.5]]]


def test_conv_gradients_are_its_adjoints() -> None:
    rng = np.random.default_rng(0)
    attrs: dict[str, Any] = {"stride": (2,), "padding": (1,), "dilation": (2,), "groups": 2}
    x, w = rng.integers(-9, 9, (2, 4, 7)), rng.integers(-9, 9, (6, 2, 2))
    (out,) = expected("conv", (x, w, None), attrs)
    g = rng.integers(-9, 9, out.shape)
    total = int((out.value * g).sum())
    (gx,) = expected("conv_input_grad", (g, w), {**attrs, "size": (7,)})
    (gw,) = expected("conv_weight_grad", (x, g), {**attrs, "kernel": (2,)})
    assert int((gx.value * x).sum()) == int((gw.value * w).sum()) == total


def test_conv_of_integers_keeps_all_digits() -> None:
    x, w = np.full((1, 1, 1), 2**62), np.full((1, 1, 1), 4)
    assert expected("conv", (x, w, None), {**LINE, "padding": (0,)})[0].value.item() == 2**64


def test_max_pool_takes_the_first_of_equals_and_the_first_nan() -> None:
    x = np.array([[[1.0, 1.0, np.nan, np.nan]]], np.float32)
    attrs: dict[str, Any] = {"kernel": (2,), "stride": (2,), "padding": (0,), "dilation": (1,)}
    values, places = expected("max_pool_with_indices", (x,), {**attrs, "ceil_mode": False})
    assert places.value.tolist() == [[[0, 2]]]
    assert values.value[0, 0, 0] == 1
    assert np.isnan(values.value[0, 0, 1])


def test_avg_pool_divides_by_what_lies_in_the_padding_but_not_beyond() -> None:
    x = np.array([[[3.0, 6.0, 12.0, 24.0]]])
    attrs: dict[str, Any] = {
        "kernel": (3,),
        "stride": (2,),
        "padding": (1,),
        "ceil_mode": True,
        "divisor": None,
    }
    padded = expected("avg_pool", (x,), {**attrs, "count_include_pad": True})[0]
    bare = expected("avg_pool", (x,), {**attrs, "count_include_pad": False})[0]
    # Windows start at -1, 1 and 3; the last holds one element and one zero of padding.
    assert padded.value.hi.tolist() == [[[3.0, 14.0, 12.0]]]
    assert bare.value.hi.tolist() == [[[4.5, 14.0, 24.0]]]


def test_avg_pool_of_integers_truncates_towards_zero() -> None:
    attrs: dict[str, Any] = {
        "kernel": (2,),
        "stride": (2,),
        "padding": (0,),
        "ceil_mode": False,
        "divisor": None,
    }
    out = expected("avg_pool", (np.array([[[-3, 0, 3, 0]]]),), {**attrs, "count_include_pad": True})[0]
    assert out.value.tolist() == [[[-1, 1]]]


def test_softmax_of_two_is_a_sigmoid() -> None:
    (out,) = expected("softmax", (np.array([0.0, 3.0]),), {"dim": 0})
    gap = out.value[1] - functions.sigmoid(np.array(3.0))
    assert abs(float(gap.hi)) < 2.0**-100


def test_attention_row_with_everything_masked_is_zero() -> None:
    one = np.ones((2, 2))
    mask = np.array([[0.0, 0.0], [-np.inf, -np.inf]])
    out, p = expected(
        "scaled_dot_product_attention", (one, one, one, mask, None), {"is_causal": False, "scale": 1.0}
    )
    assert p.value.hi.tolist() == [[0.5, 0.5], [0.0, 0.0]]
    assert out.value.hi.tolist() == [[1.0, 1.0], [0.0, 0.0]]


def test_adam_step_moves_by_step_size_against_the_sign_at_first() -> None:
    zero = np.zeros(2)
    attrs: dict[str, Any] = {
        "count": 1, "step_size": 0.25, "beta1": 0.0, "beta2": 0.0, "eps": 0.0, "root": 1.0,
        "decay": 0.0, "shrink": 1.0, "maximize": False,
    }  # fmt: skip
    after = expected("adam_step", (np.ones(2), np.array([4.0, -8.0]), zero, zero), attrs)
    assert after[0].value.hi.tolist() == [0.75, 1.25]
    assert after[3].value.hi.tolist() == [16.0, 64.0]


def test_functions_reach_a_hundred_bits_and_the_limits() -> None:
    e = functions.exp(Wide(np.array([1.0, -np.inf, np.inf, np.nan])))
    # The sum of 1 / k!.
    series, term = Fraction(0), Fraction(1)
    for k in range(1, 40):
        series, term = series + term, term / k
    error = Fraction(float(e.hi[0])) + Fraction(float(e.lo[0])) - series
    assert abs(error) < Fraction(1, 2**104)
    assert e.hi[1:3].tolist() == [0.0, np.inf]
    assert np.isnan(e.hi[3])


def test_tracked_bounds_hold_for_float32_and_are_not_idle() -> None:
    """Rounding a cancelling sum step by step stays in its bound, and takes a good part of it somewhere."""
    rng = np.random.default_rng(1)
    a, b, c = (rng.uniform(1, 2, 1000).astype(np.float32) for _ in range(3))
    t = tracked(a) * tracked(b) - tracked(c) * tracked(c)
    seen = a * b - c * c
    error = np.abs((t.value - seen.astype(np.float64)).hi) / 2.0**-24
    assert (error <= t.error).all()
    assert (error / t.error).max() > 0.5
