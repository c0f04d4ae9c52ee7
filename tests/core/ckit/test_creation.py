"""What makes and moves arrays in the C kit; and a device that has no float64."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import unison
from unison_core import dtypes
from unison_core.ckit.creation import Creation, bits_of
from unison_core.ckit.elementwise import Elementwise
from unison_core.ckit.kit import CKit
from unison_core.errors import NotSupportedError


@pytest.fixture(scope="module")
def narrow(opencl: str) -> Any:
    """A kit on a device whose facts say that it has no float64."""
    pytest.importorskip("pyopencl", reason="needs the extra 'opencl'")
    from unison_opencl.devices import found
    from unison_opencl.runtime import OpenCLRuntime

    runtime = OpenCLRuntime(found()[0])
    runtime.facts = replace(runtime.facts, fp64=False)
    return CKit(lambda device: runtime)


def host(x: Any) -> Any:
    out = np.empty(x.shape, x.dtype.name)
    x.runtime.copy_out(x.buffer, 0, out)
    return out


def test_float64_on_a_device_without_it_is_an_error(narrow: Any) -> None:
    with pytest.raises(NotSupportedError, match="has no float64; use float32"):
        narrow.empty((2,), dtypes.float64, narrow.runtime(None))


def test_ranges_are_accurate_without_float64(narrow: Any) -> None:
    make, count = Creation(narrow), 1 << 21
    out = make.arange(start=0.1, end=0.1 + count * 0.3, step=0.3, dtype=dtypes.float32, device=None)
    exact = 0.1 + np.arange(out.size) * 0.3
    assert (np.abs(host(out) - exact) <= np.spacing(np.float32(exact)) * 0.51).all()
    line = host(make.linspace(start=-1.0, end=1.1, steps=1001, dtype=dtypes.float32, device=None))
    assert line[0] == -1
    assert line[-1] == np.float32(1.1)
    assert np.abs(line - np.linspace(-1, 1.1, 1001)).max() < 1e-7


@pytest.mark.parametrize("name", ["lgamma", "digamma", "erfinv"])
def test_special_functions_work_without_float64(name: str, narrow: Any) -> None:
    x = narrow.empty((2,), dtypes.float32, narrow.runtime(None))
    x.runtime.copy_in(x.buffer, 0, np.array([0.25, 0.75], np.float32))
    out = host(Elementwise(narrow).table()[name](x))
    step = 1e-5
    known = {
        "lgamma": math.lgamma,
        "digamma": lambda t: (math.lgamma(t + step) - math.lgamma(t - step)) / (2 * step),
        "erfinv": lambda t: {0.25: 0.22531205501217808, 0.75: 0.8134198475976185}[t],
    }[name]
    assert out.tolist() == pytest.approx([known(0.25), known(0.75)], rel=1e-6)


@pytest.mark.parametrize("value", [1.0009765625, 65519.9, 65520.0, 1e-8, -0.0, math.inf])
def test_bits_of_float16_are_numpys(value: float) -> None:
    with np.errstate(over="ignore"):
        assert bits_of(value, dtypes.float16) == np.float64(value).astype(np.float16).tobytes()


@pytest.mark.parametrize(
    "value", [(1 << 24) + (1 << 16) + 1, -((1 << 40) + (1 << 32) + 1), 2**63 - 1, 257, 0]
)
def test_integers_are_rounded_to_bfloat16_once(value: int, opencl: str) -> None:
    out = unison.tensor([value], device=opencl).to(unison.bfloat16).to(unison.float64).item()
    spacing = 2.0 ** (max(value.bit_length(), 8) - 8)
    assert out == round(value / int(spacing)) * spacing if value.bit_length() < 53 else 2.0**63


@pytest.mark.parametrize("counts", [(1, 2), (2, 0, 3, 1, 1, 4, 2), (5,)])
@pytest.mark.parametrize("dim", [0, 1])
def test_cat_of_any_number_of_arrays(counts: tuple[int, ...], dim: int, opencl: str) -> None:
    shapes = [(n, 3) if dim == 0 else (3, n) for n in counts]
    parts = [np.random.default_rng(i).integers(0, 99, shape) for i, shape in enumerate(shapes)]
    tensors = [unison.tensor(p, device=opencl) for p in parts]
    assert unison.cat(tensors, dim).tolist() == np.concatenate(parts, dim).tolist()


def test_cat_takes_views(opencl: str) -> None:
    x = unison.arange(12, device=opencl).view(3, 4)
    out = unison.cat([x.t(), x.t()[:, :1]], 1)
    grid = np.arange(12).reshape(3, 4).T
    assert out.tolist() == np.concatenate([grid, grid[:, :1]], 1).tolist()
