"""The comparator: distances in units in the last place, and everything that is not a distance."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unison_conformance.oracle.reference import Reference
from unison_conformance.oracle.wide import Wide
from unison_conformance.tolerance import Limit, compare
from unison_conformance.tolerance.limits import Growth
from unison_conformance.tolerance.ulp import ulp_size
from unison_core import dtypes

F32, F64 = dtypes.float32, dtypes.float64
EXACT, ONE, ROUNDED = Limit(0.0, "test"), Limit(1.0, "test"), Limit(0.5, "test")
FLOATS = {dtypes.float16: np.float16, dtypes.bfloat16: ml_dtypes.bfloat16, F32: np.float32, F64: np.float64}
NAN, INF = np.nan, np.inf
LARGEST = float(np.finfo(np.float32).max)


def judge(got, wanted, limit=EXACT, dtype=F32, lo=None, **settings):
    value = Wide(np.asarray(wanted, np.float64), lo)
    return compare(np.asarray(got, FLOATS[dtype]), Reference(value), dtype, limit, **settings)


@pytest.mark.parametrize("dtype", FLOATS, ids=lambda d: d.name)
def test_ulp_size_is_the_gap_to_the_next_number(dtype):
    native = FLOATS[dtype]
    info = ml_dtypes.finfo(native)
    for x in (
        info.smallest_subnormal,
        info.smallest_normal,
        native(0.75),
        native(1),
        native(3),
        native(1000),
    ):
        gap = float(np.nextafter(native(x), native(np.inf))) - float(x)
        assert ulp_size(np.float64(x), dtype) == gap
    assert ulp_size(np.float64(0), dtype) == float(info.smallest_subnormal)


def test_ulp_size_halves_just_under_a_power_of_two():
    assert ulp_size(np.float64(1), F32, True) == 2.0**-24
    assert ulp_size(np.float64(1.5), F32, True) == 2.0**-23
    assert ulp_size(np.float64(2.0**-126), F32, True) == 2.0**-149


def test_the_number_under_one_is_no_correct_rounding_of_almost_one():
    """1 - 2^-60 rounds to 1: its neighbour is one small unit away, which is half of the unit above."""
    assert judge([1.0], [1.0], ROUNDED, lo=np.array([-(2.0**-60)])).ok
    assert not judge([1 - 2.0**-24], [1.0], ROUNDED, lo=np.array([-(2.0**-60)])).ok


@given(st.floats(width=32, allow_nan=False, allow_infinity=False), st.integers(1, 3))
def test_steps_by_nextafter_are_counted(x, steps):
    x = np.float32(x)
    moved = x
    for _ in range(steps):
        if moved == np.finfo(np.float32).max:
            return
        moved = np.nextafter(moved, np.float32(INF))
    found = judge([moved], [float(x)], Limit(steps, "test"))
    # Towards zero the gaps may halve on the way.
    assert found.ok
    assert steps / 2 <= found.error <= steps


@pytest.mark.parametrize("exponent", [-140, -126, -20, 0, 60, 127])
def test_one_unit_off_fails_a_correctly_rounded_limit_at_every_magnitude(exponent):
    x = np.float32(np.ldexp(1.25, exponent))
    assert judge([x], [float(x)], ROUNDED).ok
    assert not judge([np.nextafter(x, np.float32(INF))], [float(x)], ROUNDED).ok
    assert not judge([np.nextafter(x, np.float32(0))], [float(x)], ROUNDED).ok
    assert judge([np.nextafter(x, np.float32(INF))], [float(x)], ONE).ok


def test_half_way_is_correct_rounding_either_way():
    middle = 1 + 2.0**-24
    assert judge([1.0], [middle], ROUNDED).ok
    assert judge([1 + 2.0**-23], [middle], ROUNDED).ok


@pytest.mark.parametrize(
    ("got", "wanted"),
    [(NAN, 1.0), (1.0, NAN), (NAN, INF), (INF, NAN), (NAN, 0.0), (0.0, NAN), (-INF, INF), (1.0, INF)],
)
def test_nan_and_infinities_match_only_themselves(got, wanted):
    huge = Limit(1e300, "test")
    assert not judge([got], [wanted], huge).ok
    assert judge([wanted], [wanted]).ok


def test_nan_payloads_and_signs_are_free_unless_bits_count():
    payload = np.array([0xFFC00123], np.uint32).view(np.float32)
    assert judge(payload, [NAN]).ok
    bits = Limit(0.0, "test", bits=True)
    assert not compare(payload, Reference(np.array([NAN], np.float32)), F32, bits).ok
    assert compare(payload, Reference(payload.copy()), F32, bits).ok


def test_a_result_next_to_the_largest_may_overflow():
    unit = 2.0**104
    assert judge([INF], [LARGEST + unit]).ok
    assert judge([INF], [LARGEST - unit]).ok
    assert not judge([INF], [LARGEST - 2 * unit], Limit(4.0, "test")).ok
    assert not judge([-INF], [LARGEST]).ok
    assert not judge([LARGEST], [INF], Limit(1e9, "test")).ok


def test_flush_accepts_zeros_for_subnormals_of_float32_alone():
    tiny = 2.0**-130
    assert not judge([0.0], [tiny]).ok
    assert judge([-0.0], [tiny], flush=True).ok
    assert not judge([2 * tiny], [tiny], flush=True).ok
    assert not judge([0.0], [2.0**-126], flush=True).ok
    assert not judge([0.0], [2.0**-1060], dtype=F64, flush=True).ok


def test_signs_of_zeros_count_where_the_limit_says_so():
    assert judge([-0.0], [0.0]).ok
    signed = Limit(0.0, "test", signed_zero=True)
    assert not judge([-0.0], [0.0], signed).ok
    assert not judge([0.0], [-0.0], signed).ok
    assert judge([-0.0], [-0.0], signed).ok


def plane(got, real, imag, limit):
    reference = Reference((Wide(np.array(real)), Wide(np.array(imag))))
    return compare(np.array(got, np.complex64), reference, dtypes.complex64, limit)


def test_complex_errors_are_distances_in_units_of_the_modulus():
    unit = 2.0**-23
    assert plane([1 + 3e-10j], [1.0], [0.0], ONE).ok
    assert plane([complex(1 + unit, 0)], [1.0], [0.0], ONE).error == 1
    assert plane([complex(1 + unit, unit)], [1.0], [0.0], ONE).error == np.hypot(1, 1)
    assert not plane([complex(1 + unit, unit)], [1.0], [0.0], ONE).ok


def test_complex_parts_that_are_not_finite_do_not_excuse_the_others():
    assert plane([complex(INF, 1)], [INF], [1.0], EXACT).ok
    assert not plane([complex(INF, 2)], [INF], [1.0], ONE).ok
    assert plane([complex(NAN, 1)], [NAN], [1.0], EXACT).ok
    assert not plane([complex(NAN, 1)], [0.0], [1.0], ONE).ok


def test_signs_of_zero_parts_of_complex_numbers():
    signed = Limit(0.0, "test", signed_zero=True)
    assert plane([complex(1, -0.0)], [1.0], [-0.0], signed).ok
    assert not plane([complex(1, 0.0)], [1.0], [-0.0], signed).ok


def test_exact_complex_numbers_are_judged_part_by_part():
    signed = Limit(0.0, "test", signed_zero=True)

    def exact(got, wanted):
        return compare(
            np.array([got], np.complex64), Reference(np.array([wanted], np.complex64)), F32, signed
        ).ok

    assert exact(complex(NAN, 1), complex(NAN, 1))
    assert not exact(complex(NAN, 2), complex(NAN, 1))
    assert not exact(complex(1, 0.0), complex(1, -0.0))
    assert not exact(complex(NAN, 0.0), complex(NAN, -0.0))


def test_rule_five_adds_the_scale():
    limit = Limit(0.5, "test", Growth.ROOT)
    u, terms = 2.0**-24, 4
    allowed = (8 + 2 * terms**0.5) * u * 1000
    reference = Reference(Wide(np.array([1.0])), np.array([1000.0]), terms)
    assert compare(np.array([1 + 0.9 * allowed], np.float32), reference, F32, limit).ok
    assert not compare(np.array([1 + 1.1 * allowed], np.float32), reference, F32, limit).ok


def test_free_elements_are_not_compared():
    reference = Reference(Wide(np.array([1.0, 2.0])), free=np.array([False, True]))
    assert compare(np.array([1, 77], np.float32), reference, F32, EXACT).ok
    assert not compare(np.array([77, 2], np.float32), reference, F32, EXACT).ok


def test_shapes_and_dtypes_must_agree():
    found = judge([1.0, 2.0], [1.0])
    assert not found.ok
    assert (found.got, found.wanted) == ("shape [2]", "shape [1]")
    found = compare(np.ones(1), Reference(Wide(np.ones(1))), F32, ONE)
    assert (found.ok, found.got, found.wanted) == (False, "float64", "float32")
    found = compare(np.ones(1, np.int32), Reference(np.ones(1, np.int64)), dtypes.int32, EXACT)
    assert (found.ok, found.got) == (False, "int32")


def test_empty_results_agree_if_their_shapes_do():
    assert judge(np.zeros((0, 3)), np.zeros((0, 3))).ok
    assert not judge(np.zeros((3, 0)), np.zeros((0, 3))).ok
    assert compare(np.zeros((0,), np.int32), Reference(np.zeros((0,), np.int32)), dtypes.int32, EXACT).ok


def test_integers_are_compared_modulo_their_width():
    wanted = Reference(np.array([2**31, -(2**31) - 1], object))
    assert compare(np.array([-(2**31), 2**31 - 1], np.int32), wanted, dtypes.int32, EXACT).ok
    assert not compare(np.array([-(2**31), 0], np.int32), wanted, dtypes.int32, EXACT).ok


def test_the_worst_element_is_named_with_its_bits():
    found = judge([[1.0, 2.0], [3.0, 4.5]], [[1.0, 2.0], [3.0, 4.0]], ONE)
    assert (found.place, found.wrong) == ((1, 1), 1)
    assert found.got == "4.5 (0x40900000)"
    assert found.error == 2.0**20


def test_a_sum_that_cancels_to_zero_is_measured_by_its_terms():
    """The unit of float64 at 0 is 5e-324: error and limit in it are both beyond all numbers."""
    wanted = Reference(Wide(np.zeros(1), np.zeros(1)), scale=np.ones(1), terms=4)
    limit = Limit(0.5, "test", Growth.ROOT)
    assert compare(np.array([1e-16]), wanted, dtypes.float64, limit).ok
    assert not compare(np.array([1e-14]), wanted, dtypes.float64, limit).ok
