"""The C kit's dialect on CUDA C++, compiled but not run: a device whose kernels only go through NVIDIA's compiler.

NVRTC comes as a wheel and needs neither driver nor GPU. What the "device" returns is memory full of zeros; what is
shown is that every source a call needs is CUDA C++ for each compute capability.
"""

from __future__ import annotations

import ctypes
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

CAPABILITIES = ("70", "80", "90")


@cache
def library() -> Any:
    """NVRTC, or None where its wheel is not installed."""
    spec = importlib.util.find_spec("nvidia.cuda_nvrtc") if importlib.util.find_spec("nvidia") else None
    if spec is None:
        return None
    (folder,) = spec.submodule_search_locations or ()
    found = sorted(Path(folder, "lib").glob("libnvrtc.so.*"))
    return ctypes.CDLL(str(found[0])) if found else None


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
        self.runtimes = [CompiledRuntime(c) for c in CAPABILITIES]
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
