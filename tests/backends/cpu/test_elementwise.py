"""Elementwise kernels where NumPy's own are not accurate enough: beside Arb, and half types rounded once."""

import math
from fractions import Fraction

import numpy as np
import pytest

import unison
from unison_conformance.oracle import expected
from unison_conformance.tolerance import compare, family_of, limit_of
from unison_core import arraykit, dtypes
from unison_cpu.backend import CpuBackend
from unison_cpu.kernels._blocks import BLOCK

KERNELS = CpuBackend().kernels()
UNARY = {
    "elu": {"alpha": 1.5, "scale": 2.0, "input_scale": 0.5},
    "leaky_relu": {"negative_slope": 0.01},
    "log": {},
    "log10": {},
    "rsqrt": {},
    "silu": {},
    "softplus": {"beta": 1.0, "threshold": 20.0},
}


def judged(name, *arrays, **attrs):
    dtype = dtypes.BY_NAME[arrays[0].dtype.name]
    wanted = expected(name, arrays, attrs)[0]
    return compare(KERNELS[name](*arrays, **attrs), wanted, dtype, limit_of(family_of(name), dtype))


@pytest.mark.parametrize("name", UNARY)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_every_half_number_is_as_computed_in_float32_and_rounded_once(name, dtype):
    native = CpuBackend().native_dtypes()[dtypes.BY_NAME[dtype]]
    found = judged(name, np.arange(2**16).astype(np.uint16).view(native), **UNARY[name])
    assert found.ok, found
    assert found.error < 0.51


@pytest.mark.parametrize("name", UNARY)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_random_bits_and_ordinary_numbers_are_within_the_limit(name, dtype):
    rng = np.random.default_rng(0)
    width = np.dtype(dtype).itemsize
    bits = rng.integers(0, 256, (3000, width), np.uint8).view(dtype).ravel()
    found = judged(name, np.concatenate([bits, rng.uniform(-110, 10, 3000).astype(dtype)]), **UNARY[name])
    assert found.ok, found


@pytest.mark.parametrize("name", ["log", "log10"])
def test_float32_logarithms_are_rounded_once_over_several_blocks(name):
    x = np.exp(np.random.default_rng(1).uniform(-80, 80, (BLOCK, 2)).astype("float32"))
    out = KERNELS[name](x.T)
    assert out.dtype == x.dtype
    exact = getattr(np, name)(x.T.astype("float64"))
    assert np.array_equal(out, exact.astype("float32"))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_silu_is_as_accurate_where_the_logistic_function_is_subnormal(dtype):
    top = 800 if dtype == "float64" else 110
    found = judged("silu", np.linspace(-top, -60, 4000).astype(dtype))
    assert found.ok, found
    assert found.error < 5


def test_silu_at_zeros_and_infinity():
    out = KERNELS["silu"](np.array([0.0, -0.0, np.inf, np.nan], "float32"))
    assert np.array_equal(out, np.array([0, 0, np.inf, np.nan], "float32"), equal_nan=True)


@pytest.mark.parametrize("name", ["addcdiv", "addcmul", "lerp", "logaddexp"])
def test_half_numbers_of_several_inputs_are_rounded_once(name):
    rng = np.random.default_rng(2)
    arrays = [rng.normal(0, 3, 2000).astype("float16") for _ in range(2 if name == "logaddexp" else 3)]
    attrs = {"value": 0.3} if name.startswith("addc") else {}
    found = judged(name, *arrays, **attrs)
    assert found.ok, found
    assert found.error < 0.51 or name == "logaddexp"


def test_softplus_does_not_overflow_below_a_high_threshold():
    x = unison.tensor([90.0, 1000.0])
    assert unison.nn.functional.softplus(x, threshold=1e4).tolist() == [90.0, 1000.0]


def test_gelu_tanh_of_the_largest_number_is_itself():
    x = np.array([np.finfo("float32").max], "float32")
    assert KERNELS["gelu"](x, approximate="tanh") == x


@pytest.mark.parametrize(("dtype", "digits"), [("float32", 24), ("float64", 53)])
def test_floor_divide_is_exact_where_the_quotient_is_representable_and_near_beyond(dtype, digits):
    rng = np.random.default_rng(3)
    b = (rng.uniform(1, 4, 3000) * rng.choice([-1, 1], 3000)).astype(dtype)
    a = (np.exp2(rng.uniform(digits - 4, digits + 3, 3000)) * b * rng.choice([-1, 1], 3000)).astype(dtype)
    out = KERNELS["floor_divide"](a, b)
    exact = [math.floor(Fraction(x) / Fraction(y)) for x, y in zip(a.tolist(), b.tolist(), strict=True)]
    for got, wanted in zip(out.tolist(), exact, strict=True):
        unit = 0 if abs(wanted) < 2 ** (digits - 1) else np.spacing(np.dtype(dtype).type(abs(wanted)))
        assert abs(int(got) - wanted) <= unit


def test_floor_divide_by_zero_and_of_infinity():
    a, b = np.array([1, -1, 0, np.inf, 1e30], "float32"), np.array([0, 0, 0, 1, np.inf], "float32")
    wanted = np.array([np.inf, -np.inf, np.nan, np.nan, 0], "float32")
    assert np.array_equal(KERNELS["floor_divide"](a, b), wanted, equal_nan=True)


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_the_kits_gelu_rounds_half_types_once(approximate):
    kit = arraykit.kernels(np, CpuBackend().native_dtypes())
    x = np.linspace(-6, 6, 5001).astype("float16")
    found = compare(
        kit["gelu"](x, approximate=approximate),
        expected("gelu", (x,), {"approximate": approximate})[0],
        dtypes.float16,
        limit_of("gelu", dtypes.float16),
    )
    assert found.error < 0.51, found
    slope = kit["gelu_backward"](np.ones_like(x), x, approximate=approximate)
    near = KERNELS["gelu_backward"](np.ones(x.shape), x.astype(float), approximate=approximate)
    assert slope.dtype == x.dtype
    assert np.abs(slope - near).max() <= np.finfo("float16").eps


@pytest.mark.parametrize("name", ["elu", "leaky_relu", "softplus"])
def test_integers_are_refused(name):
    with pytest.raises(TypeError, match="not a floating type"):
        KERNELS[name](np.arange(3), **UNARY[name])
