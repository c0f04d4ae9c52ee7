"""Attention of the C kit against its formula in NumPy's float64, by the kernels' own operators and their gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import unison as torch
from unison_core import ops

INF = float("inf")
Array = np.ndarray[Any, Any]


def _random(seed: int, *shape: int) -> Array:
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def _on(device: str, x: Array | None) -> Any:
    return None if x is None else torch.tensor(x, device=device)


def _strided(device: str, x: Array) -> Any:
    """The same numbers, every other one along memory whose dimensions are turned."""
    wide = np.repeat(np.ascontiguousarray(x.swapaxes(-1, -3)), 2, -1)
    return torch.tensor(wide, device=device)[..., 1::2].transpose(-1, -3)


def _weights(q: Array, k: Array, mask: Array | None, scale: float, causal: bool = False) -> Array:
    scores = q.astype(np.float64) @ k.swapaxes(-1, -2) * scale + (0 if mask is None else mask)
    if causal:
        scores = np.where(np.tri(*scores.shape[-2:], dtype=bool), scores, -INF)
    top = scores.max(-1, keepdims=True)
    grown = np.exp(scores - np.where(top == -INF, 0, top))
    total = grown.sum(-1, keepdims=True)
    return grown / np.where(total == 0, 1, total)


def _to(shape: tuple[int, ...], x: Array) -> Array:
    """x summed to what was broadcast."""
    x = x.sum(tuple(range(x.ndim - len(shape))))
    return x.sum(tuple(d for d, n in enumerate(shape) if n != x.shape[d]), keepdims=True)


def _close(got: Any, want: Array, limit: float = 2e-5) -> None:
    assert got.shape == want.shape
    np.testing.assert_allclose(got.detach().cpu().float().numpy(), want, rtol=limit, atol=limit)


MASKS = [None, (45,), (3, 37, 1), (2, 1, 1, 45)]


@pytest.mark.parametrize("mask", MASKS, ids=str)
def test_attention_of_masks_of_every_shape(mask: tuple[int, ...] | None, either: str) -> None:
    q, k, v = _random(0, 2, 3, 37, 8), _random(1, 2, 3, 45, 8), _random(2, 2, 3, 45, 5)
    added = None if mask is None else _random(3, *mask)
    keep = np.where(_random(4, 2, 3, 37, 45) > 0, np.float32(1.5), 0) if mask else None
    want = _weights(q, k, added, 0.4)
    out, p = ops.scaled_dot_product_attention(
        *(_strided(either, x) for x in (q, k, v)), _on(either, added), _on(either, keep), scale=0.4
    )
    _close(p, want)
    _close(out, (want if keep is None else want * keep) @ v)


@pytest.mark.parametrize(("rows", "columns"), [(70, 70), (5, 66), (66, 5)])
def test_causal_rows_see_up_to_themselves(rows: int, columns: int, either: str) -> None:
    q, k, v = _random(0, 2, rows, 8), _random(1, 2, columns, 8), _random(2, 2, columns, 4)
    q[0, 0, 0] = 1e4  # What is hidden may be as large as it likes.
    k[0, -1] = 1e4
    out, p = ops.scaled_dot_product_attention(
        *(_on(either, x) for x in (q, k, v)), None, None, is_causal=True, scale=0.3
    )
    want = _weights(q, k, None, 0.3, causal=True)
    _close(p, want, 1e-4)
    _close(out, want @ v, 1e-4)
    assert not p.cpu().numpy()[:, ~np.tri(rows, columns, dtype=bool)].any()


def test_rows_in_which_all_is_masked_give_zeros(either: str) -> None:
    q, k, mask = _random(0, 4, 8), _random(1, 40, 8), np.zeros((4, 40), np.float32)
    mask[1], mask[2, 1:] = -INF, -INF
    out, p = ops.scaled_dot_product_attention(
        *(_on(either, x) for x in (q, k, k, mask)), None, is_causal=False, scale=1.0
    )
    assert not p[1].any().item()
    assert not out[1].any().item()
    assert p[2].cpu().tolist() == [1.0] + [0.0] * 39
    _close(p, _weights(q, k, mask, 1.0))


@pytest.mark.parametrize("case", ["plain", "kept", "weights too", "values broadcast"])
def test_attention_gradients_satisfy_their_formula(case: str, either: str) -> None:
    batch = (1, 3) if case == "values broadcast" else (2, 3)
    q, k, v = _random(0, *batch, 37, 8), _random(1, 3, 45, 8), _random(2, 2, 1, 45, 5)
    mask = _random(3, 3, 1, 45)
    keep = np.where(_random(4, *batch, 37, 45) > 0, np.float32(1.5), 0) if case == "kept" else None
    g, g_p = _random(5, 2, 3, 37, 5), _random(6, *batch, 37, 45)
    leaves = [_on(either, x).requires_grad_() for x in (q, k, v, mask)]
    out, p = ops.scaled_dot_product_attention(*leaves, _on(either, keep), is_causal=False, scale=0.4)
    total = (out * _on(either, g)).sum()
    (total + (p * _on(either, g_p)).sum() if case == "weights too" else total).backward()

    want = _weights(q, k, mask, 0.4)
    gp = _to(want.shape, g @ v.swapaxes(-1, -2).astype(np.float64)) * (1 if keep is None else keep)
    gp = gp + g_p if case == "weights too" else gp
    gs = want * (gp - (gp * want).sum(-1, keepdims=True))
    kept = want if keep is None else want * keep
    for leaf, wanted in zip(
        leaves,
        (0.4 * gs @ k, 0.4 * gs.swapaxes(-1, -2) @ q, kept.swapaxes(-1, -2) @ g, gs),
        strict=True,
    ):
        _close(leaf.grad, _to(tuple(leaf.shape), wanted), 1e-4)


def test_halves_of_long_rows_add_up_to_one(either: str) -> None:
    """Summed in float16, 4096 equal weights would not: each exponential is 1."""
    dtype = torch.float16
    q, k = torch.zeros(2, 4, dtype=dtype).to(either), torch.ones(4096, 4, dtype=dtype).to(either)
    out, p = ops.scaled_dot_product_attention(q, k, k, None, None, is_causal=False, scale=1.0)
    assert (p.cpu().float() == 1 / 4096).all().item()
    assert (out.cpu().float() == 1).all().item()


@pytest.mark.parametrize("shape", [(0, 3, 4, 5), (2, 0, 4, 5), (2, 3, 0, 5), (2, 3, 4, 0)])
def test_attention_without_elements(shape: tuple[int, ...], opencl: str) -> None:
    n, rows, columns, width = shape
    q, k, v = (torch.ones(n, i, width, device=opencl, requires_grad=True) for i in (rows, columns, columns))
    out, p = ops.scaled_dot_product_attention(q, k, v, None, None, is_causal=True, scale=1.0)
    out.sum().backward()
    assert out.shape == (n, rows, width)
    assert p.shape == (n, rows, columns)
    assert not any(x.grad.any().item() for x in (q, k))
    assert v.grad.shape == v.shape


def test_attention_is_three_kernels_and_its_gradient_six(
    opencl: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    q, mask = torch.ones(2, 3, 5, 4, device=opencl), torch.zeros(5, 5, device=opencl)
    device: Any = q.device
    runtime: Any = device.backend.kit.runtime(device)
    launch, started = runtime.launch, []
    monkeypatch.setattr(runtime, "launch", lambda *given: (started.append(given), launch(*given)))
    out, p = ops.scaled_dot_product_attention(q, q, q, mask, None, is_causal=True, scale=0.5)
    assert len(started) == 3
    started.clear()
    ops.scaled_dot_product_attention_backward(out, None, q, q, q, None, out, p, scale=0.5)
    assert len(started) == 6


def test_what_does_not_fit_is_refused(opencl: str) -> None:
    x, y = torch.ones(2, 3, 4, device=opencl), torch.ones(2, 3, 4, dtype=torch.float16).to(opencl)
    with pytest.raises(RuntimeError, match="expects query"):
        ops.scaled_dot_product_attention(x, x, x[:, :2], None, None, scale=1.0)
    with pytest.raises(RuntimeError, match="same dtype"):
        ops.scaled_dot_product_attention(x, x, y, None, None, scale=1.0)
    with pytest.raises(RuntimeError, match="do not broadcast"):
        ops.scaled_dot_product_attention(x, x, x, torch.ones(4, 3, device=opencl), None, scale=1.0)
