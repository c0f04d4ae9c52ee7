"""The gradient of relu on the CPU: a selection, whatever the values and the memory order."""

import numpy as np
import pytest

from unison_cpu.kernels.activation import threshold_backward


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
