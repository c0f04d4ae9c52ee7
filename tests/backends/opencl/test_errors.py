"""What users and authors of kernels do wrong, and what they are told."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

import unison
from unison_core import devices
from unison_core.ckit import CKit
from unison_core.dtypes import float32, float64
from unison_core.errors import KernelError
from unison_opencl.devices import found


def test_no_driver_is_said_with_what_to_install(opencl: Any) -> None:
    code = "import unison; unison.ones(2) + 1; unison.ones(2, device='opencl')"
    environment = {**os.environ, "OCL_ICD_VENDORS": "/nonexistent", "OCL_ICD_FILENAMES": ""}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False
    )
    last = done.stderr.strip().splitlines()[-1]
    assert "no OpenCL platform has a device" in last
    assert "pip install 'unison[opencl]'" in last


def test_without_pyopencl_the_extra_is_named(opencl: Any) -> None:
    code = "import sys; sys.modules['pyopencl'] = None\nimport unison; unison.ones(2, device='opencl')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    last = done.stderr.strip().splitlines()[-1]
    assert "unison[opencl]" in last


def test_a_device_that_is_not_there(opencl: Any) -> None:
    with pytest.raises(RuntimeError, match=r"no device 'opencl:99': backend 'opencl' has \d+ device"):
        unison.ones(2, device="opencl:99")


def test_a_kernel_that_does_not_compile_shows_its_source(opencl: Any) -> None:
    kit = opencl.backend.kit
    x = kit.empty((4,), float32, opencl.backend.runtime(opencl))
    with pytest.raises(
        KernelError, match=r"kernel 'map' of operator sillysum(?s:.)*\n +\d+  #define EXPRESSION"
    ) as caught:
        kit.map("a + nobody", [x], dtype=float32, label="sillysum")
    assert "nobody" in str(caught.value)
    kit.map("a + a", [x], dtype=float32)


def test_float64_on_a_device_without_it(another: Callable[[], Any]) -> None:
    """The facts are those of a device that lacks it; nothing else changes."""
    runtime = another()
    runtime.facts = dataclasses.replace(runtime.facts, fp64=False)
    kit = CKit(lambda device: runtime)
    with pytest.raises(NotImplementedError, match=r"has no float64; use float32"):
        kit.empty((4,), float64, runtime)
    kit.map("R(0.5)", [], dtype=float32, compute=float32, runtime=runtime, shape=(4,))


def test_tensors_of_two_devices_do_not_mix(opencl: Any) -> None:
    with pytest.raises(RuntimeError, match="expects all tensors on one device"):
        unison.ones(2, device=opencl) + unison.ones(2)


def test_a_buffer_of_another_context_is_refused(opencl: Any, another: Callable[[], Any]) -> None:
    mine = opencl.backend.runtime(opencl)
    kit, other = opencl.backend.kit, another()
    a, b = kit.empty((4,), float32, mine), kit.empty((4,), float32, other)
    with pytest.raises(RuntimeError, match="another"):
        kit.map("a + b", [a, b], dtype=float32)


def test_an_index_out_of_range_is_refused_and_nothing_is_read(opencl: Any) -> None:
    x = unison.arange(4.0, device=opencl)
    with pytest.raises(IndexError, match="index 4 is out of bounds"):
        x[unison.tensor([1, 4], device=opencl)]
    assert x[unison.tensor([3, -4], device=opencl)].tolist() == [3, 0]


def test_division_of_integers_by_zero_is_refused(opencl: Any) -> None:
    x = unison.tensor([1, 2], device=opencl)
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        x // unison.tensor([1, 0], device=opencl)


def test_facts_are_the_drivers(opencl: Any) -> None:
    facts = opencl.backend.runtime(opencl).facts
    device = found()[opencl.index]
    assert facts.units == device.max_compute_units
    assert facts.fp64 == ("cl_khr_fp64" in device.extensions.split())
    assert devices.canonical("opencl") is opencl
