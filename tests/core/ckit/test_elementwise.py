"""Elementwise kernels of the C kit against Python's own mathematics."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import unison
from unison_core import dtypes, operator
from unison_core.ckit.expressions import EXPRESSIONS


def on(values: Any, device: str, dtype: Any = None) -> Any:
    return unison.tensor(values, dtype=dtype, device=device)


def test_every_expression_is_an_operators_and_has_its_kinds_of_number() -> None:
    kinds = {
        "floating": dtypes.float32,
        "integer": dtypes.int32,
        "boolean": dtypes.bool_,
        "complex": dtypes.complex64,
    }
    for name, forms in EXPRESSIONS.items():
        allowed = operator.get(name).dtypes
        have = {kind for kind in kinds if getattr(forms, kind) is not None}
        wanted = {kind for kind, dtype in kinds.items() if dtype in allowed}
        assert wanted <= have, name


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64"])
def test_integers_wrap(dtype: str, opencl: str) -> None:
    info = np.iinfo(dtype)
    top = on([info.max, info.min], opencl, getattr(unison, dtype))
    assert (top + 1).tolist()[0] == info.min
    assert (top - 1).tolist()[1] == info.max


def test_the_smallest_integer_is_divided_by_minus_one_without_a_trap(opencl: str) -> None:
    low = on([-(2**31)], opencl, unison.int32)
    minus = on([-1], opencl, unison.int32)
    assert unison.floor_divide(low, minus).tolist() == [-(2**31)]
    assert unison.remainder(low, minus).tolist() == [0]


def test_integer_division_by_zero_is_an_error(opencl: str) -> None:
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        unison.floor_divide(on([1, 2], opencl), on([1, 0], opencl))


@pytest.mark.parametrize("a", [7.5, -7.5])
@pytest.mark.parametrize("b", [2.0, -2.0])
def test_remainder_has_the_sign_of_the_divisor_and_fmod_of_the_dividend(
    a: float, b: float, opencl: str
) -> None:
    x, y = on([a], opencl), on([b], opencl)
    assert unison.remainder(x, y).item() == a % b
    assert unison.floor_divide(x, y).item() == a // b
    assert unison.fmod(x, y).item() == math.fmod(a, b)


def test_shifts_beyond_the_width_leave_zero_or_the_sign(opencl: str) -> None:
    x = on([-8, 5], opencl, unison.int32)
    far = on([40, 40], opencl, unison.int32)
    assert (x << far).tolist() == [0, 0]
    assert (x >> far).tolist() == [-1, 0]


def test_integer_powers_are_exact_and_negative_ones_truncate(opencl: str) -> None:
    base, exponent = on([3, 2, -1, 7, 0], opencl), on([39, -1, -3, 0, 5], opencl)
    assert unison.pow(base, exponent).tolist() == [3**39, 0, -1, 1, 0]


def test_nan_goes_through_maximum_and_not_through_fmax(opencl: str) -> None:
    a, b = on([math.nan, 1.0], opencl), on([1.0, math.nan], opencl)
    assert unison.isnan(unison.maximum(a, b)).tolist() == [True, True]
    assert unison.fmax(a, b).tolist() == [1.0, 1.0]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_nextafter_steps_by_one_unit_of_the_dtype(dtype: str, opencl: str) -> None:
    kind = getattr(unison, dtype)
    x = on([1.0, 0.0, 1.0], opencl, kind)
    out = unison.nextafter(x, on([2.0, -1.0, 1.0], opencl, kind)).to(unison.float64).tolist()
    info = unison.finfo(kind)
    assert out[0] == 1 + info.eps
    assert out[1] == -info.tiny * info.eps
    assert out[2] == 1


@pytest.mark.parametrize(
    ("name", "x", "value"),
    [
        ("lgamma", 10.0, math.log(math.factorial(9))),
        ("lgamma", -0.5, math.log(2 * math.sqrt(math.pi))),
        ("digamma", 1.0, -0.5772156649015329),
        ("digamma", 0.5, -0.5772156649015329 - 2 * math.log(2)),
        ("erfinv", math.erf(0.75), 0.75),
        ("erf", 0.5, math.erf(0.5)),
        ("erfc", 3.0, math.erfc(3.0)),
        ("expm1", 1e-10, math.expm1(1e-10)),
    ],
)
def test_special_functions_have_their_known_values(name: str, x: float, value: float, opencl: str) -> None:
    out = getattr(unison, name)(on([x], opencl, unison.float64)).item()
    assert out == pytest.approx(value, rel=1e-14)


def test_polygamma_of_1_is_a_multiple_of_zeta(opencl: str) -> None:
    one = on([1.0], opencl, unison.float64)
    assert unison.polygamma(1, one).item() == pytest.approx(math.pi**2 / 6, rel=1e-14)
    assert unison.polygamma(3, one).item() == pytest.approx(math.pi**4 / 15, rel=1e-14)


def test_in_place_operators_write_into_views(opencl: str) -> None:
    x = unison.zeros(3, 4, device=opencl)
    x[:, 1:3].add_(on([1.0, 2.0], opencl))
    x[0].clamp_(max=1.5)
    assert x.tolist() == [[0, 1, 1.5, 0], [0, 1, 2, 0], [0, 1, 2, 0]]


def test_clamp_takes_either_bound_or_both(opencl: str) -> None:
    x = on([-2.0, 0.5, 3.0], opencl)
    assert x.clamp(min=0).tolist() == [0, 0.5, 3]
    assert x.clamp(max=1).tolist() == [-2, 0.5, 1]
    assert x.clamp(0, 1).tolist() == [0, 0.5, 1]


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_gelus_slope_is_0_or_1_far_out(approximate: str, opencl: str) -> None:
    x = on([-1e30, -50.0, 50.0, 1e30], opencl).requires_grad_()
    unison.nn.functional.gelu(x, approximate=approximate).sum().backward()
    assert x.grad.tolist() == [0, 0, 1, 1]


def test_arrays_of_one_shape_are_walked_by_their_own_strides(opencl: str) -> None:
    """What is remembered of a launch is remembered of shapes and strides."""
    host = np.arange(16, dtype=np.float32).reshape(4, 4)
    x = unison.from_numpy(host).to(opencl)
    views = {"t": (x.t(), host.T), "row": (x[1].expand(4, 4), np.broadcast_to(host[1], (4, 4)))}
    views["column"] = x[:, :1].expand(4, 4), np.broadcast_to(host[:, :1], (4, 4))
    for view, same in [(x, host), *views.values()]:
        for other, equal in [(x, host), *views.values()]:
            assert np.array_equal((view + other).cpu().numpy(), same + equal)
            assert np.array_equal((-view).cpu().numpy(), -same)
