"""Sorting of the C kit over blocks and merges, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import unison as torch


@pytest.mark.parametrize("length", [1, 2, 511, 512, 513, 1500, 20_000])
@pytest.mark.parametrize("descending", [False, True])
def test_sort_is_stable_over_merges(length: int, descending: bool, opencl: str) -> None:
    x = np.random.default_rng(length).integers(0, 40, (2, length)).astype(np.float32)
    values, places = torch.sort(torch.tensor(x, device=opencl), descending=descending, stable=True)
    order = np.argsort(-x if descending else x, axis=1, kind="stable")
    assert np.array_equal(places.cpu().numpy(), order)
    assert np.array_equal(values.cpu().numpy(), np.take_along_axis(x, order, axis=1))


def test_nan_counts_as_largest_and_keeps_its_bits(opencl: str) -> None:
    bits = np.array([0x7F800000, 0x7FC00123, 0x3F800000, 0xFFC00456, 0xFF800000, 0x80000000], np.uint32)
    x = torch.tensor(bits.view(np.float32), device=opencl)
    rising, places = torch.sort(x, stable=True)
    assert places.tolist() == [4, 5, 2, 0, 1, 3]
    assert np.array_equal(rising.cpu().numpy().view(np.uint32), bits[[4, 5, 2, 0, 1, 3]])
    assert torch.sort(x, descending=True, stable=True)[1].tolist() == [1, 3, 0, 2, 5, 4]


def test_sort_along_another_dimension_of_a_strided_array(opencl: str) -> None:
    x = np.random.default_rng(3).integers(-99, 99, (5, 700, 4))
    values, places = torch.sort(torch.tensor(x, device=opencl).permute(2, 1, 0)[:, ::2], 1, stable=True)
    want = x.transpose(2, 1, 0)[:, ::2]
    assert np.array_equal(places.cpu().numpy(), np.argsort(want, axis=1, kind="stable"))
    assert np.array_equal(values.cpu().numpy(), np.sort(want, axis=1))
    assert values.is_contiguous()


def test_searchsorted_of_long_lines(opencl: str) -> None:
    rng = np.random.default_rng(4)
    ordered, values = np.sort(rng.integers(0, 500, 3000)), rng.integers(-9, 509, (7, 90))
    o, v = torch.tensor(ordered, device=opencl), torch.tensor(values, device=opencl)
    assert np.array_equal(torch.searchsorted(o, v).cpu().numpy(), np.searchsorted(ordered, values))
    right = torch.searchsorted(o, v, right=True).cpu().numpy()
    assert np.array_equal(right, np.searchsorted(ordered, values, side="right"))
