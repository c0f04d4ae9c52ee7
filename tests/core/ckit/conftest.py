"""Devices for tests of the C kit."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="session")
def opencl(request: pytest.FixtureRequest) -> str:
    """The first OpenCL device, by name; or what `--device` names, such as a GPU under CUDA, which has the kit too."""
    named = [name for name in request.config.getoption("--device") if name.startswith(("opencl", "cuda"))]
    if named:
        return str(named[0])
    pytest.importorskip("pyopencl", reason="needs the extra 'opencl'")
    from unison_opencl.devices import found

    if not found():
        pytest.skip("no OpenCL driver shows a device")
    return "opencl:0"


_PROGRAMS: dict[Any, dict[Any, Any]] = {}
"""(Runtime, facts) -> what was compiled for a device with such facts, kept from test to test."""


@pytest.fixture(params=["processor", "accelerator"])
def either(request: pytest.FixtureRequest, opencl: str) -> Iterator[str]:
    """The device as it is, and taken for one whose work-items run side by side."""
    import unison as torch

    device: Any = torch.ones(1, device=opencl).device
    runtime: Any = device.backend.kit.runtime(device)
    facts, programs = runtime.facts, runtime.programs
    runtime.facts = dataclasses.replace(facts, cpu=request.param == "processor")
    runtime.programs = _PROGRAMS.setdefault((runtime, runtime.facts), {})
    yield opencl
    runtime.facts, runtime.programs = facts, programs
