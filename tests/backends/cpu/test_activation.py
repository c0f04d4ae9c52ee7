"""Activations on the CPU: relu's gradient is a selection; gelu is as near to mathematics in blocks as in one piece."""

import math

import numpy as np
import pytest

from unison_cpu.backend import CpuBackend
from unison_cpu.kernels._blocks import BLOCK
from unison_cpu.kernels.activation import threshold_backward

KERNELS = CpuBackend().kernels()


def phi(x):
    return np.array([0.5 * math.erfc(-v / math.sqrt(2)) for v in x.tolist()])


def slope(x):
    return phi(x) + x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_gelu_and_its_gradient_follow_the_formula_over_several_blocks(dtype):
    x = np.linspace(-14, 14, 2 * BLOCK + 77).astype(dtype)
    exact, unit = x.astype(float), np.finfo(dtype).eps
    out = KERNELS["gelu"](x, approximate="none")
    near = exact > -2
    assert out.dtype == x.dtype
    assert np.all(np.abs(out - exact * phi(exact)) <= 8 * unit * np.abs(exact * phi(exact)) * near + unit)
    gradient = KERNELS["gelu_backward"](np.full_like(x, 2), x, approximate="none")
    assert np.abs(gradient - 2 * slope(exact)).max() <= 4 * unit


def test_gelu_keeps_relative_accuracy_where_little_is_left():
    x = np.linspace(-6, -2, 1001).astype("float32")
    exact = x.astype(float) * phi(x.astype(float))
    assert np.abs(KERNELS["gelu"](x, approximate="none") / exact - 1).max() < 1e-5


def test_gelu_at_zero_infinity_and_nan():
    x = np.array([0, -0.0, np.inf, -np.inf, np.nan, 1e30, -1e30], "float32")
    out = KERNELS["gelu"](x, approximate="none")
    assert np.array_equal(out, np.array([0, 0, np.inf, 0, np.nan, 1e30, 0], "float32"), equal_nan=True)
    gradient = KERNELS["gelu_backward"](np.ones_like(x), x, approximate="none")
    assert np.array_equal(gradient, np.array([0.5, 0.5, 1, 0, np.nan, 1, 0], "float32"), equal_nan=True)


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_gelu_takes_any_memory_order(approximate):
    x = np.random.default_rng(0).standard_normal((3, 5, 8)).astype("float32")
    g = np.random.default_rng(1).standard_normal((3, 5, 8)).astype("float32")
    expected = KERNELS["gelu_backward"](g, x, approximate=approximate)
    for a, b in (
        (np.asfortranarray(g), x),
        (g, np.asfortranarray(x)),
        (np.asfortranarray(g), np.asfortranarray(x)),
    ):
        assert np.array_equal(KERNELS["gelu_backward"](a, b, approximate=approximate), expected)
    part = KERNELS["gelu"](x[:, ::-1, ::2], approximate=approximate)
    assert np.array_equal(part, KERNELS["gelu"](x, approximate=approximate)[:, ::-1, ::2])


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32"])
def test_threshold_backward_selects(dtype):
    x = np.random.default_rng(0).integers(-2, 3, (3, 4, 5)).astype(dtype)
    g = np.random.default_rng(1).integers(-9, 9, (3, 4, 5)).astype(dtype)
    for a, b in (
        (g, x),
        (g.transpose(2, 0, 1), x.transpose(2, 0, 1)),
        (g, np.asfortranarray(x)),
        (g[0, 0, 0], x),
    ):
        out = threshold_backward(a, b)
        assert out.dtype == g.dtype
        assert np.array_equal(out, np.where(b > 0, a, 0))


def test_threshold_backward_stops_infinity_and_nan():
    g = np.array([np.inf, np.nan, np.inf, np.nan], "float32")
    out = threshold_backward(g, np.array([-1, 0, 1, 1], "float32"))
    assert np.array_equal(out, np.array([0, 0, np.inf, np.nan], "float32"), equal_nan=True)


def test_threshold_backward_keeps_the_memory_order_of_x():
    x = np.ones((2, 3, 4), "float32").transpose(0, 2, 1)
    assert threshold_backward(np.ones((2, 4, 3), "float32"), x).strides == x.strides


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32"])
@pytest.mark.parametrize("size", [5, BLOCK + 77])
def test_relu_of_few_and_of_several_blocks_keeps_nan_order_and_memory_order(dtype, size):
    x = np.linspace(-9, 9, size).astype(dtype)
    expected = [max(0, v) for v in x.tolist()]
    assert KERNELS["relu"](x).tolist() == expected
    turned = np.stack([x, x], axis=1).T
    out = KERNELS["relu"](turned)
    assert out.tolist() == [expected, expected]
    if dtype != "int32":
        x[3] = np.nan
        assert np.flatnonzero(np.isnan(KERNELS["relu"](x))).tolist() == [3]


@pytest.mark.parametrize("shape", [(3,), (2, 4), (2, 3, 5), (1, 1), (4, 32), (3, 40)])
def test_softmax_of_few_numbers_follows_the_formula(shape):
    for scale in (1, 30, 1000):
        x = (np.sin(np.arange(math.prod(shape))) * scale).astype(np.float32).reshape(shape)
        rows = x.reshape(-1, shape[-1]).astype(float).tolist()
        grown = [[math.exp(v - max(row)) for v in row] for row in rows]
        expected = np.array([[e / math.fsum(row) for e in row] for row in grown]).reshape(shape)
        for dim in (-1, len(shape) - 1):
            out = KERNELS["softmax"](x, dim=dim)
            assert out.dtype == np.float32
            # What is subtracted from x is rounded to its size.
            assert np.allclose(out, expected, rtol=(2 + scale) * 2.0**-22, atol=1e-38)


@pytest.mark.parametrize("values", [[math.inf, 0.0], [math.nan, 1.0], [-math.inf, 2.0]])
def test_softmax_of_few_numbers_carries_infinities_and_nan(values):
    out = KERNELS["softmax"](np.array([values, [0.0, 0.0]], np.float32), dim=1)
    assert out[1].tolist() == [0.5, 0.5]
    assert out[0].tolist() == [0.0, 1.0] if values[0] == -math.inf else np.isnan(out[0]).all()
