"""One OpenCL device for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from unison_core import devices
from unison_opencl.devices import found


@pytest.fixture(scope="session")
def opencl() -> Any:
    """The first OpenCL device; skipped where the library or a driver is missing, and for no other reason."""
    pytest.importorskip("pyopencl", reason="needs the extra 'opencl'")
    if not found():
        pytest.skip("no OpenCL driver on this machine")
    return devices.canonical("opencl:0")


@pytest.fixture
def another(opencl: Any) -> Callable[[], Any]:
    """Opens the same device once more: another context, another pool."""
    from unison_opencl.runtime import OpenCLRuntime

    return lambda: OpenCLRuntime(found()[opencl.index])
