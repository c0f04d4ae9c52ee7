"""What the machine is: run in a process of its own, `python -m tools.gpu_check.probe DEVICE`; prints JSON.

`trouble` lists what keeps the device from being used, in words for the user.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from importlib import metadata
from typing import Any

__all__ = ["main"]

_PACKAGES = (
    *("numpy", "cupy", "torch", "ml_dtypes", "python-flint", "mpmath", "pytest", "pytest-xdist", "pluggy"),
    *("nvidia-cudnn-frontend", "pyopencl", "safetensors", "scipy"),
)


def main(device: str, *, torch: bool) -> dict[str, Any]:
    """The facts; `torch`: whether PyTorch is needed, too."""
    trouble: list[str] = []
    found: dict[str, Any] = {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processors": os.cpu_count(),
        "packages": _versions(),
    }
    on_gpu = device.partition(":")[0] == "cuda"
    if on_gpu:
        found |= _gpu(int(device.partition(":")[2] or 0), trouble)
    if torch:
        found["torch"] = _torch(trouble, on_gpu=on_gpu)
    if not trouble:
        found["described"] = _described(device, trouble)
        found.setdefault("name", f"{device} {platform.machine()}")
    return {**found, "trouble": trouble}


def _versions() -> dict[str, str]:
    # CuPy's distributions are named after CUDA's versions, its package is not.
    modules = metadata.packages_distributions()
    out = {}
    for name in _PACKAGES:
        distribution = next(iter(modules.get(name, [name])), name)
        try:
            out[distribution] = metadata.version(distribution)
        except metadata.PackageNotFoundError:
            continue
    return out


def _gpu(index: int, trouble: list[str]) -> dict[str, Any]:
    try:
        import cupy
    except Exception as error:  # noqa: BLE001 - CuPy may be broken in any way
        trouble.append(
            f"CuPy cannot be imported ({error}); it must be version 14 or newer and built for the driver's CUDA: "
            "cupy-cuda13x or cupy-cuda12x"
        )
        return {}
    runtime = cupy.cuda.runtime
    try:
        count = runtime.getDeviceCount()
        if index >= count:
            trouble.append(f"there is no cuda:{index}: the driver shows {count} GPU(s)")
            return {}
        properties, version = runtime.getDeviceProperties(index), runtime.driverGetVersion()
        with cupy.cuda.Device(index):
            free, total = runtime.memGetInfo()
    except Exception as error:  # noqa: BLE001 - whatever the driver says
        trouble.append(f"CuPy {cupy.__version__} found no NVIDIA GPU that it can use: {error}")
        return {}
    return {
        "name": properties["name"].decode(),
        "capability": f"{properties['major']}.{properties['minor']}",
        "units": properties["multiProcessorCount"],
        "memory": total,
        "free": free,
        "driver": _driver(),
        "driver cuda": f"{version // 1000}.{version % 1000 // 10}",
        "cupy cuda": f"{runtime.runtimeGetVersion() // 1000}.{runtime.runtimeGetVersion() % 1000 // 10}",
    }


def _driver() -> str:
    """The driver's own version, which only its tool tells."""
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return "unknown (no nvidia-smi)"
    return done.stdout.partition("\n")[0].strip() or "unknown"


def _torch(trouble: list[str], *, on_gpu: bool) -> dict[str, Any]:
    try:
        import torch
    except Exception as error:  # noqa: BLE001 - as above
        trouble.append(
            f"PyTorch cannot be imported ({error}); the benchmarks compare with it: "
            "install it, or leave them out with --only tests,conformance"
        )
        return {}
    found = {"version": torch.__version__, "cuda": torch.version.cuda}
    if on_gpu and not torch.cuda.is_available():
        trouble.append(
            f"PyTorch {torch.__version__} sees no GPU (built for CUDA {torch.version.cuda}); install a build for the "
            "driver's CUDA, or leave the benchmarks out with --only tests,conformance"
        )
        return found
    return {**found, "cudnn": torch.backends.cudnn.version()} if on_gpu else found


def _described(device: str, trouble: list[str]) -> str:
    from unison_core import devices

    try:
        where = devices.canonical(device)
        return str(where.backend.describe(where))
    except Exception as error:  # noqa: BLE001 - a backend may fail in any way
        trouble.append(f"Unison cannot use {device}: {' '.join(str(error).split())}")
        return ""


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], torch="torch" in sys.argv[2:])))
