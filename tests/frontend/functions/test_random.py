"""Generators, and the distributions of random tensors."""

from __future__ import annotations

from collections.abc import Callable
from math import log, pi, sqrt

import pytest

import unison

COUNT = 20_000


def drawn(fill: Callable[[unison.Tensor], object], dtype: object = unison.float64) -> unison.Tensor:
    unison.manual_seed(7)
    x = unison.empty(COUNT, dtype=dtype)
    fill(x)
    return x


def test_same_seed_gives_the_same_numbers() -> None:
    first = unison.rand(5, generator=unison.Generator().manual_seed(3))
    again = unison.rand(5, generator=unison.Generator().manual_seed(3))
    other = unison.rand(5, generator=unison.Generator().manual_seed(4))
    assert unison.equal(first, again)
    assert not unison.equal(first, other)


def test_state_goes_on_where_it_was() -> None:
    generator = unison.Generator().manual_seed(3)
    unison.rand(5, generator=generator)
    state = generator.get_state()
    expected = unison.randn(5, generator=generator)
    generator.set_state(state)
    assert unison.equal(unison.randn(5, generator=generator), expected)


def test_generators_do_not_disturb_each_other() -> None:
    unison.manual_seed(1)
    expected = unison.rand(3)
    unison.manual_seed(1)
    unison.rand(3, generator=unison.Generator())
    assert unison.equal(unison.rand(3), expected)


def test_set_state_refuses_what_is_no_state() -> None:
    with pytest.raises(RuntimeError, match="uint8 tensor of 16 elements"):
        unison.Generator().set_state(unison.zeros(3))


def test_seed_out_of_range_is_refused() -> None:
    with pytest.raises(RuntimeError, match="64 bits"):
        unison.manual_seed(2**64)


# name, how to fill, mean, standard deviation: from the distributions' textbook formulas.
MOMENTS = [
    ("uniform", lambda x: x.uniform_(-1, 3), 1.0, 4 / sqrt(12)),
    ("normal", lambda x: x.normal_(2, 3), 2.0, 3.0),
    ("bernoulli", lambda x: x.bernoulli_(0.3), 0.3, sqrt(0.21)),
    ("exponential", lambda x: x.exponential_(2), 0.5, 0.5),
    ("geometric", lambda x: x.geometric_(0.25), 4.0, sqrt(0.75) / 0.25),
    ("log of log_normal", lambda x: x.log_normal_(1, 0.5).log_(), 1.0, 0.5),
    ("angle of cauchy", lambda x: x.cauchy_(0, 1).atan_(), 0.0, pi / sqrt(12)),
    ("random", lambda x: x.random_(10), 4.5, sqrt(99 / 12)),
    ("random from to", lambda x: x.random_(-5, 5), -0.5, sqrt(99 / 12)),
]


@pytest.mark.parametrize(("fill", "mean", "deviation"), [m[1:] for m in MOMENTS], ids=[m[0] for m in MOMENTS])
def test_moments_of_fills(fill: Callable[[unison.Tensor], object], mean: float, deviation: float) -> None:
    x = drawn(fill)
    # Five standard errors; that of a deviation is at most sqrt((kurtosis - 1) / 4 n), the kurtosis here at most 9.
    assert abs(x.mean().item() - mean) < 5 * deviation / sqrt(COUNT)
    assert abs(x.std().item() - deviation) < 5 * deviation * sqrt(2 / COUNT)


def test_exponential_median_is_that_of_the_distribution() -> None:
    x = drawn(lambda x: x.exponential_(1.0))
    assert abs((x < log(2)).double().mean().item() - 0.5) < 5 * 0.5 / sqrt(COUNT)


@pytest.mark.parametrize(
    "dtype", [unison.uint8, unison.int8, unison.int32, unison.int64, unison.float16, unison.bool]
)
def test_random_without_bounds_stays_exact_in_the_dtype(dtype: object) -> None:
    x = drawn(lambda x: x.random_(), dtype)
    assert x.double().min().item() >= 0
    assert x.double().max().item() > 0


def test_fills_return_the_tensor_and_refuse_leaves() -> None:
    x = unison.empty(3)
    assert x.uniform_() is x
    with pytest.raises(RuntimeError, match="leaf Variable"):
        unison.ones(3, requires_grad=True).normal_()


@pytest.mark.parametrize(
    ("fill", "match"),
    [
        (lambda x: x.uniform_(3, 2), "from=3 > to=2"),
        (lambda x: x.normal_(0, -1), "std >= 0.0"),
        (lambda x: x.random_(3, 3), "from=3 >= to=3"),
        (lambda x: x.bernoulli_(1.5), "p=1.5"),
        (lambda x: x.exponential_(0), "lambda > 0.0"),
        (lambda x: x.geometric_(1), r"p to be in \(0, 1\)"),
        (lambda x: x.cauchy_(0, 0), "sigma > 0.0"),
        (lambda x: x.log_normal_(0, 0), "std > 0.0"),
    ],
)
def test_fills_refuse_parameters_out_of_range(fill: Callable[[unison.Tensor], object], match: str) -> None:
    with pytest.raises(RuntimeError, match=match):
        fill(unison.empty(2))


def test_floating_fills_refuse_integers() -> None:
    with pytest.raises(
        NotImplementedError, match="uniform_ writes floating-point numbers, and the tensor is int64"
    ):
        unison.zeros(2, dtype=unison.int64).uniform_()


def test_bernoulli_of_probabilities_is_in_the_graph_with_slope_zero() -> None:
    p = unison.full((4,), 0.5, requires_grad=True)
    unison.bernoulli(p).sum().backward()
    assert p.grad.tolist() == [0.0] * 4


@pytest.mark.parametrize("replacement", [False, True])
@pytest.mark.parametrize("dtype", [unison.float32, unison.float64])
def test_multinomial_draws_by_the_weights(dtype: object, replacement: bool) -> None:
    unison.manual_seed(5)
    weights = unison.tensor([1.0, 0.0, 4.0, 3.0], dtype=dtype).expand(COUNT, 4)
    found = unison.multinomial(weights, 1, replacement).flatten().bincount(minlength=4).tolist()
    for count, share in zip(found, (1 / 8, 0.0, 4 / 8, 3 / 8), strict=True):
        assert abs(count - COUNT * share) <= 5 * sqrt(COUNT * share * (1 - share))


def test_multinomial_without_replacement_draws_each_once() -> None:
    drawn = unison.multinomial(unison.tensor([[1.0, 2.0, 3.0], [1.0, 1e-30, 1.0]]), 3)
    assert drawn.sort(dim=1).values.tolist() == [[0, 1, 2], [0, 1, 2]]
    assert drawn[1, 2].item() == 1


def test_multinomial_does_not_favour_small_weights() -> None:
    unison.manual_seed(5)
    weights = unison.full((1 << 21,), 1e-12)
    weights[0] = 1.0
    drawn = [unison.multinomial(weights, 1).item() for _ in range(20)]
    # The others have 2e-6 of the weight; drawn in steps of 2^-24 they would win one race in eight.
    assert drawn == [0] * 20


def test_random_functions_need_no_float64() -> None:
    device = "strict:1"
    on_cpu = unison.rand(4, 6, generator=unison.Generator().manual_seed(1))
    for replacement in (False, True):
        drawn = [
            unison.multinomial(
                on_cpu.to(d), 3, replacement, generator=unison.Generator().manual_seed(2)
            ).cpu()
            for d in ("cpu", device)
        ]
        assert unison.equal(*drawn)
    assert (unison.empty(9, device=device).geometric_(0.5) >= 1).all()
