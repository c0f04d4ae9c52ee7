"""Devices for tests of the C kit."""

from __future__ import annotations

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
