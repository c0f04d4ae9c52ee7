"""The functions that `sources/processor.h` puts in place of a library's, against float64 of Python's mathematics."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import unison as torch

CASES: list[tuple[str, Callable[[float], float], float, float, float]] = [
    # name, reference, range, and the error in units of the last place that the source states
    ("exp", math.exp, -104.0, 88.7, 1.5),
    ("tanh", math.tanh, -12.0, 12.0, 1.5),
    ("erf", math.erf, -5.0, 5.0, 3.0),
    ("erfc", math.erfc, -6.0, 10.0, 11.0),
]


@pytest.mark.parametrize(("name", "reference", "low", "high", "units"), CASES)
def test_errors_stay_within_what_the_source_states(
    opencl: str, name: str, reference: Callable[[float], float], low: float, high: float, units: float
) -> None:
    x = np.random.default_rng(1).uniform(low, high, 20_000).astype(np.float32)
    got = getattr(torch, name)(torch.tensor(x, device=opencl)).cpu().numpy()
    want = np.array([reference(float(v)) for v in x])
    assert (np.abs(got - want) <= units * np.spacing(np.abs(want).astype(np.float32))).all()


@pytest.mark.parametrize(
    ("name", "ends"), [("exp", (0, math.inf)), ("tanh", (-1, 1)), ("erf", (-1, 1)), ("erfc", (2, 0))]
)
def test_infinities_and_nan(opencl: str, name: str, ends: tuple[float, float]) -> None:
    x: Any = torch.tensor([-math.inf, math.inf, math.nan], device=opencl)
    got = getattr(torch, name)(x).cpu().tolist()
    assert tuple(got[:2]) == ends
    assert math.isnan(got[2])


def test_exp_reaches_subnormal_numbers(opencl: str) -> None:
    x = torch.tensor([-100.0, 88.8], device=opencl)
    small, large = x.exp().cpu().tolist()
    assert small == pytest.approx(math.exp(-100), abs=2.0**-149)
    assert large == math.inf
