"""The kit's sources under a second and a third compiler: plain C with sanitizers, and CUDA by NVRTC."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from tests.core.ckit import nvrtc, plainc
from unison_conformance.cases.listing import cases_of
from unison_conformance.running.inputs import OracleMissing
from unison_conformance.running.perform import outputs, perform
from unison_core import devices, operator, plugins
from unison_core.ckit.program import Program
from unison_core.dtypes import bfloat16, float16, float32, int64
from unison_core.errors import KernelError, UnisonError

ROOT = Path(__file__).parents[3]
WITH_KERNELS = sorted(name for name in operator.registry if not name.startswith("to_device"))

needs_compiler = pytest.mark.skipif(plainc.COMPILER is None, reason="no C compiler on this machine")
needs_nvrtc = pytest.mark.skipif(nvrtc.library() is None, reason=nvrtc.lacking(nvrtc.WANTED[0]))
CAPABILITIES = [
    pytest.param(c, marks=pytest.mark.skipif(bool(nvrtc.lacking(c)), reason=nvrtc.lacking(c)))
    for c in nvrtc.WANTED
]


@pytest.fixture(scope="module")
def plain() -> Iterator[str]:
    plainc.register()
    yield "plainc:0"
    plugins.unregister("plainc")


def test_sources_have_no_words_that_only_one_target_knows() -> None:
    """What differs between targets has a macro in each header; sources use that."""
    folder = ROOT / "core/unison_core/ckit/sources"
    known = {
        "__kernel",
        "__global",
        "__local",
        "get_global_id",
        "barrier(",
        "__syncthreads",
        "threadIdx",
        "vload",
        "float4",
    }
    found = {
        (path.name, word)
        for path in folder.iterdir()
        if path.name not in {"opencl.h", "cuda.h", "c.h"}
        for word in known
        if word in path.read_text(encoding="utf-8")
    }
    assert not found


@needs_compiler
@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_KERNELS)
def test_plain_c_agrees_with_the_oracle_under_sanitizers(name: str, plain: str) -> None:
    cases = [c for d in (float32, int64, float16) for c in cases_of(name, [d]) if c.values != "error"]
    # One of each dtype, and one strided: what the compiler sees anew; the whole list runs on real devices.
    strided = [c for c in cases if c.layout != "contiguous" and c.dtype == "float32"]
    for case in [*{c.dtype: c for c in cases}.values(), *strided[:1]]:
        result = perform(case, plain)
        assert result.verdict.name in {"PASS", "NOT_SUPPORTED"}, f"{case}: {result.detail}"


@needs_compiler
def test_parameters_of_another_size_are_refused(plain: str) -> None:
    kit = devices.canonical(plain).backend.kit
    runtime = kit.runtime(devices.canonical(plain))
    out = kit.empty((4,), float32, runtime)
    defines = (("O", float32), ("T", float32), ("COUNT", 0), ("DIMS", 1), ("STRIDED", 0), ("SCALARS", 0))
    defines = (*defines, ("CONSTANTS", 0), ("EXPRESSION", "1"))
    with pytest.raises(KernelError, match=r"Params has \d\d bytes, 8 were packed"):
        kit.launch(Program("map"), defines, 1, 64, (out.buffer,), bytes(8), runtime, "test")


@needs_compiler
def test_address_sanitizer_sees_a_kernel_that_leaves_its_buffer() -> None:
    """The teeth: the same map with a place one too far."""
    code = """
import unison
from tests.core.ckit import plainc
plainc.CHECKS.append("-fsanitize=address")
plainc.register()
from unison_core import devices
from unison_core.dtypes import float32
device = devices.canonical("plainc:0")
kit = device.backend.kit
x = kit.empty((64,), float32, kit.runtime(device))
kit.map("a", [x.like((64,), float32, (1,), {offset})], dtype=float32)
print("done")
"""
    found = subprocess.run(
        [plainc.COMPILER, "-print-file-name=libasan.so"], capture_output=True, text=True, check=True
    )
    if not Path(found.stdout.strip()).is_file():
        pytest.skip("the compiler has no AddressSanitizer")
    environment = {**os.environ, "LD_PRELOAD": found.stdout.strip(), "ASAN_OPTIONS": "detect_leaks=0"}
    ends = [
        subprocess.run(
            [sys.executable, "-c", code.format(offset=offset)],
            capture_output=True,
            text=True,
            env=environment,
            cwd=ROOT,
            check=False,
        )
        for offset in (0, 1)
    ]
    assert "done" in ends[0].stdout, ends[0].stderr
    assert "heap-buffer-overflow" in ends[1].stderr


@pytest.fixture(scope="module")
def compiled() -> Iterator[nvrtc.CompiledBackend]:
    plugins.register(nvrtc.Plugin, "nvrtc")
    yield devices.canonical("nvrtc:0").backend
    plugins.unregister("nvrtc")


@pytest.mark.parametrize("capability", CAPABILITIES)
@pytest.mark.parametrize("theme", sorted({op.theme for op in operator.registry.values()}))
def test_every_source_compiles_as_cuda(theme: str, capability: str, compiled: nvrtc.CompiledBackend) -> None:
    """For the oldest capability in three dtypes and, of float32, every layout; one of each operator for the others."""
    index, thorough = nvrtc.WANTED.index(capability), capability == nvrtc.oldest()
    runtime = compiled.runtimes[index]
    for name in (n for n in WITH_KERNELS if operator.get(n).theme == theme):
        for dtype in (float32, int64, bfloat16) if thorough else (float32,):
            cases = {c.layout: c for c in cases_of(name, [dtype]) if c.values != "error"}
            for case in list(cases.values())[: None if thorough and dtype is float32 else 1]:
                # Results are zeros, so what looks at them may well complain; the compiler is what is asked.
                with contextlib.suppress(UnisonError, OracleMissing, ValueError, IndexError, ArithmeticError):
                    outputs(case, f"nvrtc:{index}")
    assert not runtime.refused, "\n".join(runtime.refused[:5])
    assert runtime.programs


@needs_nvrtc
def test_nvrtc_refuses_what_is_not_cuda() -> None:
    assert "error" in nvrtc.compile_for("KERNEL void f() {}", nvrtc.oldest())


@needs_nvrtc
def test_capabilities_that_nvrtc_left_behind_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "80" in map(str, nvrtc.supported())
    for capability in (*nvrtc.WANTED, "37"):
        refused = "--gpu-architecture" in nvrtc.compile_for("", capability)
        assert refused == bool(nvrtc.lacking(capability))
    monkeypatch.setattr(nvrtc, "supported", lambda: (75, 80, 90, 100))
    assert nvrtc.lacking("70") == "this NVRTC compiles for 7.5 to 10.0"
    assert nvrtc.oldest() == "80"


@pytest.mark.parametrize("folder", ["cuda_nvrtc", "cu13"])
def test_nvrtc_is_found_in_wheels_of_both_layouts(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lib = tmp_path / "nvidia" / folder / "lib"
    lib.mkdir(parents=True)
    for name in ("libnvrtc.so.12", "libnvrtc.so.13", "libnvrtc.alt.so.13", "libnvrtc-builtins.so.13.0"):
        (lib / name).touch()
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: ModuleSpec("nvidia", None, is_package=True))
    with pytest.raises(OSError, match="no wheel of NVRTC"):
        nvrtc._in_wheels()
    spec = ModuleSpec("nvidia", None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path / "nvidia")]
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: spec)
    assert nvrtc._in_wheels() == str(lib / "libnvrtc.so.13")
