"""The C kit's dialect on plain C: a device whose kernels a C compiler builds with sanitizers and the host runs.

It shows that the sources are C and not just what one OpenCL compiler accepts, that the parameters packed in Python are
as long as the struct that kernels read, and, under the sanitizers, that kernels neither overflow, nor shift too far,
nor leave their buffers. A work-item that meets a barrier is a thread. `python -m tests.core.ckit.plainc --ops sum,exp`
runs the level-1 cases of operators on it under AddressSanitizer and UndefinedBehaviorSanitizer.
"""

from __future__ import annotations

import argparse
import ctypes
import functools
import importlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

from unison_core.ckit.backend import CBackend
from unison_core.ckit.runtime import DeviceFacts, Runtime
from unison_core.errors import BackendError, KernelError, OutOfMemoryError
from unison_core.plugins import BackendManifest, hookimpl

COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
FLAGS = ["-std=gnu11", "-O1", "-g", "-fPIC", "-shared", "-pthread", "-ffp-contract=off", "-w"]
# Overflow of floats converted to integers is left open by the contract, so it is not asked about.
CHECKS = ["-fsanitize=undefined", "-fno-sanitize=float-cast-overflow", "-fno-sanitize-recover=all"]

# Sources may give short names to macros, so these are long.
_STUB = """
static void run_one(void) {{
    Params its_params;
    memcpy(&its_params, here.launch->params, sizeof its_params);
    {entry}({buffers} its_params);
}}
i64 params_size(void) {{ return (i64)sizeof(Params); }}
static void walk_groups(Launch *launch, i32 item_at, i32 alone) {{
    here.launch = launch;
    for (i64 group_at = 0; group_at < launch->groups; group_at++) {{
        here.group = group_at;
        here.local = item_at;
        run_one();
        if (!alone) pthread_barrier_wait(&launch->barrier);
    }}
}}
typedef struct {{
    Launch *launch;
    i32 item_at;
}} WorkItem;
static void *item_thread(void *data) {{
    WorkItem *item = data;
    walk_groups(item->launch, item->item_at, 0);
    return NULL;
}}
// With barriers every item of a group is a thread that walks all groups; without, one thread is every item in turn.
void start(void **buffers, const char *params, i64 groups, i32 count, i32 barriers) {{
    Launch launch = {{.buffers = buffers, .params = params, .groups = groups, .size = count}};
    WorkItem *items = malloc(sizeof(WorkItem) * count);
    pthread_t *threads = malloc(sizeof(pthread_t) * count);
    if (barriers) pthread_barrier_init(&launch.barrier, NULL, count);
    for (i32 item = 0; item < count; item++) {{
        items[item].launch = &launch;
        items[item].item_at = item;
        if (barriers) pthread_create(&threads[item], NULL, item_thread, &items[item]);
        else walk_groups(&launch, items[item].item_at, 1);
    }}
    for (i32 item = 0; barriers && item < count; item++) pthread_join(threads[item], NULL);
    if (barriers) pthread_barrier_destroy(&launch.barrier);
    free(items);
    free(threads);
}}
"""

_libc = ctypes.CDLL(None)
_libc.malloc.restype = ctypes.c_void_p
_libc.malloc.argtypes = [ctypes.c_size_t]
_libc.free.argtypes = [ctypes.c_void_p]


class Buffer:
    """Memory of the exact size, filled with a pattern, so that a read too far or too early shows."""

    def __init__(self, size: int) -> None:
        address = _libc.malloc(size)
        if not address:
            raise OutOfMemoryError(f"no room for {size:,} bytes")
        self.address, self.size = address, size
        ctypes.memset(address, 0xA5, size)

    def __del__(self) -> None:
        _libc.free(self.address)


class Kernel:
    """A kernel that is compiled at its first launch, when the number of its buffers is known."""

    def __init__(self, source: str, entry: str, label: str, checks: Sequence[str]) -> None:
        self.source, self.entry, self.label, self.checks = source, entry, label, checks
        body = source[source.index("#define IS_NAN") :]
        self.barriers = "BARRIER()" in body

    @functools.cache  # noqa: B019 - kernels live as long as the process
    def library(self, count: int) -> Any:
        pointers = ", ".join(f"here.launch->buffers[{i}]" for i in range(count))
        stub = _STUB.format(entry=self.entry, buffers=pointers + ("," if count else ""))
        folder = Path(tempfile.mkdtemp(prefix="plainc"))
        code, library = folder / "kernel.c", folder / "kernel.so"
        code.write_text(self.source + stub)
        command = [COMPILER, *FLAGS, *self.checks, "-o", str(library), str(code), "-lm"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise KernelError(f"kernel {self.entry!r} of operator {self.label}: {done.stderr}")
        loaded = ctypes.CDLL(str(library))
        shutil.rmtree(folder)
        loaded.params_size.restype = ctypes.c_int64
        return loaded


class PlainRuntime(Runtime):
    """The host as a device."""

    dialect = "c"

    def __init__(self, checks: Sequence[str] = CHECKS, *, fp64: bool = True) -> None:
        super().__init__()
        self.checks = checks
        self.facts = DeviceFacts("plain C", COMPILER or "no compiler", fp64=fp64, group=64, cpu=True)

    def allocate(self, size: int) -> Buffer:
        return Buffer(size)

    def copy_in(self, buffer: Buffer, position: int, data: Any) -> None:
        raw = np.frombuffer(data, np.uint8) if isinstance(data, bytes) else np.ascontiguousarray(data)
        self._check(buffer, position, raw.nbytes)
        ctypes.memmove(buffer.address + position, raw.ctypes.data, raw.nbytes)

    def copy_out(self, buffer: Buffer, position: int, data: Any) -> None:
        raw = np.frombuffer(data, np.uint8) if isinstance(data, bytearray) else data
        self._check(buffer, position, raw.nbytes)
        ctypes.memmove(raw.ctypes.data, buffer.address + position, raw.nbytes)

    def copy_within(self, target: Buffer, to: int, source: Buffer, at: int, size: int) -> None:
        self._check(target, to, size)
        self._check(source, at, size)
        ctypes.memmove(target.address + to, source.address + at, size)

    def _check(self, buffer: Buffer, position: int, size: int) -> None:
        assert position >= 0
        assert position + size <= buffer.size

    def compile(self, source: str, entry: str, label: str) -> Kernel:
        return Kernel(source, entry, label, tuple(self.checks))

    def launch(
        self,
        kernel: Kernel,
        groups: int,
        group: int,
        buffers: Sequence[Any],
        params: bytes,
    ) -> None:
        library = kernel.library(len(buffers))
        wanted = library.params_size()
        if wanted != len(params):
            raise KernelError(f"{kernel.label}: Params has {wanted} bytes, {len(params)} were packed")
        pointers = (ctypes.c_void_p * max(1, len(buffers)))(*(b.address for b in buffers))
        library.start(pointers, params, ctypes.c_int64(groups), ctypes.c_int32(group), int(kernel.barriers))

    def synchronize(self) -> None:
        pass


class PlainBackend(CBackend):
    """Device 0 with float64, device 1 without."""

    name = "plainc"

    def __init__(self) -> None:
        self._runtimes = {0: PlainRuntime(), 1: PlainRuntime(fp64=False)}
        super().__init__()

    def device_count(self) -> int:
        return 2

    def runtime(self, device: Any) -> PlainRuntime:
        return self._runtimes[device.index or 0]

    def host_array(self, shape: Any, dtype: Any) -> Any:
        native = ml_dtypes.bfloat16 if dtype.name == "bfloat16" else dtype.name
        return np.empty(shape, dtype=native)


def register() -> None:
    """Make the device known in this process."""
    from unison_core import plugins

    class Plugin:
        @staticmethod
        @hookimpl
        def unison_backend() -> BackendManifest:
            return BackendManifest("plainc", 1, "tests.core.ckit.plainc:PlainBackend")

    try:
        plugins.require("plainc")
    except BackendError:
        plugins.register(Plugin, "plainc")


def main() -> int:
    """Level-1 cases of some operators under the sanitizers, in this process."""
    words = argparse.ArgumentParser(description=main.__doc__)
    words.add_argument("--ops", default="", help="names, separated by commas; all of them if left out")
    words.add_argument("--dtype", default="float32,int32,int64,bool")
    words.add_argument("--device", default="plainc:0")
    words.add_argument("--no-address", action="store_true", help="without AddressSanitizer")
    options = words.parse_args()
    if not options.no_address and "libasan" not in os.environ.get("LD_PRELOAD", ""):
        return _again_with_asan()
    if not options.no_address:
        # As the plugin's module, not as the program that this is.
        importlib.import_module("tests.core.ckit.plainc").CHECKS.append("-fsanitize=address")
    from unison_conformance.cases.listing import cases_of
    from unison_conformance.running.perform import perform
    from unison_core import operator
    from unison_core.dtypes import BY_NAME

    register()
    wanted = [BY_NAME[name] for name in options.dtype.split(",")]
    failed = ran = 0
    for name in options.ops.split(",") if options.ops else sorted(operator.registry):
        for case in cases_of(name, wanted):
            result = perform(case, options.device)
            ran += 1
            if result.verdict.name not in {"PASS", "NOT_SUPPORTED"}:
                failed += 1
                print(f"{result.verdict.name} {case}: {re.sub(chr(10), ' ', str(result.detail))[:300]}")
    print(f"{ran} cases on {options.device}, {failed} not passed")
    return int(bool(failed))


def _again_with_asan() -> int:
    """Start anew with the sanitizer's library first, which is the only way to have it in a Python process."""
    found = subprocess.run(
        [COMPILER, "-print-file-name=libasan.so"], capture_output=True, text=True, check=True
    )
    environment = {
        **os.environ,
        "LD_PRELOAD": found.stdout.strip(),
        # Python keeps what it has for the whole process.
        "ASAN_OPTIONS": "detect_leaks=0",
    }
    return subprocess.run(
        [sys.executable, "-m", "tests.core.ckit.plainc", *sys.argv[1:]], env=environment, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
