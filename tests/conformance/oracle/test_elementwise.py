"""Elementwise oracles beside mpmath, Python's integers and the tables of C99 annex F."""

from __future__ import annotations

import cmath
import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest

import unison  # noqa: F401 - declares the operators
from unison_conformance.oracle import ORACLES, expected
from unison_core.operator import registry

INF, NAN = np.inf, np.nan


def one(name, *inputs, dtype=np.float64, **attrs):
    """The first result of an oracle on vectors."""
    arrays = tuple(np.atleast_1d(np.asarray(x, dtype)) for x in inputs)
    return expected(name, arrays, {**registry[name].defaults, **attrs})[0]


def test_every_elementwise_operator_has_an_oracle():
    assert [n for n, op in registry.items() if op.theme == "elementwise" and n not in ORACLES] == []


UNARY = {
    "exp": (mpmath.exp, (-2.5, 0.1, 30)),
    "exp2": (lambda x: mpmath.mpf(2) ** x, (-2.5, 0.1, 30)),
    "expm1": (mpmath.expm1, (-2.5, 1e-9, 30)),
    "log": (mpmath.log, (0.2, 1.0000001, 1e30)),
    "log2": (lambda x: mpmath.log(x, 2), (0.2, 1.0000001, 1e30)),
    "log10": (mpmath.log10, (0.2, 1.0000001, 1e30)),
    "log1p": (mpmath.log1p, (-0.9, 1e-12, 1e30)),
    "sqrt": (mpmath.sqrt, (0.2, 2, 1e-300)),
    "rsqrt": (lambda x: 1 / mpmath.sqrt(x), (0.2, 2, 1e-300)),
    "sin": (mpmath.sin, (1, 1e22, -3.14)),
    "cos": (mpmath.cos, (1, 1e22, -3.14)),
    "tan": (mpmath.tan, (1, 1e22, -1.57)),
    "asin": (mpmath.asin, (-1, 0.3, 1)),
    "acos": (mpmath.acos, (-1, 0.3, 0.999)),
    "atan": (mpmath.atan, (-1, 0.3, 1e200)),
    "sinh": (mpmath.sinh, (-1, 0.3, 300)),
    "cosh": (mpmath.cosh, (-1, 0.3, 300)),
    "tanh": (mpmath.tanh, (-1, 0.3, 18)),
    "asinh": (mpmath.asinh, (-1, 0.3, 1e200)),
    "acosh": (mpmath.acosh, (1.0001, 3, 1e200)),
    "atanh": (mpmath.atanh, (-0.9, 0.3, 0.999)),
    "erf": (mpmath.erf, (-1, 0.3, 3)),
    "erfc": (mpmath.erfc, (-1, 0.3, 20)),
    "erfinv": (mpmath.erfinv, (-0.9, 0.3, 0.999)),
    "lgamma": (lambda x: mpmath.log(abs(mpmath.gamma(x))), (0.3, 1.5, -2.3, 40)),
    "digamma": (mpmath.digamma, (0.3, 1.5, -2.3, 40)),
    "sigmoid": (lambda x: 1 / (1 + mpmath.exp(-x)), (-30, 0.3, 3)),
    "silu": (lambda x: x / (1 + mpmath.exp(-x)), (-30, 0.3, 3)),
    "softplus": (lambda x: mpmath.log1p(mpmath.exp(x)), (-30, 0.3, 3)),
    "elu": (lambda x: x if x > 0 else mpmath.expm1(x), (-30, 0.3, -0.001)),
    "gelu": (lambda x: x * mpmath.ncdf(x), (-5, 0.3, 3)),
    "reciprocal": (lambda x: 1 / x, (3, -7, 1e-300)),
    "round": (mpmath.nint, (0.5, 1.5, -2.5, 2.4)),
    "floor": (mpmath.floor, (0.5, -0.5, 1e300)),
    "ceil": (mpmath.ceil, (0.5, -0.5, 1e300)),
    "trunc": (lambda x: mpmath.sign(x) * mpmath.floor(abs(x)), (0.5, -1.5, 1e300)),
}


@pytest.mark.parametrize("name", UNARY)
def test_functions_agree_with_mpmath(name):
    function, points = UNARY[name]
    got = one(name, points).value
    with mpmath.workdps(60):
        for i, point in enumerate(points):
            value = function(mpmath.mpf(point))
            assert got.hi[i] == float(value)
            rest = value - mpmath.mpf(float(value))
            # The tails agree where mpmath's own 60 digits reach.
            assert abs(mpmath.mpf(float(got.lo[i])) - rest) <= abs(value) * mpmath.mpf(2) ** -100


# At +0, -0, inf, -inf: C99 F.9 (and torch for what C99 does not have).
ENDS = {
    "exp": (1, 1, INF, 0),
    "exp2": (1, 1, INF, 0),
    "expm1": (0, -0.0, INF, -1),
    "log": (-INF, -INF, INF, NAN),
    "log2": (-INF, -INF, INF, NAN),
    "log10": (-INF, -INF, INF, NAN),
    "log1p": (0, -0.0, INF, NAN),
    "sqrt": (0, -0.0, INF, NAN),
    "rsqrt": (INF, -INF, 0, NAN),
    "sin": (0, -0.0, NAN, NAN),
    "cos": (1, 1, NAN, NAN),
    "tan": (0, -0.0, NAN, NAN),
    "asin": (0, -0.0, NAN, NAN),
    "acos": (math.pi / 2, math.pi / 2, NAN, NAN),
    "atan": (0, -0.0, math.pi / 2, -math.pi / 2),
    "sinh": (0, -0.0, INF, -INF),
    "cosh": (1, 1, INF, INF),
    "tanh": (0, -0.0, 1, -1),
    "asinh": (0, -0.0, INF, -INF),
    "acosh": (NAN, NAN, INF, NAN),
    "atanh": (0, -0.0, NAN, NAN),
    "erf": (0, -0.0, 1, -1),
    "erfc": (1, 1, 0, 2),
    "lgamma": (INF, INF, INF, INF),
    "digamma": (-INF, INF, INF, NAN),
    "reciprocal": (INF, -INF, 0, -0.0),
    "sigmoid": (0.5, 0.5, 1, 0),
    "neg": (-0.0, 0.0, -INF, INF),
    "abs": (0, 0, INF, INF),
    "round": (0, -0.0, INF, -INF),
    "sign": (0, 0, 1, -1),
}


@pytest.mark.parametrize("name", ENDS)
def test_values_at_zeros_and_infinities(name):
    got = one(name, [0.0, -0.0, INF, -INF, NAN]).value.hi
    assert np.array_equal(got, [*ENDS[name], NAN], equal_nan=True)
    signed = [i for i, v in enumerate(ENDS[name]) if v == 0 and name in {"neg", "abs", "round", "sqrt"}]
    assert all(np.signbit(got[i]) == np.signbit(ENDS[name][i]) for i in signed)


def test_powers_at_the_ends():
    """C99 F.9.4.4, line by line."""
    cases = [
        (0.0, -3, INF), (-0.0, -3, -INF), (-0.0, -2, INF), (0.0, -INF, INF), (-0.0, 3, -0.0), (-0.0, 2, 0.0),
        (-1, INF, 1), (-1, -INF, 1), (1, NAN, 1), (NAN, 0, 1), (-2, 0.5, NAN), (0.5, -INF, INF), (2, -INF, 0),
        (0.5, INF, 0), (2, INF, INF), (-INF, -3, -0.0), (-INF, -2, 0.0), (-INF, 3, -INF), (-INF, 2, INF),
        (INF, -1, 0), (INF, 1, INF), (-2, 3, -8), (-2, -2, 0.25), (-0.0, -0.9999999999999999, INF), (2, 5000, INF),
    ]  # fmt: skip
    a, b, wanted = zip(*cases, strict=True)
    got = one("pow", a, b).value.hi
    assert np.array_equal(got, wanted, equal_nan=True)
    assert [math.copysign(1, g) for g, w in zip(got, wanted, strict=True) if w == 0] == [
        math.copysign(1, w) for w in wanted if w == 0
    ]


def test_angles_on_the_axes():
    """C99 F.9.1.4."""
    pi = math.pi
    cases = [
        (0.0, -0.0, pi), (-0.0, -0.0, -pi), (0.0, 0.0, 0), (-0.0, -1, -pi), (0.0, 1, 0), (1, 0.0, pi / 2),
        (-1, -0.0, -pi / 2), (1, -INF, pi), (1, INF, 0), (INF, 1, pi / 2), (INF, -INF, 3 * pi / 4),
        (-INF, INF, -pi / 4), (NAN, 1, NAN),
    ]  # fmt: skip
    a, b, wanted = zip(*cases, strict=True)
    assert np.array_equal(one("atan2", a, b).value.hi, wanted, equal_nan=True)


def test_arithmetic_is_exact_to_twice_the_digits():
    a, b = 0.1, 0.3
    for name, value in (
        ("add", Fraction(a) + Fraction(b)),
        ("sub", Fraction(a) - Fraction(b)),
        ("mul", Fraction(a) * Fraction(b)),
    ):
        got = one(name, [a], [b]).value
        assert Fraction(float(got.hi[0])) + Fraction(float(got.lo[0])) == value
    quotient = one("div", [5e-324], [3.0]).value
    assert (quotient.hi[0], one("div", [-1.0], [0.0]).value.hi[0]) == (0.0, -INF)
    assert np.signbit(one("mul", [-5e-324], [0.5]).value.hi[0])


@pytest.mark.parametrize(
    ("name", "a", "b", "wanted"),
    [
        ("remainder", -7.5, 2.0, 0.5), ("remainder", 7.5, -2.0, -0.5), ("remainder", 5.0, -INF, -INF),
        ("remainder", 5.0, INF, 5.0), ("remainder", INF, 2.0, NAN), ("remainder", 1.0, 0.0, NAN),
        ("fmod", -7.5, 2.0, -1.5), ("fmod", 7.5, -2.0, 1.5), ("fmod", -5.0, INF, -5.0), ("fmod", 1e300, 7e-5, None),
        ("floor_divide", -7.5, 2.0, -4.0), ("floor_divide", 5.0, 0.0, INF), ("floor_divide", -5.0, INF, -1.0),
        ("floor_divide", NAN, 1.0, NAN), ("maximum", NAN, 1.0, NAN), ("maximum", 1.0, NAN, NAN),
        ("minimum", NAN, 1.0, NAN), ("fmax", NAN, 1.0, 1.0), ("fmin", 2.0, NAN, 2.0), ("hypot", INF, NAN, INF),
        ("hypot", 3 * 2.0**700, 4 * 2.0**700, 5 * 2.0**700),
        ("copysign", 3.0, -0.0, -3.0), ("nextafter", 1.0, 2.0, 1 + 2.0**-52),
        ("nextafter", 0.0, -1.0, -5e-324), ("nextafter", 1.0, 1.0, 1.0), ("logaddexp", -INF, -INF, -INF),
        ("logaddexp", INF, 1.0, INF), ("addcmul", 1.0, None, 0.0),
    ],
)  # fmt: skip
def test_functions_of_two_numbers(name, a, b, wanted):
    if name == "addcmul":
        assert one(name, [1.0], [2.0], [3.0], value=2).value.hi[0] == 13.0
        return
    value = one(name, [a], [b]).value.hi
    assert np.array_equal(value, [math.fmod(a, b) if wanted is None else wanted], equal_nan=True)


@pytest.mark.parametrize(
    ("name", "a", "b", "wanted"),
    [
        ("add", 2**31 - 1, 1, 2**31), ("mul", 2**31 - 1, 2, 2**32 - 2), ("floor_divide", -7, 2, -4),
        ("floor_divide", -(2**31), -1, 2**31), ("remainder", -7, 2, 1), ("fmod", -7, 2, -1), ("pow", 3, 4, 81),
        ("pow", -1, -3, -1), ("pow", 2, -1, 0), ("gcd", -4, 6, 2), ("bitwise_left_shift", 1, 40, 0),
        ("bitwise_right_shift", -1, 40, -1), ("bitwise_and", 6, 3, 2), ("bitwise_or", 6, 3, 7),
        ("bitwise_xor", 6, 3, 5),
    ],
)  # fmt: skip
def test_integers(name, a, b, wanted):
    assert one(name, [a], [b], dtype=np.int32).value.tolist() == [wanted]


def test_shifts_by_negative_amounts_are_free():
    assert one("bitwise_left_shift", [1, 1], [-1, 1], dtype=np.int8).free.tolist() == [True, False]


def test_comparisons_order_zeros_and_nan():
    a, b = [0.0, NAN, 1.0, -1.0, INF], [-0.0, NAN, 2.0, -2.0, INF]
    wanted = {
        "eq": [1, 0, 0, 0, 1],
        "ne": [0, 1, 1, 1, 0],
        "lt": [0, 0, 1, 0, 0],
        "le": [1, 0, 1, 0, 1],
        "gt": [0, 0, 0, 1, 0],
        "ge": [1, 0, 0, 1, 1],
    }
    for name, row in wanted.items():
        assert one(name, a, b).value.tolist() == list(map(bool, row)), name


def test_tests_of_single_numbers():
    x = [0.0, -0.0, INF, -INF, NAN, 5e-324]
    assert one("isnan", x).value.tolist() == [False] * 4 + [True, False]
    assert one("isinf", x).value.tolist() == [False, False, True, True, False, False]
    assert one("isfinite", x).value.tolist() == [True, True, False, False, False, True]
    assert one("signbit", x[:4]).value.tolist() == [False, True, False, True]
    assert one("isfinite", [complex(1, INF)], dtype=np.complex64).value.tolist() == [False]
    assert one("logical_not", x).value.tolist() == [True, True, False, False, False, False]


PLANE = {
    "exp": cmath.exp, "log": cmath.log, "sqrt": cmath.sqrt, "sin": cmath.sin, "cos": cmath.cos, "tan": cmath.tan,
    "asin": cmath.asin, "acos": cmath.acos, "atan": cmath.atan, "sinh": cmath.sinh, "cosh": cmath.cosh,
    "tanh": cmath.tanh, "asinh": cmath.asinh, "acosh": cmath.acosh, "atanh": cmath.atanh,
}  # fmt: skip


@pytest.mark.parametrize("name", PLANE)
def test_complex_functions_take_the_side_of_a_cut_from_the_zero(name):
    """Python's cmath follows C99 annex G; which side of a cut a point lies on shows in a sign, not a digit."""
    points = [
        complex(x, y)
        for x, y in [
            (2, 0.0),
            (2, -0.0),
            (-2, 0.0),
            (-2, -0.0),
            (0.0, 2),
            (-0.0, 2),
            (0.0, -2),
            (-0.0, -2),
            (0.3, -0.7),
        ]
    ]
    real, imag = one(name, points, dtype=np.complex128).value
    for i, z in enumerate(points):
        wanted = PLANE[name](z)
        far = abs(complex(real.hi[i], imag.hi[i]) - wanted)
        assert far <= 8 * math.ulp(abs(wanted)), (z, wanted)


def test_complex_results_beyond_the_format_are_free():
    found = one("exp", [1 + 1j, 100 + 0j, complex(INF, 0)], dtype=np.complex64)
    assert found.free.tolist() == [False, True, True]
    assert one("mul", [2.0**100 + 1j], [2.0**100 + 0j], dtype=np.complex64).free.tolist() == [True]
