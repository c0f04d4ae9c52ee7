"""The gamma functions: zeros, poles and smallest numbers exactly, the rest beside Arb."""

import numpy as np
import pytest

from unison_conformance.oracle.multiprecision import evaluate
from unison_cpu.backend import CpuBackend

KERNELS = CpuBackend().kernels()


def units(got, exact):
    return np.abs((got - exact.hi) - exact.lo) / np.spacing(np.abs(exact.hi))


@pytest.mark.parametrize(
    ("low", "high"), [(1e-9, 0.5), (0.5, 1.25), (1.25, 1.75), (1.75, 2.5), (2.5, 10), (10, 40)]
)
def test_lgamma_is_near_in_every_range(low, high):
    x = np.random.default_rng(0).uniform(low, high, 2000)
    assert units(KERNELS["lgamma"](x), evaluate(lambda v: v.lgamma(), x)).max() <= 3


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_lgamma_is_zero_at_1_and_2_and_infinite_at_poles(dtype):
    assert KERNELS["lgamma"](np.array([1, 2], dtype)).tolist() == [0, 0]
    assert KERNELS["lgamma"](np.array([0, -0.0, -1, -2, np.inf, -np.inf], dtype)).tolist() == [np.inf] * 6


def test_lgamma_next_to_its_zeros_keeps_its_digits():
    x = 1 + np.array([2.0**-52, -(2.0**-53), 1e-9, -1e-9])
    x = np.concatenate([x, x + 1])
    assert units(KERNELS["lgamma"](x), evaluate(lambda v: v.lgamma(), x)).max() <= 3


def test_digamma_of_the_smallest_numbers_is_minus_their_reciprocal():
    x = np.array([1e-300, 3e-308, 1e-44, -1e-44])
    assert np.allclose(KERNELS["digamma"](x) * x, -1, rtol=1e-15, atol=0)
    assert KERNELS["digamma"](np.array([1e-44, 0, -0.0], "float32")).tolist() == [-np.inf, -np.inf, np.inf]


@pytest.mark.parametrize("n", [1, 2])
def test_polygamma_is_near_on_both_sides_of_zero(n):
    x = np.random.default_rng(n).uniform(-19.5, 40, 2000)
    import flint

    exact = evaluate(lambda v: flint.acb(v).polygamma(n).real, x)
    scale = np.abs(exact.hi) + np.abs(KERNELS["polygamma"](1 - x, n=n))
    assert np.all(np.abs(KERNELS["polygamma"](x, n=n) - exact.hi) <= 32 * 2.0**-53 * scale)


def test_polygamma_far_below_zero_repeats_with_period_one():
    out = KERNELS["polygamma"](np.array([-1e6 - 0.25, -2e6 - 0.25]), n=1)
    assert np.allclose(out, 2 * np.pi**2, rtol=1e-5)
