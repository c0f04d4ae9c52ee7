"""A device whose kernels let the host compute is told from one that computes."""

from __future__ import annotations

import ctypes
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest

import unison
from unison_conformance.cases import cases_of
from unison_conformance.cases.case import Case, parse
from unison_conformance.checks import CHECKS, CheckFailed, detours
from unison_conformance.mutants.backends import borrowed, reckoned
from unison_conformance.mutants.mutant import planted
from unison_conformance.running import Verdict, perform
from unison_conformance.running.detours import FEW, Detour, watched
from unison_core import devices, dtypes, plugins
from unison_core.backend import Backend
from unison_core.dispatch.table import invalidate
from unison_core.operator import registry

STRICT = devices.canonical("strict:0")
SEEN_BY_CALLS = [
    "exp",
    "add",
    "sum",
    "matmul",
    "conv",
    "index",
    "nonzero",
    "sort",
    "lstm",
    "where",
    "layer_norm",
]


def large_enough(case: Case) -> bool:
    """Whether some input is more than a few bytes."""
    return any(np.prod(x.shape) > FEW for x in case.call().inputs if hasattr(x, "shape"))


def verdicts(name: str) -> set[Verdict]:
    cases = [c for c in cases_of(name, (dtypes.float32,)) if c.layout == "contiguous" and large_enough(c)]
    return {perform(c, "strict:0").verdict for c in cases}


@pytest.mark.parametrize("name", SEEN_BY_CALLS)
def test_kernel_of_the_host_behind_a_device_is_a_fallback(name):
    assert verdicts(name) == {Verdict.PASS}
    with planted(borrowed(registry[name], STRICT), "strict:0"):
        assert verdicts(name) == {Verdict.FALLBACK}
    assert verdicts(name) == {Verdict.PASS}


def test_the_verdict_names_operator_and_way():
    with planted(borrowed(registry["exp"], STRICT), "strict:0"):
        result = perform(parse("exp-float32-contiguous-ordinary-5"), "strict:0")
    assert result.verdict is Verdict.FALLBACK
    assert result.detail.startswith("exp ran on the host: its kernel ")


def test_reading_a_count_is_no_detour_and_reading_a_tensor_is():
    few, many = (unison.zeros(n, device="strict:0", dtype=unison.int64) for n in (8, 9))
    with watched(STRICT):
        few.device.backend.to_host(few.array)
    with pytest.raises(Detour, match="read 72 bytes back to the host; 64 are few"), watched(STRICT):
        many.device.backend.to_host(many.array)


def test_a_method_of_the_hosts_kernels_is_a_detour_whoever_calls_it():
    host = devices.host()
    kernel, x = host.backend.kernel(registry["softmax"]), np.zeros(3, np.float32)
    with pytest.raises(Detour, match="host"), watched(STRICT):
        kernel(x, dim=0)
    with watched(host):
        kernel(x, dim=0)


def test_a_transfer_to_the_host_is_no_detour():
    seen = {perform(c, "strict:0").verdict for c in cases_of("to_device", (dtypes.float32,))}
    assert seen == {Verdict.PASS}


def test_an_error_inside_is_not_hidden():
    with pytest.raises(KeyError), watched(STRICT):
        raise KeyError("something")


class Hidden:
    """Memory of the C library, which neither Python nor NumPy knows of."""

    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.free.argtypes = (ctypes.c_void_p,)

    def __init__(self, shape: tuple[int, ...], dtype: Any) -> None:
        self.shape, self.dtype = shape, np.dtype(dtype)
        self.ndim, self.size = len(shape), int(np.prod(shape, dtype=int))
        self.bytes = max(self.size * self.dtype.itemsize, 1)
        self.address = self.libc.malloc(ctypes.c_size_t(self.bytes))

    def __del__(self) -> None:
        self.libc.free(self.address)

    @property
    def view(self) -> Any:
        """The memory itself, as NumPy sees it."""
        held = (ctypes.c_char * self.bytes).from_address(self.address)
        return np.frombuffer(held, self.dtype, self.size).reshape(self.shape)


def honest(function: Callable[..., Any]) -> Callable[..., Hidden]:
    """A kernel that computes where the memory is."""

    def kernel(x: Hidden) -> Hidden:
        out = Hidden(x.shape, x.dtype)
        function(x.view, out=out.view)
        return out

    return kernel


class HiddenBackend(Backend):
    """exp and neg, computed in the device's own memory."""

    name = "hidden"
    array_class: ClassVar[type] = Hidden
    indexed = False

    def native_dtypes(self) -> Mapping[Any, Any]:
        return {d: np.dtype(d.name) for d in (dtypes.bool_, dtypes.int32, dtypes.int64, dtypes.float32)}

    def kernels(self) -> Mapping[str, Any]:
        return {"exp": honest(np.exp), "neg": honest(np.negative)}

    def from_host(self, array: Any, device: Any) -> Hidden:
        out = Hidden(array.shape, array.dtype)
        out.view[...] = array
        return out

    def to_host(self, array: Hidden) -> Any:
        return array.view.copy()

    def assign(self, target: Hidden, source: Hidden) -> None:
        target.view[...] = source.view

    def strides(self, array: Hidden) -> tuple[int, ...]:
        return tuple(s // array.dtype.itemsize for s in array.view.strides)

    def offset(self, array: Hidden) -> int:
        return 0


@pytest.fixture
def hidden() -> Iterator[Any]:
    with _registered():
        yield devices.canonical("hidden")


@contextmanager
def _registered() -> Iterator[None]:
    @plugins.hookimpl
    def unison_backend() -> Any:
        return plugins.BackendManifest(name="hidden", contract=1, load=f"{__name__}:HiddenBackend")

    plugins.register(SimpleNamespace(unison_backend=unison_backend), "hidden")
    try:
        yield
    finally:
        plugins.unregister("hidden")
        devices._interned.pop(("hidden", None), None)
        invalidate()


CHECK = "check.detours.stays_on_the_device-"


@pytest.mark.parametrize("name", ["exp", "neg"])
def test_a_device_that_computes_passes_the_check_of_memory(hidden, name):
    assert not detours._is_host_memory(hidden)
    CHECKS[CHECK + name].run("hidden")


@pytest.mark.parametrize("name", ["exp", "neg"])
def test_a_kernel_that_copies_and_computes_by_itself_is_seen_by_its_memory(hidden, name):
    bug = reckoned(registry[name], hidden, lambda x: x.view.copy())
    # The kernel is resolved by the first call.
    perform(parse(f"{name}-float32-contiguous-ordinary-0"), "hidden")
    with (
        planted(bug, "hidden"),
        pytest.raises(CheckFailed, match=f"{name} took .* bytes of the host's memory") as seen,
    ):
        CHECKS[CHECK + name].run("hidden")
    assert seen.value.verdict == "FALLBACK"


def test_a_kernel_of_the_host_is_seen_on_large_tensors_too():
    perform(parse("exp-float32-contiguous-ordinary-0"), "strict:0")
    with planted(borrowed(registry["exp"], STRICT), "strict:0"):
        assert perform(CHECKS[CHECK + "exp"], "strict:0").verdict is Verdict.FALLBACK
    assert perform(CHECKS[CHECK + "exp"], "strict:0").verdict is Verdict.PASS


def test_tracing_ends_with_the_check(hidden):
    CHECKS[CHECK + "exp"].run("hidden")
    assert not tracemalloc.is_tracing()


def test_numpys_memory_is_told_from_a_devices():
    assert detours._is_host_memory(STRICT)


def test_most_operators_have_a_large_call():
    small = set()
    for op in registry.values():
        if detours._applies(op) and detours._large_call(op, devices.canonical("strict:0")) is None:
            small.add(op.name)
    assert small <= {"expand", "reshape", "unslice", "view"}


def test_large_calls_are_large_and_valid_on_the_host():
    for name in ("exp", "matmul", "conv", "gather", "layer_norm", "max_pool", "sort", "mse_loss"):
        inputs, attrs, size = detours._large_call(registry[name], STRICT)
        assert size >= 2**20
        registry[name].call(*inputs, **attrs)
