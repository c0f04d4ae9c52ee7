"""The C kit's dialect on CUDA C++, compiled but not run: a device whose kernels only go through NVIDIA's compiler.

NVRTC comes as a wheel or with a toolkit and needs neither driver nor GPU. What the "device" returns is memory full of
zeros; what is shown is that every source a call needs is CUDA C++ for each compute capability.
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

from unison_core.ckit.backend import CBackend
from unison_core.ckit.runtime import DeviceFacts, Runtime
from unison_core.errors import KernelError
from unison_core.plugins import BackendManifest, hookimpl

WANTED = ("70", "80", "90")
"""Compute capabilities, times ten."""


@cache
def library() -> Any:
    """NVRTC of a wheel or a toolkit, or None where there is none."""
    try:
        return ctypes.CDLL(_path())
    except (OSError, RuntimeError):
        return None


def _path() -> str:
    """Where it is: as NVIDIA's finder says, which CuPy brings, or in a wheel.

    Raises:
        RuntimeError, OSError: nowhere.
    """
    try:
        pathfinder = importlib.import_module("cuda.pathfinder")
    except ImportError:
        return _in_wheels()
    return str(pathfinder.load_nvidia_dynamic_lib("nvrtc").abs_path)


def _in_wheels() -> str:
    """The newest; a wheel for CUDA 12 has a folder of its own, those for CUDA 13 share one."""
    spec = importlib.util.find_spec("nvidia")
    roots = list(spec.submodule_search_locations or ()) if spec else []
    found = [p for root in roots for p in Path(root).glob("*/lib/libnvrtc.so.*")]
    if not found:
        raise OSError("no wheel of NVRTC")
    return str(max(found, key=lambda path: int(path.suffix[1:])))


@cache
def supported() -> tuple[int, ...]:
    """The compute capabilities, times ten, for which this NVRTC compiles."""
    count = ctypes.c_int()
    assert not library().nvrtcGetNumSupportedArchs(ctypes.byref(count))
    found = (ctypes.c_int * count.value)()
    assert not library().nvrtcGetSupportedArchs(found)
    return tuple(sorted(found))


def lacking(capability: str) -> str:
    """Why nothing can be compiled for a capability here, or nothing."""
    if library() is None:
        return "needs NVRTC: the extra 'dev', or a CUDA toolkit"
    if int(capability) in supported():
        return ""
    return f"this NVRTC compiles for {supported()[0] / 10} to {supported()[-1] / 10}"


def oldest() -> str:
    """Of the wanted capabilities, the first that can be compiled for."""
    return next((c for c in WANTED if not lacking(c)), "")


def compile_for(source: str, capability: str) -> str:
    """The compiler's complaint, or nothing."""
    nvrtc, program = library(), ctypes.c_void_p()
    assert not nvrtc.nvrtcCreateProgram(ctypes.byref(program), source.encode(), b"kernel.cu", 0, None, None)
    flags = [f"--gpu-architecture=compute_{capability}".encode(), b"--fmad=false", b"--std=c++17"]
    status = nvrtc.nvrtcCompileProgram(program, len(flags), (ctypes.c_char_p * len(flags))(*flags))
    size = ctypes.c_size_t()
    nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetProgramLog(program, log)
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    return log.value.decode() if status else ""


class CompiledRuntime(Runtime):
    """Compiles for one capability and launches nothing; buffers are sizes."""

    dialect = "cuda"

    def __init__(self, capability: str) -> None:
        super().__init__()
        self.capability = capability
        self.facts = DeviceFacts(
            f"compute capability {capability}", "NVRTC", fp64=True, group=1024, local_memory=49152
        )
        self.refused: list[str] = []

    def allocate(self, size: int) -> Any:
        return [size]

    def copy_in(self, buffer: Any, position: int, data: Any) -> None:
        pass

    def copy_out(self, buffer: Any, position: int, data: Any) -> None:
        np.frombuffer(data, np.uint8)[...] = 0

    def copy_within(self, target: Any, to: int, source: Any, at: int, size: int) -> None:
        pass

    def compile(self, source: str, entry: str, label: str) -> Any:
        complaint = compile_for(source, self.capability)
        if complaint:
            self.refused.append(f"{label}: {entry}: {complaint}")
            raise KernelError(self.refused[-1])
        return entry

    def launch(self, kernel: Any, groups: int, group: int, buffers: Sequence[Any], params: bytes) -> None:
        pass

    def synchronize(self) -> None:
        pass


class CompiledBackend(CBackend):
    """One device for each compute capability."""

    name = "nvrtc"

    def __init__(self) -> None:
        self.runtimes = [CompiledRuntime(c) for c in WANTED]
        super().__init__()

    def device_count(self) -> int:
        return len(self.runtimes)

    def runtime(self, device: Any) -> CompiledRuntime:
        return self.runtimes[device.index or 0]

    def host_array(self, shape: Any, dtype: Any) -> Any:
        native = ml_dtypes.bfloat16 if dtype.name == "bfloat16" else dtype.name
        return np.zeros(shape, dtype=native)


class Plugin:
    @staticmethod
    @hookimpl
    def unison_backend() -> BackendManifest:
        return BackendManifest("nvrtc", 1, "tests.core.ckit.nvrtc:CompiledBackend")
