"""What calls ask of a device: dtypes of inputs, attributes and results, and the badges of those."""

from __future__ import annotations

import pytest

import unison  # noqa: F401 - declares the operators
from unison_conformance.cases import parse
from unison_conformance.cases.demands import badges_of_operator, dtypes_of
from unison_conformance.checks import CHECKS
from unison_conformance.levels import required
from unison_conformance.running import Result, Verdict, perform
from unison_conformance.running.run import Claims

NARROW = Claims(("float32", "int32", "int64", "bool"), ("strided",), "preserve", True)


def names(case):
    return {d.name for d in dtypes_of(parse(case))}


def test_results_count_as_inputs_do():
    assert names("exp-float32-contiguous-ordinary-0") == {"float32"}
    assert names("eig-float32-contiguous-ordinary-0") == {"float32", "complex64"}
    assert names("eq-float32-contiguous-ordinary-0") == {"float32", "bool"}
    assert names("sum-int32-contiguous-ordinary-0") == {"int32", "int64"}
    assert {"int64", "float32"} <= names("embedding-float32-contiguous-ordinary-0")


def test_promotion_counts():
    assert "float32" in names("exp-int32-contiguous-ordinary-0")


def test_an_erroneous_call_asks_for_what_the_operator_always_gives():
    assert "complex64" in names("view_as_complex-float32-contiguous-error-0")
    assert names("add-float32-contiguous-error-0") == {"float32"}


@pytest.mark.parametrize(
    ("name", "badges"),
    [
        ("complex", {"complex"}),
        ("eig", {"complex"}),
        ("exp", set()),
        ("arange", set()),
        ("random_bits", set()),
    ],
)
def test_badges_of_an_operator(name, badges):
    assert badges_of_operator(name) == badges


def test_checks_of_an_operator_need_its_badges():
    assert CHECKS["check.neighbours.poison-eig"].needs == {"complex"}
    assert CHECKS["check.neighbours.poison-exp"].needs == frozenset()


@pytest.mark.parametrize("case", ["eig-float32-contiguous-ordinary-0", "check.neighbours.poison-eig"])
def test_a_device_without_complex_numbers_need_not_make_them(case):
    assert not required(Result(case, Verdict.NOT_SUPPORTED), NARROW)


def test_a_core_dtype_is_required_whatever_is_claimed():
    few = Claims(("float32",), ("strided",), "preserve", True)
    assert required(Result("sum-int32-contiguous-ordinary-0", Verdict.NOT_SUPPORTED), few)


def test_what_a_device_does_not_claim_is_not_tried_on_it():
    result = perform(parse("exp-float64-contiguous-ordinary-0"), "strict:1")
    assert result.verdict is Verdict.NOT_SUPPORTED
    assert result.detail == "needs float64, which strict:1 does not claim"
