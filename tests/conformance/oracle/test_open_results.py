"""What the oracle leaves open is what the order of operations decides, and nothing that it does not decide is wrong."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from unison_conformance.oracle import expected

LARGEST = float(np.finfo(np.float32).max)
EDGES = np.array([0.0, 1.0, -1.0, 1e30, LARGEST, -LARGEST, np.inf, -np.inf, np.nan, LARGEST / 2], np.float32)


def orders(terms):
    """The sums of terms in every order, one after the other and in two halves."""
    with np.errstate(all="ignore"):
        for order in itertools.permutations(terms):
            total = np.float32(0)
            for term in order:
                total = np.float32(total + term)
            yield float(total)
            half = len(order) // 2
            yield float(
                np.float32(np.sum(order[:half], dtype=np.float32) + np.sum(order[half:], dtype=np.float32))
            )


def kind(value):
    return "nan" if np.isnan(value) else str(value) if np.isinf(value) else "finite"


def held(reference):
    """What the comparator takes the reference for in float32."""
    value = float(np.asarray(reference.value.hi).reshape(-1)[0])
    return kind(np.copysign(np.inf, value) if abs(value) > LARGEST * (1 + 2.0**-25) else value)


@pytest.mark.parametrize("seed", range(3))
def test_sum_is_open_if_orders_differ(seed):
    for x in np.random.default_rng(seed).choice(EDGES, (50, 4)):
        (wanted,) = expected("sum", (x,), {"dim": None, "keepdim": False})
        if not np.any(wanted.free):
            assert {kind(v) for v in orders(x)} == {held(wanted)}, x


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["matmul", "linear"])
def test_product_is_open_if_orders_differ(name, seed):
    bias = [np.float32(1e30)] if name == "linear" else []
    for x, y in np.random.default_rng(seed).choice(EDGES, (100, 2, 1, 4)):
        call = (x, y, np.array(bias)) if bias else (x, np.ascontiguousarray(y.T))
        (wanted,) = expected(name, call, {})
        with np.errstate(all="ignore"):
            terms = [*(x[0] * y[0]), *bias]
        if not np.any(wanted.free):
            assert {kind(v) for v in orders(terms)} == {held(wanted)}, (x, y)


@pytest.mark.parametrize("name", ["sum", "matmul"])
def test_little_is_open(name):
    """Ordinary numbers, single infinities and NaN leave nothing to choose."""
    ordinary = np.random.default_rng(0).uniform(-1e9, 1e9, (3, 5)).astype(np.float32)
    for special in (0.0, np.inf, -np.inf, np.nan):
        x = ordinary.copy()
        x[1, 2] = special
        call, attrs = (
            ((x,), {"dim": (1,), "keepdim": False}) if name == "sum" else ((x, ordinary.T.copy()), {})
        )
        (wanted,) = expected(name, call, attrs)
        assert not np.any(wanted.free)


def test_products_beyond_float64_are_open_or_infinite():
    x = np.array([[1e200, -1e200], [1e200, 1e200]])
    (wanted,) = expected("matmul", (x, np.full((2, 1), 1e200)), {})
    assert wanted.free.ravel().tolist() == [True, False]
    assert wanted.value.hi[1, 0] == np.inf
