"""Oracles of reductions against Python's statistics, closed forms, and sums in every order."""

from __future__ import annotations

import itertools
import statistics
from fractions import Fraction

import numpy as np
import pytest

from unison_conformance.oracle import expected

LARGE = np.float32(3.0e38)


def _sums_in_all_orders(x: np.ndarray) -> set[str]:
    with np.errstate(all="ignore"):
        found = set()
        for order in itertools.permutations(x.tolist()):
            total = np.float32(0)
            for term in order:
                total = np.float32(total + np.float32(term))
            found.add(str(total) if not np.isfinite(total) else "finite")
        return found


@pytest.mark.parametrize(
    "terms",
    [
        [LARGE, LARGE, -LARGE],
        [LARGE, LARGE, LARGE],
        [LARGE, LARGE, -np.inf],
        [LARGE, LARGE, np.inf],
        [np.inf, -np.inf, LARGE],
        [np.nan, LARGE, LARGE, -LARGE],
        [1.0, 2.0, -LARGE],
        [-LARGE, -LARGE, 1.0],
    ],
)
def test_a_sum_is_open_exactly_where_its_order_decides(terms: list[float]) -> None:
    x = np.array(terms, np.float32)
    out = expected("sum", (x,), {"dim": None, "keepdim": False})[0]
    assert bool(out.free) == (len(_sums_in_all_orders(x)) > 1)


def test_a_mean_whose_sum_overflows_is_open() -> None:
    x = np.array([LARGE, LARGE], np.float32)
    assert expected("mean", (x,), {"dim": None, "keepdim": False})[0].free
    assert not expected("sum", (x,), {"dim": None, "keepdim": False})[0].free


def test_running_sums_are_open_only_from_where_they_may_overflow() -> None:
    x = np.array([1.0, LARGE, LARGE, -LARGE], np.float32)
    assert expected("cumsum", (x,), {"dim": 0})[0].free.tolist() == [False, False, False, True]


@pytest.mark.parametrize(
    ("factors", "opened"),
    [([1e30, 1e30, 1e-30], True), ([1e30, 1e30, 1e30], False), ([1e-30, 1e-30, 1e30], True),
     ([1e30, 1e30, 0.0], True), ([2.0, 0.0, 3.0], False), ([1e30, 1e30, np.nan], False)],
)  # fmt: skip
def test_a_product_is_open_where_partial_products_leave_the_format(
    factors: list[float], opened: bool
) -> None:
    x = np.array(factors, np.float32)
    assert bool(expected("prod", (x,), {"dim": None, "keepdim": False})[0].free) == opened


def test_prod_is_the_exact_product() -> None:
    x = np.random.default_rng(2).uniform(0.5, 2, 37)
    out = expected("prod", (x,), {"dim": None, "keepdim": False})[0].value
    exact = Fraction(1)
    for v in x.tolist():
        exact *= Fraction(v)
    assert abs(Fraction(float(out.hi)) + Fraction(float(out.lo)) - exact) <= exact / 2**95


def test_var_is_that_of_statistics() -> None:
    x = np.random.default_rng(2).uniform(5, 6, 41)
    attrs = {"dim": None, "keepdim": False}
    assert expected("var", (x,), {**attrs, "correction": 1.0})[0].value.hi == statistics.variance(x.tolist())
    assert expected("var", (x,), {**attrs, "correction": 0.0})[0].value.hi == statistics.pvariance(x.tolist())


def test_var_of_one_number_is_nan() -> None:
    out = expected("var", (np.array([3.0]),), {"dim": None, "keepdim": False, "correction": 1.0})[0]
    assert np.isnan(out.value.hi)


def test_logsumexp_of_equals_is_their_number() -> None:
    x = np.full((2, 8), 1000.0)
    out = expected("logsumexp", (x,), {"dim": (1,), "keepdim": False})[0]
    np.testing.assert_array_equal(out.value.hi, 1000 + np.log(8.0))


def test_logsumexp_at_infinities() -> None:
    inf = np.inf
    x = np.array([[-inf, -inf], [inf, 0.0], [-inf, 3.0], [np.nan, inf], [inf, -inf]])
    out = expected("logsumexp", (x,), {"dim": (1,), "keepdim": False})[0]
    np.testing.assert_array_equal(out.value.hi, [-inf, inf, 3.0, np.nan, inf])


@pytest.mark.parametrize("spread", [1.0, 5000.0])
def test_logcumsumexp_is_logsumexp_of_what_came(spread: float) -> None:
    x = np.random.default_rng(4).uniform(-spread, spread, 9)
    run = expected("logcumsumexp", (x,), {"dim": 0})[0]
    for i in range(9):
        one = expected("logsumexp", (x[: i + 1],), {"dim": None, "keepdim": False})[0]
        far = abs(run.value[i] - one.value).hi
        assert far <= abs(one.value.hi) * 2.0**-90
        # Running results are rounded in each step, the maximum of one sum never is.
        assert 0.9 <= run.scale[i] / (one.scale + abs(x[: i + 1].max())) <= 1.1


def test_logsumexp_of_a_large_maximum_is_as_narrow_as_of_a_small_one() -> None:
    """The maximum is subtracted and added exactly but for one rounding, so it brings no error."""
    x = np.array([0.0, -1.0, 0.5], np.float32)
    near, far = (expected("logsumexp", (x + s,), {"dim": None, "keepdim": False})[0] for s in (0, 2048))
    assert near.scale == far.scale
