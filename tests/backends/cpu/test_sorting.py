"""Sorting what NumPy's bfloat16 has no order for."""

from __future__ import annotations

import math

import unison


def test_sort_puts_nan_of_bfloat16_last():
    numbers = [math.nan if i % 3 == 0 else float(-i) for i in range(300)]
    values, places = unison.tensor(numbers, dtype=unison.bfloat16).sort()
    assert all(math.isnan(v) for v in values.tolist()[200:])
    assert values.tolist()[:200] == sorted(values.tolist()[:200])
    assert places.tolist()[200:] == list(range(0, 300, 3))
