"""Wide numbers beside fractions, and Arb's evaluation beside mpmath."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unison_conformance.oracle.multiprecision import evaluate
from unison_conformance.oracle.wide import Wide, maximum, wide

MODERATE = st.floats(-1e30, 1e30).filter(lambda x: x == 0 or abs(x) > 1e-30)
ACCURACY = Fraction(1, 2**98)


def exact(x: Wide) -> Fraction:
    return Fraction(float(x.hi)) + Fraction(float(x.lo))


def close(got: Wide, wanted: Fraction, scale: Fraction) -> bool:
    return abs(exact(got) - wanted) <= ACCURACY * abs(scale)


@given(MODERATE, MODERATE, MODERATE)
def test_sums_and_products_keep_106_bits(a, b, c):
    x, y, z = map(Fraction, (a, b, c))
    assert close(Wide(a) + b + c, x + y + z, abs(x) + abs(y) + abs(z))
    assert close(Wide(a) * b, x * y, x * y)
    assert close((Wide(a) + b) * c, (x + y) * z, (abs(x) + abs(y)) * z)


@given(MODERATE, MODERATE.filter(bool))
def test_quotients_and_roots_keep_100_bits(a, b):
    x, y = Fraction(a), Fraction(b)
    assert close(Wide(a) / b, x / y, x / y)
    root = exact(abs(Wide(a)).sqrt())
    assert abs(root * root - abs(x)) <= 4 * ACCURACY * abs(x)


@given(st.lists(MODERATE, min_size=1, max_size=40))
def test_sum_over_an_axis(values):
    total = sum(map(Fraction, values))
    assert close(wide(np.array(values)).sum(0), total, sum(abs(Fraction(v)) for v in values) or Fraction(1))


@given(st.integers(-(2**63), 2**63 - 1))
def test_integers_of_64_bits_keep_them_all(n):
    assert exact(wide(np.array([n]))[0]) == n


@pytest.mark.parametrize(
    ("a", "b"), [(np.inf, 2.0), (-np.inf, np.inf), (np.inf, 0.0), (np.nan, 1.0), (1e308, 1e308)]
)
def test_what_is_not_finite_follows_ieee(a, b):
    with np.errstate(all="ignore"):
        for got, wanted in ((Wide(a) * b, np.multiply(a, b)), (Wide(a) + b, np.add(a, b))):
            assert np.array_equal(got.hi, wanted, equal_nan=True)
            assert got.lo == 0


def test_products_of_very_large_numbers_are_still_exact():
    a, b = 1.1 * 2.0**1000, 1.3 * 2.0**-50
    assert exact(Wide(a) * b) == Fraction(a) * Fraction(b)


def test_maximum_gives_nan_if_there_is_one():
    x = wide(np.array([[1.0, 3.0, 2.0], [1.0, np.nan, 9.0]]))
    assert np.array_equal(maximum(x, 1).hi, [3.0, np.nan], equal_nan=True)


def test_matmul_is_the_sum_of_products():
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((3, 5)), rng.standard_normal((5, 2))
    got = wide(a) @ b
    for i in range(3):
        for j in range(2):
            terms = [Fraction(a[i, k]) * Fraction(b[k, j]) for k in range(5)]
            assert close(got[i, j], sum(terms), sum(map(abs, terms)))


@pytest.mark.parametrize(
    ("arb", "mp", "points"),
    [
        (lambda x: x.exp(), mpmath.exp, [1.0, -700.0, 1e-30, 709.7]),
        (lambda x: x.log(), mpmath.log, [1.0000000000000002, 5e-324, 1e308, 0.3]),
        (lambda x: x.sin(), mpmath.sin, [1e22, 3.141592653589793, 1e300, 5e-324]),
        (lambda x: x.erfc(), mpmath.erfc, [-3.0, 0.5, 5.0, 26.0]),
        (lambda x: x.digamma(), mpmath.digamma, [1.4616321449683622, 0.1, 30.0]),
    ],
)
def test_evaluate_has_twice_the_digits_of_float64(arb, mp, points):
    got = evaluate(arb, np.array(points))
    with mpmath.workdps(400):
        for i, point in enumerate(points):
            value = mp(mpmath.mpf(point))
            hi = float(value)
            assert got.hi[i] == hi
            lo = float(value - mpmath.mpf(hi))
            assert got.lo[i] == lo


def test_evaluate_gives_up_on_what_cannot_be_determined():
    with pytest.raises(ArithmeticError, match="is not determined with 20000 bits"):
        evaluate(lambda x: x - x.exp().log(), np.array([1.0]))
