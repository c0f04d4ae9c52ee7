"""Matrix products of the C kit, against NumPy in float64 and exact integers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import unison as torch
from unison_core.ckit.tiles import tiles
from unison_core.dtypes import float32, float64

RNG = np.random.default_rng(7)


def _on(opencl: str, array: Any, *, turned: bool = False) -> Any:
    """The array on the device; turned: with its last two dimensions exchanged in memory."""
    if not turned:
        return torch.tensor(array, device=opencl)
    return torch.tensor(np.ascontiguousarray(array.swapaxes(-1, -2)), device=opencl).transpose(-1, -2)


def _agrees(got: Any, a: Any, b: Any, extra: Any = 0) -> bool:
    """Within (8 + 2 sqrt(k)) units of 2^-24 of the sum of the terms' sizes."""
    wide, sizes = a.astype(np.float64) @ b.astype(np.float64) + extra, np.abs(a) @ np.abs(b) + np.abs(extra)
    limit = (8 + 2 * np.sqrt(a.shape[-1])) * 2.0**-24 * sizes
    return bool((np.abs(got.cpu().numpy() - wide) <= limit).all())


@pytest.fixture
def single(opencl: str) -> Iterator[str]:
    """The device, taken for one without float64."""
    device: Any = torch.ones(1, device=opencl).device
    runtime: Any = device.backend.kit.runtime(device)
    facts, programs = runtime.facts, runtime.programs
    runtime.facts, runtime.programs = dataclasses.replace(facts, fp64=False), {}
    yield opencl
    runtime.facts, runtime.programs = facts, programs


@pytest.mark.parametrize("turned", [(False, False), (True, False), (False, True), (True, True)])
@pytest.mark.parametrize("shapes", [((1, 1), (1, 1)), ((130, 300), (300, 67)), ((3, 5, 17), (3, 17, 70))])
def test_matmul_reads_any_order_of_memory(either: str, shapes: Any, turned: tuple[bool, bool]) -> None:
    a, b = (RNG.standard_normal(s, dtype=np.float32) for s in shapes)
    assert _agrees(_on(either, a, turned=turned[0]) @ _on(either, b, turned=turned[1]), a, b)


def test_matmul_broadcasts_batches_without_copies(either: str) -> None:
    a, b = (RNG.standard_normal(s, dtype=np.float32) for s in ((4, 1, 3, 5), (2, 5, 6)))
    assert _agrees(_on(either, a) @ _on(either, b), a, b)
    one = _on(either, a)[:1].expand(3, 1, 3, 5)
    assert _agrees(one @ _on(either, b), np.broadcast_to(a[:1], (3, 1, 3, 5)), b)


def test_batches_of_more_dimensions_than_a_kernel_walks(either: str) -> None:
    """Permuted, so that no two dimensions join."""
    a = RNG.standard_normal((*(2,) * 10, 4), dtype=np.float32)
    turned, host = _on(either, a).permute(*range(a.ndim)[::-1]), a.transpose()
    assert _agrees(turned @ turned.mT, host, np.swapaxes(host, -1, -2))
    lower = np.tril(np.abs(a.reshape(*(2,) * 10, 2, 2))) + np.eye(2, dtype=np.float32)
    b = RNG.standard_normal((*(1, 2) * 5, 2, 1), dtype=np.float32)
    found = torch.linalg.solve_triangular(_on(either, lower[:, :1, :, :1]), _on(either, b), upper=False)
    wanted = np.linalg.solve(lower[:, :1, :, :1].astype(np.float64), b)
    np.testing.assert_allclose(found.cpu().numpy(), wanted, rtol=1e-5, atol=1e-5)


def test_matmul_of_steps_and_offsets(either: str) -> None:
    a, b = (RNG.standard_normal(s, dtype=np.float32) for s in ((20, 30), (30, 40)))
    assert _agrees(_on(either, a)[3::4, 5::5] @ _on(either, b)[10:15, 1::7], a[3::4, 5::5], b[10:15, 1::7])


def test_matmul_of_no_depth_is_zero(either: str) -> None:
    out = torch.empty(3, 0, device=either) @ torch.empty(0, 5, device=either)
    assert out.shape == (3, 5)
    assert not out.any().item()


def test_long_sums_shared_among_groups_add_up_and_repeat(either: str) -> None:
    a, b = (RNG.standard_normal(s, dtype=np.float32) for s in ((5, 40_000), (40_000, 3)))
    x, y = _on(either, a), _on(either, b)
    first = x @ y
    assert _agrees(first, a, b)
    assert bytes((x @ y).cpu().numpy()) == bytes(first.cpu().numpy())


@pytest.mark.parametrize("name", ["int8", "uint8", "int16", "int32", "int64"])
def test_integers_wrap(either: str, name: str) -> None:
    a, b = (RNG.integers(-(2**62), 2**62, s).astype(name) for s in ((9, 33), (33, 18)))
    with np.errstate(over="ignore"):
        want = (a.astype(np.int64)[:, :, None] * b.astype(np.int64)).sum(axis=1).astype(name)
    assert np.array_equal((_on(either, a) @ _on(either, b)).cpu().numpy(), want)


def test_halves_are_summed_in_float32(either: str) -> None:
    """2048 + 1 is 2048 in float16."""
    ones = torch.ones(1, 4096, dtype=torch.float16).to(either)
    assert (ones @ ones.t()).item() == 4096


def test_linear_of_halves_rounds_once(either: str) -> None:
    """2048 + 1 + 1: rounded before the bias it is 2048 and stays."""
    x = torch.tensor([[2048.0, 1.0]]).half().to(either)
    out = torch.nn.functional.linear(x, torch.ones(1, 2).half().to(either), torch.ones(1).half().to(either))
    assert out.item() == 2050


@pytest.mark.parametrize("shape", [(40,), (6, 40), (2, 3, 40)])
def test_linear_agrees_with_its_formula(either: str, shape: tuple[int, ...]) -> None:
    x, w, b = (RNG.standard_normal(s, dtype=np.float32) for s in (shape, (70, 40), (70,)))
    out = torch.nn.functional.linear(_on(either, x), _on(either, w), _on(either, b))
    assert out.shape == (*shape[:-1], 70)
    assert _agrees(out, x, w.T, b)
    turned = torch.nn.functional.linear(_on(either, x), _on(either, w, turned=True))
    assert _agrees(turned, x, w.T)


def test_linear_adds_its_bias_once_to_long_sums(either: str) -> None:
    x, w, b = (RNG.standard_normal(s, dtype=np.float32) for s in ((2, 5000), (3, 5000), (3,)))
    out = torch.nn.functional.linear(_on(either, x), _on(either, w), _on(either, b))
    assert _agrees(out, x, w.T, b)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32])
def test_long_sums_need_no_float64(single: str, dtype: Any) -> None:
    ones = torch.ones(2, 3000, dtype=torch.float32).to(dtype).to(single)
    assert (ones @ ones.t()).cpu().float().flatten().tolist() == [
        3000 if dtype is not torch.bfloat16 else 3008
    ] * 4


def test_tiles_fit_the_memory_of_a_group(opencl: str) -> None:
    device: Any = torch.ones(1, device=opencl).device
    facts: Any = device.backend.kit.runtime(device).facts
    for room in (1 << 15, 1 << 16, 1 << 20):
        for dtype in (float32, float64):
            for cpu in (True, False):
                tile = tiles(dataclasses.replace(facts, local_memory=room, cpu=cpu), dtype)
                held = tile.rows * tile.columns * cpu + tile.depth * (tile.rows + tile.columns)
                assert held * dtype.itemsize <= room


def test_shapes_that_do_not_fit_are_refused(opencl: str) -> None:
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        torch.ones(2, 3, device=opencl) @ torch.ones(2, 3, device=opencl)
