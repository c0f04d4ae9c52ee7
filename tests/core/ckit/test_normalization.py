"""Normalisations, softmax and losses of the C kit on long rows and odd layouts, against float64."""

from __future__ import annotations

import numpy as np
import pytest

import unison as torch
from unison_core import ops

F = torch.nn.functional


def _on(opencl: str, x: np.ndarray) -> torch.Tensor:
    return torch.tensor(x.astype(np.float32), device=opencl, requires_grad=True)


def _close(got: torch.Tensor, want: np.ndarray) -> None:
    assert np.allclose(got.detach().cpu().numpy(), want, rtol=2e-5, atol=2e-5)


def test_layer_norm_gradients_satisfy_their_formula(opencl: str) -> None:
    rng = np.random.default_rng(0)
    x, g, w = rng.standard_normal((37, 1100)), rng.standard_normal((37, 1100)), rng.standard_normal(1100)
    xs, ws, gs = _on(opencl, x), _on(opencl, w), torch.tensor(g.astype(np.float32), device=opencl)
    F.layer_norm(xs, (1100,), ws, torch.zeros(1100, device=opencl), 1e-5).backward(gs)
    scores = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5)
    up = g * w
    inner = up - up.mean(1, keepdims=True) - scores * (up * scores).mean(1, keepdims=True)
    _close(xs.grad, inner / np.sqrt(x.var(1, keepdims=True) + 1e-5))
    assert np.allclose(ws.grad.cpu().numpy(), (g * scores).sum(0), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("last", [False, True])
def test_batch_norm_takes_channels_wherever_they_lie(last: bool, opencl: str) -> None:
    x = np.random.default_rng(1).standard_normal((8, 20, 9, 7)) * 3 + 5
    t = torch.tensor((x.transpose(0, 2, 3, 1) if last else x).astype(np.float32), device=opencl)
    t = t.permute(0, 3, 1, 2) if last else t
    out, mean, var = ops.batch_norm(t, None, None, eps=1e-5)
    _close(mean, x.mean((0, 2, 3)))
    assert np.allclose(var.cpu().numpy(), x.var((0, 2, 3)), rtol=1e-5)
    scale = np.sqrt(x.var((0, 2, 3), keepdims=True) + 1e-5)
    _close(out, (x - x.mean((0, 2, 3), keepdims=True)) / scale)


def test_softmax_of_infinite_scores(opencl: str) -> None:
    inf = float("inf")
    x = torch.tensor([[0.0, -inf, 0.0], [-inf, -inf, -inf], [500.0, 500.0, -500.0]], device=opencl)
    got = F.softmax(x, 1).cpu().numpy()
    assert np.array_equal(got[[0, 2]], [[0.5, 0, 0.5], [0.5, 0.5, 0]])
    assert np.isnan(got[1]).all()


def test_cross_entropy_of_many_classes_and_places(opencl: str) -> None:
    rng = np.random.default_rng(2)
    x, t = rng.standard_normal((70, 900, 2)) * 4, rng.integers(0, 900, (70, 2))
    t[3, 1] = -100
    xs, ts = _on(opencl, x), torch.tensor(t, device=opencl)
    loss = F.cross_entropy(xs, ts)
    loss.backward()
    p = np.exp(x - x.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    hot = np.arange(900)[None, :, None] == t[:, None, :]
    count = (t >= 0).sum()
    assert abs(loss.item() + np.log(p)[hot].sum() / count) < 1e-5
    want = np.where(t[:, None, :] < 0, 0, p - hot) / count
    assert np.allclose(xs.grad.cpu().numpy(), want, rtol=1e-4, atol=1e-8)


def test_a_class_that_does_not_exist_is_named(opencl: str) -> None:
    x = torch.zeros(3, 5, device=opencl)
    with pytest.raises(IndexError, match="Target 7 is out of bounds: there are 5 classes"):
        F.cross_entropy(x, torch.tensor([0, 7, 9], device=opencl))


def test_adam_writes_strided_parameters_in_place(opencl: str) -> None:
    rng = np.random.default_rng(3)
    whole = torch.tensor(rng.standard_normal((6, 5)).astype(np.float32), device=opencl)
    before, param = whole.cpu().numpy(), whole.t()[1:3]
    g, m, v = (torch.tensor(rng.random((2, 6)).astype(np.float32), device=opencl) for _ in range(3))
    old = [a.cpu().numpy().astype(np.float64) for a in (param, g, m, v)]
    settings = {"step_size": 0.1, "beta1": 0.9, "beta2": 0.99, "eps": 1e-8, "root": 0.5}
    ops.adam_step(param, g, m, v, count=1, decay=0.0, shrink=1.0, maximize=False, **settings)
    mean, square = 0.9 * old[2] + 0.1 * old[1], 0.99 * old[3] + 0.01 * old[1] ** 2
    _close(m, mean)
    _close(v, square)
    _close(param, old[0] - 0.1 * mean / (np.sqrt(square) / 0.5 + 1e-8))
    assert np.array_equal(whole.cpu().numpy()[:, [0, 3, 4]], before[:, [0, 3, 4]])
