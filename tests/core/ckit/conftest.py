"""Devices for tests of the C kit."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def opencl() -> str:
    """The first OpenCL device, by name."""
    pytest.importorskip("pyopencl", reason="needs the extra 'opencl'")
    from unison_opencl.devices import found

    if not found():
        pytest.skip("no OpenCL driver shows a device")
    return "opencl:0"
