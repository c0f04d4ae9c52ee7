"""The numbers of cases: the same each time, and where they are promised to be."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

import unison  # noqa: F401 - declares the operators
from unison_conformance.cases.listing import samples_of
from unison_conformance.cases.values import applicable_values, draw, resized, special_values, tie_values
from unison_core import dtypes
from unison_core.operator import registry
from unison_core.samples import Arg, arg

FLOATS = [dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64]


def drawn(name, dtype, values, sample=0):
    op = registry[name]
    call = resized(op, samples_of(name)[sample], dtype, values)
    return [draw(x, dtype, values, i) for i, x in enumerate(call.inputs) if isinstance(x, Arg)]


@pytest.mark.parametrize("values", ["ordinary", "special", "nan", "ties"])
def test_draws_are_the_same_each_time_and_differ_by_seed(values):
    first, again, other = (draw(arg(50), dtypes.float32, values, seed) for seed in (3, 3, 4))
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()


@pytest.mark.parametrize("dtype", FLOATS, ids=lambda d: d.name)
def test_special_values_hold_the_edges_of_the_format(dtype):
    values = special_values(dtype).astype(np.float64)
    info = ml_dtypes.finfo(special_values(dtype).dtype)
    for edge in (info.smallest_subnormal, info.smallest_normal, info.max, np.inf, 1 + float(info.eps)):
        assert float(edge) in values
        assert -float(edge) in values
    assert np.isnan(values).any()
    assert {bool(s) for s in np.signbit(values[values == 0])} == {False, True}


@pytest.mark.parametrize("dtype", [*FLOATS, dtypes.complex64], ids=lambda d: d.name)
@pytest.mark.parametrize("shape", [(), (1,), (2, 3), (7, 33)])
def test_nan_is_in_every_array_and_other_numbers_are_in_larger_ones(dtype, shape):
    for seed in range(20):
        nan = np.isnan(draw(Arg(shape), dtype, "nan", seed))
        assert nan.any()
        assert not nan.all() or nan.size <= 6


def test_nan_is_tried_where_order_decides_and_where_nothing_but_zeros_is():
    assert all(
        "nan" in applicable_values(registry[n], dtypes.float32) for n in ("amax", "cummax", "sort", "any")
    )
    assert "nan" not in applicable_values(registry["amax"], dtypes.int32)
    (x,) = (
        draw(s.inputs[0], dtypes.float32, "nan", 0)
        for s in samples_of("any")
        if s.inputs[0].low == s.inputs[0].high == 0
    )
    assert set(x[~np.isnan(x)].tolist()) == {0.0}


def test_special_values_of_two_inputs_meet_each_other_in_spread():
    a, b = drawn("atan2", dtypes.float32, "spread")
    special = special_values(dtypes.float32)
    pairs = set(zip(a.view(np.uint32).tolist(), b.view(np.uint32).tolist(), strict=True))
    for x in special.view(np.uint32).tolist():
        assert all((x, y) in pairs for y in special.view(np.uint32).tolist())


def test_spread_reaches_subnormals_and_both_ends():
    (x,) = drawn("exp", dtypes.float32, "spread")
    assert x.size == 2048
    finite = np.abs(x[np.isfinite(x) & (x != 0)])
    assert (finite < 2.0**-126).sum() > 2
    assert len(np.unique(np.frexp(finite)[1])) > 200


@pytest.mark.parametrize("dtype", FLOATS[:2], ids=lambda d: d.name)
def test_exhaustive_is_every_number_of_a_half_type(dtype):
    (x,) = drawn("exp", dtype, "exhaustive")
    assert np.array_equal(np.unique(x.view(np.uint16)), np.arange(65536))


def test_extremes_surround_their_centres():
    (x,) = drawn("exp", dtypes.float32, "extremes")
    with np.errstate(over="ignore"):
        out = np.exp(x.astype(np.float64))
    largest = float(np.finfo(np.float32).max)
    assert (out > largest).any()
    assert ((out < largest) & (out > largest / 2)).any()
    (x,) = drawn("sin", dtypes.float64, "extremes")
    assert 1e22 in x
    assert np.pi / 2 in x


def test_extremes_of_powers_lie_on_both_sides_of_overflow():
    a, b = (v.astype(np.float64) for v in drawn("pow", dtypes.float32, "extremes"))
    logarithms = b * np.log(a)
    assert (logarithms > 88.73).any()
    assert (logarithms < -103.9).any()
    assert ((logarithms > 87) & (logarithms < 88.7)).any()


def test_no_integer_is_divided_by_zero():
    for values in ("special", "spread"):
        for dtype in (dtypes.uint8, dtypes.int32, dtypes.int64):
            assert drawn("floor_divide", dtype, values, sample=1)[1].all()


def test_ties_are_few_values_and_hold_midpoints():
    x = draw(arg(200), dtypes.float32, "ties", 0)
    assert len(np.unique(x)) <= len(tie_values(dtypes.float32))
    assert ((x % 1) == 0.5).any()


def test_resized_keeps_what_is_no_tensor():
    op = registry["clamp"]
    sample = next(s for s in samples_of("clamp") if None in s.inputs)
    assert [x is None for x in resized(op, sample, dtypes.float32, "spread").inputs] == [
        x is None for x in sample.inputs
    ]
    assert resized(op, sample, dtypes.float32, "ordinary") is sample


def test_applicable_values_of_some_operators():
    assert applicable_values(registry["exp"], dtypes.float16) == (
        "ordinary",
        "special",
        "spread",
        "extremes",
        "exhaustive",
    )
    assert applicable_values(registry["add"], dtypes.int32) == ("ordinary", "special", "spread")
    assert "ties" in applicable_values(registry["sort"], dtypes.float32)
    assert applicable_values(registry["matmul"], dtypes.float32) == ("ordinary", "special")
    assert applicable_values(registry["matmul"], dtypes.complex64) == ("ordinary",)
    assert "spread" not in applicable_values(registry["add"], dtypes.bool_)
