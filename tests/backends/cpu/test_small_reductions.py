"""Reductions of a few numbers take other ways through NumPy than those of many: both must agree with Python's own."""

from __future__ import annotations

import math

import pytest

import unison


@pytest.mark.parametrize("count", [1, 4, 31, 256, 257])
@pytest.mark.parametrize("dtype", [unison.float16, unison.float32, unison.float64])
def test_sum_and_mean_are_as_accurate_as_pairwise_summation(count: int, dtype: object) -> None:
    x = unison.randn(count, generator=unison.Generator().manual_seed(count)).to(dtype)
    values = x.tolist()
    # Lanes of 8, blocks of 128 and a tree above them: no more than 32 roundings of partial sums, and one of the result.
    bound = 32 * unison.finfo(unison.float32).eps * math.fsum(map(abs, values))
    bound += unison.finfo(dtype).eps * abs(math.fsum(values))
    assert abs(x.sum().item() - math.fsum(values)) <= bound
    assert abs(x.mean().item() - math.fsum(values) / count) <= bound / count


def test_extremes_of_few_are_those_of_many_and_share_no_memory() -> None:
    x = unison.tensor([[3.0, -1.0, 2.0], [5.0, 4.0, 0.0]]).t()
    largest = x.max()
    assert (largest.item(), x.min().item()) == (5.0, -1.0)
    largest.fill_(9.0)
    assert x.max().item() == 5.0
    assert math.isnan(unison.tensor([1.0, math.nan, 3.0]).max().item())


def test_few_infinities_sum_as_many_do() -> None:
    assert unison.tensor([math.inf, 1.0]).sum().item() == math.inf
    assert math.isnan(unison.tensor([math.inf, -math.inf]).sum().item())
    assert unison.ones(0).sum().item() == 0.0
    assert math.isnan(unison.ones(0).mean().item())


def test_numbers_on_the_left_give_what_python_gives() -> None:
    x = unison.tensor([4.0, -8.0])
    for _ in range(2):
        assert (2.0 - x).tolist() == [2.0 - 4.0, 2.0 + 8.0]
        assert (2 / x).tolist() == [2 / 4.0, 2 / -8.0]
        assert (3 // x).tolist() == [3 // 4.0, 3 // -8.0]
        assert (3 % x).tolist() == [3 % 4.0, 3 % -8.0]
        assert (2**x).tolist() == [2**4.0, 2**-8.0]


def test_full_keeps_the_sign_of_zero() -> None:
    assert [math.copysign(1.0, v) for v in unison.full((2,), -0.0).tolist()] == [-1.0, -1.0]
