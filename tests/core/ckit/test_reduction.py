"""Reductions of the C kit where work is cut into chunks, against NumPy in float64."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import unison as torch
from unison_core import devices, ops
from unison_core.ckit.fold import plan

SHAPES = [(200_001,), (70_000, 3), (3, 70_000), (130, 2, 257), (9000, 70)]
"""A line, few columns, few rows, a middle, many columns."""


def _dims(shape: tuple[int, ...]) -> list[int | None]:
    return [None, *range(len(shape))]


@pytest.mark.parametrize("shape", SHAPES)
def test_sums_of_long_arrays_are_accurate(shape: tuple[int, ...], opencl: str) -> None:
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    t = torch.tensor(x, device=opencl)
    for dim in _dims(shape):
        got = (torch.sum(t) if dim is None else torch.sum(t, dim)).cpu().numpy()
        count = x.size if dim is None else shape[dim]
        limit = (8 + 2 * count**0.5) * 2.0**-24 * np.abs(x).sum(axis=dim, dtype=np.float64)
        assert np.all(np.abs(got - x.sum(axis=dim, dtype=np.float64)) <= limit)


@pytest.mark.parametrize("shape", SHAPES)
def test_extremes_and_their_first_places_in_long_arrays(shape: tuple[int, ...], opencl: str) -> None:
    x = np.random.default_rng(1).integers(-99, 99, shape).astype(np.float32)
    t = torch.tensor(x, device=opencl)
    for dim in _dims(shape):
        given = () if dim is None else (dim,)
        assert np.array_equal(torch.argmax(t, *given).cpu().numpy(), np.argmax(x, axis=dim))
        assert np.array_equal(torch.argmin(t, *given).cpu().numpy(), np.argmin(x, axis=dim))
        assert np.array_equal(torch.amax(t, *given).cpu().numpy(), np.max(x, axis=dim))


def test_the_first_nan_wins_over_chunks(opencl: str) -> None:
    x = np.zeros(100_000, np.float32)
    x[[3, 90_000]], x[[61_000, 61_001, 99_999]] = 1e30, np.nan
    t = torch.tensor(x, device=opencl)
    assert torch.argmax(t).item() == torch.argmin(t).item() == 61_000
    assert np.isnan(torch.amax(t).item())
    assert np.isnan(torch.amin(t).item())


def test_whole_numbers_wrap_and_narrow_ones_keep_their_ends(opencl: str) -> None:
    big = torch.tensor(np.full(3, 2**62), device=opencl)
    assert big.sum().item() == 3 * 2**62 - 2**64
    narrow = torch.tensor(np.array([-128, -128], np.int8), device=opencl)
    assert torch.amax(narrow).item() == torch.amin(narrow).item() == -128


def test_a_strided_input_is_read_where_it_lies(opencl: str) -> None:
    x = np.random.default_rng(2).standard_normal((6, 40, 50)).astype(np.float32)
    t = torch.tensor(x, device=opencl).permute(2, 0, 1)[3::2, 1:, ::3]
    want = x.transpose(2, 0, 1)[3::2, 1:, ::3].astype(np.float64)
    for dims in [(0,), (1,), (2,), (0, 2), (0, 1, 2)]:
        assert np.allclose(torch.sum(t, dims).cpu().numpy(), want.sum(axis=dims), rtol=1e-5, atol=1e-5)


def test_half_types_accumulate_in_float32(opencl: str) -> None:
    """In float16 the sum would stop at 2048; the mean's sum does not fit float16."""
    ones = torch.ones(4096, dtype=torch.float16, device=opencl)
    assert torch.sum(ones).item() == 4096
    assert torch.mean(ones * 60000.0).item() == 60000


@pytest.mark.parametrize(("name", "want"), [("sum", 0), ("prod", 1), ("all", True), ("any", False)])
def test_nothing_folds_to_where_folds_start(name: str, want: Any, opencl: str) -> None:
    nothing = torch.zeros(2, 0, device=opencl)
    assert getattr(torch, name)(nothing, 1).tolist() == [want, want]


def test_extremes_of_nothing_are_refused(opencl: str) -> None:
    with pytest.raises(IndexError, match="at least one element"):
        ops.amax(torch.zeros(0, 3, device=opencl), dim=(0,), keepdim=False)
    with pytest.raises(IndexError, match="at least one element"):
        ops.argmin(torch.zeros(0, 3, device=opencl), dim=None, keepdim=False)


@pytest.mark.parametrize("cpu", [True, False])
def test_plans_cut_long_lines_and_leave_short_ones(cpu: bool, opencl: str) -> None:
    runtime = devices.canonical(opencl).backend.kit.runtime(torch.device(opencl))
    facts = replace(runtime.facts, cpu=cpu, units=4)
    assert plan((1 << 22,), ((1,),), (0,), facts).chunks > 1
    rows = plan((5, 100), ((100, 1),), (1,), facts)
    assert (rows.chunks, rows.outputs, rows.lanes) == (1, 5, 1 if cpu else 64)
    columns = plan((50, 5000), ((5000, 1),), (0,), facts, tiled=True)
    assert (columns.chunks, columns.lanes, columns.tiles) == (1, 1, 313 if cpu else 0)


def test_other_devices_spread_rows_over_groups(opencl: str) -> None:
    """The same results with the kernels of a device that is no processor and has no float64."""
    x = np.random.default_rng(5).standard_normal((70, 1030)).astype(np.float32)
    runtime = devices.canonical(opencl).backend.kit.runtime(torch.device(opencl))
    kept = runtime.facts
    here = torch.tensor(x, device=opencl)
    calls = [
        lambda t: torch.sum(t, 1),
        lambda t: torch.sum(t, 0),
        lambda t: torch.argmax(t, 1),
        torch.sum,
        lambda t: torch.softmax(t, 1),
        lambda t: torch.log_softmax(t, 0),
        lambda t: torch.nn.functional.layer_norm(t, (1030,)),
    ]
    want = [call(here).cpu().numpy() for call in calls]
    runtime.facts, programs = replace(kept, cpu=False, fp64=False), runtime.programs
    runtime.programs = {}
    try:
        got = [call(here).cpu().numpy() for call in calls]
    finally:
        runtime.facts, runtime.programs = kept, programs
    for one, other in zip(got, want, strict=True):
        assert np.allclose(one, other, rtol=1e-4, atol=1e-5)
