"""Numbers reach a tensor in its own precision, and facts about empty tensors are those of row-major memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import unison


def f64(*values: float) -> Any:
    return unison.tensor(values, dtype=unison.float64)


# What each gives in Python's own double precision.
CALLS: dict[str, tuple[float, Callable[[], Any]]] = {
    "where, number first": (0.1, lambda: unison.where(f64(1) > 0, 0.1, f64(0))),
    "where, number second": (0.1, lambda: unison.where(f64(1) < 0, f64(0), 0.1)),
    "Tensor.where": (0.1, lambda: f64(0).where(f64(1) < 0, 0.1)),
    "fill": (0.1, lambda: unison.fill(f64(0), 0.1)),
    "isin": (1.0, lambda: unison.isin(f64(0.1), 0.1)),
    "bucketize": (0.0, lambda: unison.bucketize(0.1, f64(0.1))),
    "searchsorted": (0.0, lambda: unison.searchsorted(f64(0.1), 0.1)),
}


@pytest.mark.parametrize(("expected", "call"), CALLS.values(), ids=CALLS)
def test_a_number_is_not_rounded_to_float32(expected: float, call: Callable[[], Any]) -> None:
    assert float(call()) == expected


@pytest.mark.parametrize(
    ("shape", "stride"),
    [((0,), (1,)), ((0, 3), (3, 1)), ((2, 0, 3), (3, 3, 1)), ((2, 3, 0), (3, 1, 1))],
)
def test_strides_of_empty_tensors_are_row_major(shape: tuple[int, ...], stride: tuple[int, ...]) -> None:
    for device in ("cpu", "meta"):
        x = unison.zeros(shape, device=device)
        assert x.stride() == stride
        assert x.is_contiguous()


def test_out_may_lie_beside_the_input_in_one_storage() -> None:
    whole = unison.arange(6.0)
    unison.take(whole[:3], unison.tensor([2, 1, 0]), out=whole[3:])
    assert whole.tolist() == [0.0, 1.0, 2.0, 2.0, 1.0, 0.0]
