"""Complex numbers of the C kit against Python's cmath."""

from __future__ import annotations

import cmath
from typing import Any

import numpy as np
import pytest

import unison

POINTS = [1 + 2j, -0.3 + 0.1j, 2 - 0.5j, -1.5 - 3j, 0.2 + 1e-3j]


def on(values: Any, device: str, dtype: Any = None) -> Any:
    return unison.tensor(values, dtype=dtype or unison.complex128, device=device)


CIRCULAR = ["acos", "asin", "atan", "cos", "sin", "tan"]


@pytest.mark.parametrize("name", [*CIRCULAR, *(f"{n}h" for n in CIRCULAR), "exp", "log", "log10", "sqrt"])
def test_functions_agree_with_cmath(name: str, opencl: str) -> None:
    out = getattr(unison, name)(on(POINTS, opencl)).tolist()
    assert out == pytest.approx([getattr(cmath, name)(z) for z in POINTS], rel=1e-14)


@pytest.mark.parametrize("sign", [0.0, -0.0])
@pytest.mark.parametrize(
    ("name", "x"), [("sqrt", -4.0), ("log", -4.0), ("acos", 2.0), ("asin", -2.0), ("atanh", 2.0)]
)
def test_the_sign_of_zero_tells_the_sides_of_a_branch_cut(
    name: str, x: float, sign: float, opencl: str
) -> None:
    out = getattr(unison, name)(on([complex(x, sign)], opencl)).item()
    assert out == pytest.approx(getattr(cmath, name)(complex(x, sign)), rel=1e-14)


def test_nothing_between_overflows(opencl: str) -> None:
    large = on([3e38 + 3e38j], opencl, unison.complex64)
    assert abs(unison.log(large).item() - cmath.log(3e38 + 3e38j)) < 1e-4
    assert unison.sqrt(large).item() == pytest.approx(cmath.sqrt(3e38 + 3e38j), rel=1e-6)
    assert (large / large).item() == 1
    assert unison.exp(on([89 + 1.57j], opencl, unison.complex64)).real.item() == pytest.approx(
        cmath.exp(89 + np.float32(1.57) * 1j).real, rel=1e-3
    )


def test_arithmetic_and_parts(opencl: str) -> None:
    x, y = on(POINTS, opencl), on(POINTS[::-1], opencl)
    pairs = list(zip(POINTS, POINTS[::-1], strict=True))
    assert (x * y).tolist() == pytest.approx([a * b for a, b in pairs], rel=1e-15)
    assert (x / y).tolist() == pytest.approx([a / b for a, b in pairs], rel=1e-14)
    assert unison.pow(x, y).tolist() == pytest.approx([a**b for a, b in pairs], rel=1e-13)
    assert x.real.tolist() == [z.real for z in POINTS]
    assert x.conj().imag.tolist() == [-z.imag for z in POINTS]
    assert unison.complex(x.real, x.imag).tolist() == POINTS


def test_reductions_and_products(opencl: str) -> None:
    grid = np.array(POINTS[:4]).reshape(2, 2)
    x = on(grid.tolist(), opencl)
    assert x.sum().item() == pytest.approx(grid.sum(), rel=1e-15)
    assert x.prod().item() == pytest.approx(grid.prod(), rel=1e-14)
    assert x.mean(0).tolist() == pytest.approx(grid.mean(0).tolist(), rel=1e-15)
    assert unison.cumsum(x, 1).tolist() == [pytest.approx(row) for row in grid.cumsum(1).tolist()]
    assert (x @ x).tolist() == [pytest.approx(row, rel=1e-14) for row in (grid @ grid).tolist()]


def test_casts_keep_the_real_part_and_bool_sees_both(opencl: str) -> None:
    x = on([1.5 + 2j, 0 + 1j, 0], opencl, unison.complex64)
    assert x.to(unison.float16).tolist() == [1.5, 0, 0]
    assert x.to(unison.bool).tolist() == [True, True, False]
    assert x.to(unison.complex128).tolist() == [1.5 + 2j, 1j, 0]
    assert unison.tensor([2, 3], device=opencl).to(unison.complex64).tolist() == [2, 3]
