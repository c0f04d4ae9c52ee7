"""Which OpenCL devices the machine has, and what their drivers say of them."""

from __future__ import annotations

from functools import cache
from typing import Any

from unison_core.ckit.runtime import DeviceFacts

__all__ = ["facts", "found"]


@cache
def found() -> tuple[Any, ...]:
    """Every device of every platform, as pyopencl.Device, accelerators before processors.

    Raises:
        ImportError: pyopencl is not installed.
    """
    import pyopencl as cl

    try:
        platforms = cl.get_platforms()
    except cl.Error:
        return ()
    devices = []
    for platform in platforms:
        try:
            devices += platform.get_devices()
        except cl.Error:
            continue
    return tuple(sorted(devices, key=lambda d: bool(d.type & cl.device_type.CPU)))


def facts(device: Any) -> DeviceFacts:
    """What the driver says."""
    import pyopencl as cl

    extensions = set(device.extensions.split())
    single = device.single_fp_config
    return DeviceFacts(
        name=device.name.strip(),
        driver=f"{device.platform.name} {device.driver_version}, {device.version.strip()}",
        fp64="cl_khr_fp64" in extensions,
        fp16="cl_khr_fp16" in extensions,
        ieee=bool(single & cl.device_fp_config.CORRECTLY_ROUNDED_DIVIDE_SQRT),
        subnormals="preserve" if single & cl.device_fp_config.DENORM else "flush",
        atomics64={"cl_khr_int64_base_atomics", "cl_khr_int64_extended_atomics"} <= extensions,
        local_memory=device.local_mem_size,
        group=device.max_work_group_size,
        units=device.max_compute_units,
        cpu=bool(device.type & cl.device_type.CPU),
        unified=bool(device.host_unified_memory),
        memory=device.global_mem_size,
        allocation=device.max_mem_alloc_size,
    )
