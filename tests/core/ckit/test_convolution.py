"""Convolutions and pooling of the C kit, against their defining sums over windows in NumPy."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

import unison as torch
from unison_core import ops

RNG = np.random.default_rng(3)
CASES = [
    # x, weight, stride, padding, dilation, groups
    ((2, 3, 9), (4, 3, 3), (2,), (1,), (1,), 1),
    ((2, 4, 6, 5), (6, 2, 3, 3), (1, 1), (1, 2), (1, 1), 2),
    ((1, 6, 9, 9), (12, 1, 3, 3), (2, 2), (1, 1), (2, 3), 6),
    ((2, 3, 11, 7), (70, 3, 2, 2), (3, 3), (0, 0), (1, 1), 1),
    ((1, 2, 3, 4, 3), (2, 2, 2, 3, 2), (1, 2, 1), (1, 0, 1), (1, 1, 1), 1),
]


def _terms(size: Any, kernel: Any, stride: Any, padding: Any, dilation: Any) -> Any:
    """(place of the window, tap, coordinate) of every tap that lies inside."""
    counts = [
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True)
    ]
    for o in product(*map(range, counts)):
        for t in product(*map(range, kernel)):
            i = [a * s - p + b * d for a, b, s, p, d in zip(o, t, stride, padding, dilation, strict=True)]
            if all(0 <= a < n for a, n in zip(i, size, strict=True)):
                yield (
                    (slice(None), slice(None), *o),
                    (slice(None), slice(None), *t),
                    (slice(None), slice(None), *i),
                )


def _conv(x: Any, w: Any, out_shape: Any, steps: Any, groups: int) -> Any:
    out = np.zeros(out_shape)
    for o, t, i in _terms(x.shape[2:], w.shape[2:], *steps):
        parts = np.split(x[i], groups, axis=1)
        rows = np.split(w[t], groups, axis=0)
        out[o] += np.concatenate([a @ b.T for a, b in zip(parts, rows, strict=True)], axis=1)
    return out


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("last", [False, True])
def test_convolution_and_gradients_are_the_defining_sums(opencl: str, case: Any, last: bool) -> None:
    """The gradients by their definition: <g, conv(x, w)> is linear in x and in w."""
    size, kernel, *steps, groups = case
    x, w = RNG.integers(-4, 5, size).astype(np.float64), RNG.integers(-4, 5, kernel).astype(np.float64)
    b = RNG.integers(-4, 5, kernel[0]).astype(np.float64)
    how: dict[str, Any] = dict(zip(("stride", "padding", "dilation"), steps, strict=True), groups=groups)
    xs, ws, bs = (torch.tensor(v.astype(np.float32), device=opencl) for v in (x, w, b))
    if last:
        xs, ws = (v.transpose(1, -1).contiguous().transpose(1, -1) for v in (xs, ws))
    out = ops.conv(xs, ws, bs, **how)
    want = _conv(x, w, out.shape, steps, groups)
    assert np.array_equal(out.cpu().numpy(), want + b.reshape(-1, *[1] * (x.ndim - 2)))

    g = RNG.integers(-4, 5, want.shape).astype(np.float64)
    gs = torch.tensor(g.astype(np.float32), device=opencl)
    gx = ops.conv_input_grad(gs, ws, size=size[2:], **how).cpu().numpy()
    gw = ops.conv_weight_grad(xs, gs, kernel=kernel[2:], **how).cpu().numpy()
    want_x, want_w = np.zeros(size), np.zeros(kernel)
    for o, t, i in _terms(size[2:], kernel[2:], *steps):
        grads, rows = np.split(g[o], groups, axis=1), np.split(w[t], groups, axis=0)
        want_x[i] += np.concatenate([a @ r for a, r in zip(grads, rows, strict=True)], axis=1)
        parts = np.split(x[i], groups, axis=1)
        want_w[t] += np.concatenate([a.T @ v for a, v in zip(grads, parts, strict=True)], axis=0)
    assert np.array_equal(gx, want_x)
    assert np.array_equal(gw, want_w)


def test_positions_that_no_window_reaches_have_no_gradient(opencl: str) -> None:
    """Stride 3 and one tap: two of three positions are passed over."""
    g, w = torch.ones(1, 1, 2, device=opencl), torch.ones(1, 1, 1, device=opencl)
    out = ops.conv_input_grad(g, w, size=(6,), stride=(3,), padding=(0,), dilation=(1,), groups=1)
    assert out.flatten().tolist() == [1, 0, 0, 1, 0, 0]


def test_half_convolutions_are_summed_in_float32(opencl: str) -> None:
    """4,096 ones: a sum in float16 stays at 2,048."""
    x, w = (torch.ones(1, 4096, 1).half().to(opencl) for _ in range(2))
    out = ops.conv(x, w, None, stride=(1,), padding=(0,), dilation=(1,), groups=1)
    assert out.item() == 4096


def test_max_pool_takes_the_first_of_equals_and_nan(opencl: str) -> None:
    x = torch.tensor([[[[1.0, 1.0], [1.0, 0.0]], [[0.0, np.nan], [2.0, np.nan]]]], device=opencl)
    how: dict[str, Any] = {
        "kernel": (2, 2),
        "stride": (2, 2),
        "padding": (0, 0),
        "dilation": (1, 1),
        "ceil_mode": False,
    }
    values, indices = ops.max_pool_with_indices(x, **how)
    assert indices.flatten().tolist() == [0, 1]
    assert values.flatten().tolist()[0] == 1
    assert np.isnan(values.flatten().tolist()[1])
    g = torch.tensor([[[[3.0]], [[5.0]]]], device=opencl)
    grad = ops.max_pool_backward(g, x, values, **how)
    assert grad.flatten().tolist() == [3, 0, 0, 0, 0, 5, 0, 0]


def test_pools_agree_with_windows_of_numpy(opencl: str) -> None:
    x = RNG.integers(-9, 10, (2, 3, 7, 8)).astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 2), axis=(2, 3))[:, :, ::2, ::1]
    turned = torch.tensor(np.ascontiguousarray(x.transpose(0, 2, 3, 1)), device=opencl).permute(0, 3, 1, 2)
    how: dict[str, Any] = {"kernel": (3, 2), "stride": (2, 1), "padding": (0, 0), "ceil_mode": False}
    best = ops.max_pool(turned, **how, dilation=(1, 1))
    assert np.array_equal(best.cpu().numpy(), windows.max(axis=(-1, -2)))
    mean = ops.avg_pool(turned, **how, count_include_pad=True, divisor=2)
    assert np.array_equal(mean.cpu().numpy(), windows.sum(axis=(-1, -2)) / 2)


def test_windows_of_four_dimensions_are_refused_by_name(opencl: str) -> None:
    x = torch.ones(1, 1, 2, 2, 2, 2, device=opencl)
    with pytest.raises(NotImplementedError, match="max_pool: windows of 4 dimensions"):
        ops.max_pool(
            x, kernel=(1,) * 4, stride=(1,) * 4, padding=(0,) * 4, dilation=(1,) * 4, ceil_mode=False
        )
