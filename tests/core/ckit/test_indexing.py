"""Indexing, tables of vectors and random bits of the C kit, against NumPy."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import unison as torch
from unison_core import dtypes, ops
from unison_core.errors import OperatorError, OperatorIndexError


def _on(opencl: str, *values: Any) -> list[Any]:
    return [torch.tensor(np.asarray(v), device=opencl) for v in values]


def test_index_takes_more_arrays_than_one_kernel_does(opencl: str) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 3, 4, 2, 3, 5)).astype(np.float32)
    keys = [rng.integers(-n, n, (4, 2)) for n in x.shape[:5]]
    xs, *indices = _on(opencl, x, *keys)
    assert np.array_equal(xs[tuple(indices)].cpu().numpy(), x[tuple(keys)])


def test_index_of_dimensions_apart_comes_first(opencl: str) -> None:
    x, i, j = np.arange(60.0).reshape(3, 4, 5), np.array([[0], [-1]]), np.array([1, 0, 4])
    xs, a, b = _on(opencl, x, i, j)
    assert np.array_equal(xs[a, :, b].cpu().numpy(), x[i, :, j])
    assert np.array_equal(xs.permute(2, 0, 1)[:, a].cpu().numpy(), x.transpose(2, 0, 1)[:, i])


def test_index_put_writes_the_last_and_adds_all(opencl: str) -> None:
    x, rows, columns = np.zeros((3, 4), np.int32), np.array([1, 1, -2]), np.array([2, 2, 2])
    xs, a, b, v = _on(opencl, x, rows, columns, np.array([5, 7, 9], np.int32))
    assert ops.index_put(xs, v, a, b, accumulate=False).cpu().numpy()[1, 2] == 9
    assert ops.index_put(xs, v, a, b, accumulate=True).cpu().numpy()[1, 2] == 21


def test_index_put_broadcasts_a_value_over_a_strided_target(opencl: str) -> None:
    x, i = np.arange(24.0).reshape(2, 3, 4), np.array([[2, 0], [1, 1]])
    value = np.arange(4.0).reshape(2, 1, 2, 1)
    want = x.copy()
    np.add.at(want, (slice(None), i), np.broadcast_to(value, (2, 2, 2, 4)))
    xs, a, v = _on(opencl, x, i, value)
    assert np.array_equal(ops.index_put(xs, v, None, a, accumulate=True).cpu().numpy(), want)


def test_sums_in_half_types_round_once(opencl: str) -> None:
    """2048 + 1 + ... + 1 is lost one by one in float16."""
    x, ones = torch.tensor([2048.0]).half().to(opencl), torch.ones(64).half().to(opencl)
    index = torch.zeros(64, dtype=torch.int64, device=opencl)
    assert x.index_add(0, index, ones).item() == 2112
    assert x.scatter_add(0, index, ones).item() == 2112


def test_split_lines_sum_in_the_same_order(opencl: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that is no processor shares a line among work-items, each with targets of its own."""
    rng = np.random.default_rng(3)
    values, places = rng.standard_normal((3000, 3)).astype(np.float32), rng.integers(0, 700, 3000)
    zeros, v, i = _on(opencl, np.zeros((700, 3), np.float32), values, places)
    runtime = zeros.device.backend.kit.runtime(zeros.device)
    found = []
    for cpu in (True, False):
        monkeypatch.setattr(runtime, "facts", dataclasses.replace(runtime.facts, cpu=cpu))
        added = zeros.index_add(0, i, v)
        last = ops.index_put(zeros, v, i, accumulate=False)
        found.append((added.cpu().numpy(), last.cpu().numpy()))
    want = np.zeros((700, 3), np.float64)
    np.add.at(want, places, values.astype(np.float64))
    assert np.abs(found[0][0] - want).max() < 2e-6
    assert np.array_equal(found[1][0], found[0][0])
    want = np.zeros((700, 3), np.float32)
    want[places] = values
    assert np.array_equal(found[0][1], want)
    assert np.array_equal(found[1][1], want)


@pytest.mark.parametrize("kind", ["float32", "float64", "complex64"])
def test_long_sums_lose_nothing_to_rounding(kind: str, opencl: str) -> None:
    """One by one, 100,000 times 0.1 comes out 2,400 units of 2^-24 short in float32."""
    x, v = np.zeros(2, kind), np.full(100_000, 0.1, kind)
    xs, i, vs = _on(opencl, x, np.zeros(v.size, np.int64), v)
    unit = np.finfo(kind).eps
    for got in (xs.index_add(0, i, vs), xs.scatter_add(0, i, vs)):
        assert abs(got.cpu().numpy()[0] - v[0].astype(complex) * v.size) <= 2 * unit * 1e4


def test_infinity_among_the_terms_of_a_long_sum_stays(opencl: str) -> None:
    v = np.ones(200, np.float32)
    v[50] = np.inf
    xs, i, vs = _on(opencl, np.zeros(1, np.float32), np.zeros(200, np.int64), v)
    assert xs.index_add(0, i, vs).item() == np.inf


@pytest.mark.parametrize("shape", [(), (1,), (70_001,), (3, 5, 7), (0, 4)])
def test_nonzero_agrees_with_numpy(shape: tuple[int, ...], opencl: str) -> None:
    x = np.random.default_rng(1).integers(-1, 2, shape).astype(np.float32)
    found = torch.nonzero(torch.tensor(x, device=opencl)).cpu().numpy()
    want = np.stack(np.nonzero(x), axis=1) if shape else np.zeros((int(bool(x)), 0))
    assert found.shape == want.shape
    assert np.array_equal(found, want)


def test_nonzero_counts_nan_and_not_minus_zero(opencl: str) -> None:
    x = torch.tensor([0.0, -0.0, float("nan"), 1e-45], device=opencl)
    assert torch.nonzero(x).flatten().tolist() == [2, 3]


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda x, i: x[i], OperatorIndexError, "index 7 is out of bounds for dimension 0 with size 3"),
        (lambda x, i: x[:, -i], OperatorIndexError, "index -7 is out of bounds for dimension 1 with size 5"),
        (lambda x, i: x.gather(1, i.view(1, 2)), OperatorError, "index 7 .* dimension 1 with size 5"),
        (lambda x, i: x.index_add(0, i, x[:2]), OperatorIndexError, "index 7 .* dimension 0 with size 3"),
        (lambda x, i: torch.nn.functional.embedding(i, x), OperatorIndexError, "7 is not one of the 3 rows"),
    ],
)
def test_an_index_out_of_range_is_named(
    call: Callable[..., Any], error: type[Exception], text: str, opencl: str
) -> None:
    x = torch.zeros(3, 5, device=opencl)
    with pytest.raises(error, match=text):
        call(x, torch.tensor([0, 7], device=opencl))


def test_complex_numbers_add_up_and_fold(opencl: str) -> None:
    source = np.array([1 + 2j, 1 - 3j, 4j, np.nan * 1j], np.complex64)
    x, i, v = _on(opencl, np.ones(3, np.complex64), np.array([0, 0, 1, 2]), source)
    assert x.index_add(0, i, v, alpha=2j).cpu().numpy()[:2].tolist() == [3 + 4j, -7 + 0j]
    folded = {r: ops.scatter_reduce(x, i, v, dim=0, reduce=r).cpu().numpy() for r in ("prod", "amax", "amin")}
    assert folded["prod"][:2].tolist() == [7 - 1j, 4j]
    assert folded["amax"][:2].tolist() == [1 + 2j, 1]
    assert folded["amin"][:2].tolist() == [1 - 3j, 4j]
    assert all(np.isnan(f[2]) for f in folded.values())


def test_embedding_gradient_counts_and_leaves_out_padding(opencl: str) -> None:
    g, index = np.ones((6, 2), np.float32), np.array([0, 1, 1, 3, 3, 3])
    gs, i = _on(opencl, g * np.arange(1, 7, dtype=np.float32)[:, None], index)
    out = ops.embedding_backward(gs, i, rows=4, padding_idx=1, scale_grad_by_freq=True)
    assert out.cpu().numpy()[:, 0].tolist() == [1, 0, 0, 5]


@pytest.mark.parametrize("count", [1, 5, 1000])
def test_random_bits_are_those_of_numpys_philox(count: int, opencl: str) -> None:
    """NumPy's generator counts its block up before it draws, so it starts one block earlier."""
    start = np.random.Philox(key=11, counter=(7 << 128) - 1)
    want = start.random_raw(count).astype(np.uint64)
    shape = {"seed": 11, "stream": 7, "device": torch.device(opencl)}
    wide = ops.random_bits(shape=(count,), dtype=dtypes.int64, **shape).cpu().numpy()
    narrow = ops.random_bits(shape=(2 * count,), dtype=dtypes.int32, **shape).cpu().numpy()
    assert np.array_equal(wide.view(np.uint64), want)
    assert np.array_equal(narrow.view(np.uint64), want)
