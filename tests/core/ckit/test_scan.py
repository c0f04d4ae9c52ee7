"""Cumulative kernels of the C kit over lines of several levels of chunks, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import unison as torch

LONG = [((70_001,), 0), ((3, 1500), 1), ((1500, 3), 0), ((2, 300, 5), 1)]


@pytest.mark.parametrize(("shape", "dim"), LONG)
def test_running_sums_are_accurate_and_whole_ones_exact(
    shape: tuple[int, ...], dim: int, opencl: str
) -> None:
    rng = np.random.default_rng(0)
    x, whole = rng.standard_normal(shape).astype(np.float32), rng.integers(-(2**62), 2**62, shape)
    got = torch.cumsum(torch.tensor(x, device=opencl), dim).cpu().numpy()
    limit = 2.0**-24 * (8 + 2 * shape[dim] ** 0.5) * np.cumsum(np.abs(x), axis=dim, dtype=np.float64)
    assert np.all(np.abs(got - np.cumsum(x, axis=dim, dtype=np.float64)) <= limit)
    exact = torch.cumsum(torch.tensor(whole, device=opencl), dim).cpu().numpy()
    assert np.array_equal(exact, np.cumsum(whole, axis=dim))


@pytest.mark.parametrize(("shape", "dim"), LONG)
def test_running_extremes_and_the_last_of_equals(shape: tuple[int, ...], dim: int, opencl: str) -> None:
    x = np.random.default_rng(1).integers(-5000, 5000, shape).astype(np.float32)
    values, places = torch.cummax(torch.tensor(x, device=opencl), dim)
    want = np.maximum.accumulate(x, axis=dim)
    assert np.array_equal(values.cpu().numpy(), want)
    steps = np.expand_dims(np.arange(shape[dim]), [d for d in range(len(shape)) if d != dim])
    last = np.maximum.accumulate(np.where(x == want, steps, 0), axis=dim)
    assert np.array_equal(places.cpu().numpy(), last)


def test_nan_stays_the_running_extreme(opencl: str) -> None:
    x = np.arange(300, dtype=np.float32)
    x[130] = np.nan
    values, places = torch.cummin(torch.tensor(x, device=opencl), 0)
    assert np.isnan(values.cpu().numpy()[130:]).all()
    assert (places.cpu().numpy()[130:] == 130).all()
    assert (places.cpu().numpy()[:130] == 0).all()


def test_a_running_product_of_a_strided_half(opencl: str) -> None:
    """1.001 ** n in float16: rounding after each factor would stay at 1."""
    x = np.full((2, 400), 1 + 2**-10, np.float16)
    got = torch.cumprod(torch.tensor(x, device=opencl).t()[::2], 0).cpu().numpy()
    want = (1 + 2.0**-10) ** np.arange(1, 201)
    assert np.allclose(got, want[:, None], rtol=2**-10)
