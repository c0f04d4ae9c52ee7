"""Oracles of the structural themes against values written by hand."""

from __future__ import annotations

import numpy as np

from unison_conformance.oracle import expected


def test_sort_puts_nan_last_and_keeps_equals_in_order() -> None:
    values, places = expected("sort", (np.array([2.0, np.nan, 1.0, 2.0]),), {"dim": 0, "descending": False})
    assert places.value.tolist() == [2, 0, 3, 1]
    assert np.isnan(values.value[-1])


def test_argmax_takes_the_first_of_equals_and_the_first_nan() -> None:
    attrs = {"dim": None, "keepdim": False}
    assert expected("argmax", (np.array([1.0, 3.0, 3.0]),), attrs)[0].value == 1
    assert expected("argmax", (np.array([1.0, np.nan, 3.0]),), attrs)[0].value == 1


def test_index_put_lets_the_last_of_equal_indices_win() -> None:
    x, value, index = np.zeros(3), np.array([1.0, 2.0]), np.array([-1, 2])
    assert expected("index_put", (x, value, index), {"accumulate": False})[0].value.tolist() == [0, 0, 2]
    assert expected("index_put", (x, value, index), {"accumulate": True})[0].value.hi.tolist() == [0, 0, 3]


def test_matmul_of_integers_wraps() -> None:
    a = np.array([[100, 100]], np.int8)
    assert expected("matmul", (a, a.reshape(2, 1)), {})[0].value.tolist() == [[20000 % 256]]
