"""Promotion against the rules as PyTorch documents them, written down a second time.

Types form the chain bool < integers < floating < complex. The widest category among the operands decides; among the
operands of that category the join in the order below; operands without dimensions, and then Python numbers, only
count when their category is above the others'.
"""

from __future__ import annotations

import itertools
from typing import Any

import pytest

import unison

ABOVE = {
    "bool": {"uint8", "int8"},
    "uint8": {"int16"},
    "int8": {"int16"},
    "int16": {"int32"},
    "int32": {"int64"},
    "int64": {"float16", "bfloat16"},
    "float16": {"float32"},
    "bfloat16": {"float32"},
    "float32": {"float64", "complex64"},
    "float64": {"complex128"},
    "complex64": {"complex128"},
    "complex128": set(),
}
KIND = {name: 0 if name == "bool" else 1 if "int" in name else 2 if "float" in name else 3 for name in ABOVE}
NUMBERS = {"bool": True, "int64": 2, "float32": 2.5, "complex64": 2j}


def upwards(name: str) -> set[str]:
    """name and all that can hold it."""
    return {name}.union(*(upwards(n) for n in ABOVE[name]))


def join(a: str, b: str) -> str:
    """The least type above both."""
    both = upwards(a) & upwards(b)
    return next(n for n in both if both <= upwards(n))


def weak(strong: str, other: str) -> str:
    """The result when `other` only counts by category."""
    if KIND[other] <= KIND[strong]:
        return strong
    if KIND[other] == 3 and KIND[strong] == 2:
        return "complex128" if strong == "float64" else "complex64"
    return other


def make(name: str, *shape: int) -> Any:
    return (
        unison.ones(*shape, dtype=getattr(unison, name))
        if shape
        else unison.tensor(1, dtype=getattr(unison, name))
    )


def name_of(t: Any) -> str:
    return str(t.dtype).split(".")[1]


PAIRS = list(itertools.product(ABOVE, ABOVE))


def test_dimensioned_tensors_take_the_least_type_above_both() -> None:
    wrong = {}
    for a, b in PAIRS:
        got = {name_of(make(a, 2) * make(b, 2)), name_of(make(b, 1) * make(a, 2))}
        if got != {join(a, b)}:
            wrong[a, b] = got
    assert not wrong


def test_zero_dim_tensors_count_by_category() -> None:
    wrong = {}
    for a, b in PAIRS:
        got = {name_of(make(a, 2) * make(b)), name_of(make(b) * make(a, 2))}
        if got != {weak(a, b)}:
            wrong[a, b] = got
    assert not wrong


def test_two_zero_dim_tensors_are_equals() -> None:
    assert [name_of(make(a) * make(b)) for a, b in PAIRS] == [join(a, b) for a, b in PAIRS]


@pytest.mark.parametrize("shape", [(), (2,)])
def test_numbers_are_weak(shape: tuple[int, ...]) -> None:
    wrong = {}
    for a, (b, number) in itertools.product(ABOVE, NUMBERS.items()):
        got = {name_of(make(a, *shape) * number), name_of(number * make(a, *shape))}
        if got != {weak(a, b)}:
            wrong[a, b] = got
    assert not wrong


def test_a_number_follows_the_default_type() -> None:
    unison.set_default_dtype(unison.float64)
    try:
        assert name_of(make("int32", 2) * 2.5) == "float64"
        assert name_of(make("int32", 2) * 2j) == "complex128"
        assert name_of(make("int32", 2) / 2) == "float64"
    finally:
        unison.set_default_dtype(unison.float32)


@pytest.mark.parametrize("name", ["bool", "uint8", "int32", "int64"])
def test_integers_become_floating_where_the_result_is(name: str) -> None:
    x = make(name, 2)
    assert {name_of(f) for f in (x / x, x.exp(), x.sqrt(), x.sigmoid())} == {"float32"}
    assert {name_of(f) for f in (x.sum(), x.cumsum(0), x.prod())} == {"int64"}


def test_promotion_is_part_of_the_gradient() -> None:
    x = unison.ones(2, dtype=unison.float32, requires_grad=True)
    (x * unison.ones(2, dtype=unison.float64) * 3).sum().backward()
    assert (name_of(x.grad), x.grad.tolist()) == ("float32", [3.0, 3.0])


@pytest.mark.parametrize(("name", "number"), [("int64", 0.5), ("bool", 2), ("bool", 0.5)])
def test_number_cast_to_a_tensors_dtype_is_not_taken_for_the_number(name: str, number: float) -> None:
    from unison_core.dispatch.promotion import constant

    x = unison.ones(2).to(getattr(unison, name))
    constant(number, x.dtype, x.device)
    assert (x + number).tolist() == [1 + number] * 2
