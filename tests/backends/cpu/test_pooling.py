"""Gradients of max pooling go back to the first place that reached the largest, however few images at a time."""

import itertools

import numpy as np
import pytest

from unison_core import arraykit
from unison_core.arraykit.pooling import Pooling
from unison_cpu.backend import CpuBackend

BACKEND = CpuBackend()


def given_back(g, x, kernel, stride, padding):
    """Window by window, in Python's numbers."""
    grad = np.zeros(x.shape)
    for n, c, i, j in itertools.product(*map(range, g.shape)):
        places = [
            (n, c, i * stride[0] - padding[0] + a, j * stride[1] - padding[1] + b)
            for a in range(kernel[0])
            for b in range(kernel[1])
        ]
        inside = [p for p in places if 0 <= p[2] < x.shape[2] and 0 <= p[3] < x.shape[3]]
        nans = [p for p in inside if x[p] != x[p]]
        grad[nans[0] if nans else max(inside, key=lambda p: float(x[p]))] += g[n, c, i, j]
    return grad


@pytest.mark.parametrize("block", [None, 1, 100, 10**6])
@pytest.mark.parametrize(
    ("kernel", "stride", "padding"),
    [((2, 2), (2, 2), (0, 0)), ((3, 2), (1, 2), (1, 0)), ((2, 2), (3, 3), (0, 0))],
)
@pytest.mark.parametrize("nan", [False, True])
def test_gradients_of_max_pooling_by_blocks_are_those_of_each_window(block, kernel, stride, padding, nan):
    rng = np.random.default_rng(5)
    x = rng.integers(0, 4, (5, 6, 6, 3)).astype(np.float32).transpose(0, 3, 1, 2)
    if nan:
        x[1, 2, 3, 3] = np.nan
    pooling = Pooling(arraykit.ArrayKit(np, BACKEND.native_dtypes()), block)
    settings = {
        "kernel": kernel,
        "stride": stride,
        "padding": padding,
        "dilation": (1, 1),
        "ceil_mode": False,
    }
    out = pooling.max_pool(x, **settings)
    g = rng.integers(1, 9, out.shape).astype(np.float32)
    grad = pooling.max_pool_backward(g, x, out, **settings)
    assert grad.strides == x.strides
    assert np.array_equal(grad, given_back(g, x, kernel, stride, padding))
