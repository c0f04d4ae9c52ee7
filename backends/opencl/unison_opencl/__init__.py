"""The OpenCL backend: the C kit on every device that an OpenCL driver shows, through pyopencl.

May import core, pyopencl and NumPy. This module is the manifest; `backend` has the devices, `runtime` one of them.
"""

from unison_core.plugins import BackendManifest, hookimpl

__all__ = ["unison_backend"]


def _probe() -> None:
    """Fails where pyopencl or a driver is missing."""
    from unison_opencl.devices import found

    if not found():
        raise RuntimeError("no OpenCL platform has a device")


@hookimpl
def unison_backend() -> BackendManifest:
    """Needs the extra `opencl`."""
    return BackendManifest(
        name="opencl",
        contract=1,
        load="unison_opencl.backend:OpenCLBackend",
        probe=_probe,
        fix="pip install 'unison[opencl]' brings pyopencl and PoCL, an OpenCL driver for processors; for a GPU install "
        "its vendor's driver",
    )
