"""Memory shared with other libraries for CUDA: DLPack, capsules, `__cuda_array_interface__`; no copies."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import unison
from tests.backends.cuda import standin, standin_exchange, standin_streams
from tests.backends.cuda.real import of_the_real_cupy
from tests.core.ckit import plainc
from unison_conformance.checks import CHECKS
from unison_core import devices

DLPACK = sorted(name for name in CHECKS if name.startswith("check.exchange.dlpack"))


@pytest.fixture
def looked_into() -> Iterator[str]:
    """The stand-in, with nothing loaded yet."""
    if plainc.COMPILER is None:
        pytest.skip("no C compiler on this machine")
    with standin.installed() as name:
        yield name


def _cupy(values: Any) -> Any:
    """An array of CuPy's, made without the backend."""
    return sys.modules["cupy"].array(np.asarray(values))


def _only_described(array: Any, **changes: Any) -> Any:
    """An array of a library that knows no DLPack, as Numba's are."""
    return SimpleNamespace(keep=array, __cuda_array_interface__={**array.__cuda_array_interface__, **changes})


@pytest.mark.parametrize("name", DLPACK)
def test_the_checks_of_the_badge_pass_and_it_is_claimed(name: str, cuda: str) -> None:
    device = devices.canonical(cuda)
    assert "dlpack" in device.backend.claims(device)
    CHECKS[name].run(cuda)


def test_bfloat16_is_shared(cuda: str) -> None:
    x = unison.arange(6, device=cuda, dtype=unison.bfloat16)
    y = unison.from_dlpack(x[1::2])
    y.mul_(2)
    assert y.dtype is unison.bfloat16
    assert x.tolist() == [0, 2, 2, 6, 4, 10]


def test_a_capsule_is_taken_once(cuda: str) -> None:
    x = unison.ones(3, device=cuda)
    capsule = unison.utils.dlpack.to_dlpack(x)
    y = unison.utils.dlpack.from_dlpack(capsule)
    assert y.device is x.device
    assert y.data_ptr() == x.data_ptr() != 0
    with pytest.raises(RuntimeError, match="it can be taken once"):
        unison.from_dlpack(capsule)


def test_memory_outlives_who_gave_it(cuda: str) -> None:
    x = unison.arange(1000.0, device=cuda)
    kept = unison.as_tensor(_only_described(x.detach()))[500:]
    del x
    gc.collect()
    for _ in range(4):
        unison.full((1000,), -1.0, device=cuda)
    assert kept.sum().item() == sum(range(500, 1000))


def test_overlaps_are_seen_in_memory_that_was_taken(cuda: str) -> None:
    """CuPy says nothing useful of its size, and the C kit looks for overlaps by size."""
    for take in (unison.from_dlpack, lambda x: unison.as_tensor(_only_described(x))):
        x = unison.arange(64.0, device=cuda).reshape(8, 8)
        y = take(x)
        y[1:] = y[:-1]
        y.t()[1:] = y.t()[:-1]
        wanted = np.arange(64.0).reshape(8, 8)
        wanted[1:] = wanted[:-1].copy()
        wanted[:, 1:] = wanted[:, :-1].copy()
        assert x.tolist() == wanted.tolist()


def test_copies_are_made_where_they_are_asked_for_and_refused_where_they_are_forbidden(cuda: str) -> None:
    x = unison.ones(4, device=cuda)
    copied, host = unison.from_dlpack(x, copy=True), unison.from_dlpack(x, device="cpu")
    x.zero_()
    assert (copied.device, copied.tolist()) == (x.device, [1, 1, 1, 1])
    assert (str(host.device), host.tolist()) == ("cpu", [1, 1, 1, 1])
    with pytest.raises(BufferError, match="from cuda:0 to cpu is a copy, and copy=False forbids one"):
        unison.from_dlpack(x, device="cpu", copy=False)
    given = unison.from_dlpack(x.__dlpack__(copy=True))
    x.fill_(7)
    assert given.tolist() == [0, 0, 0, 0]


def test_numpy_is_given_a_copy_on_the_host_if_it_says_so(cuda: str) -> None:
    x = unison.arange(3.0, device=cuda)
    assert np.from_dlpack(x, device="cpu").tolist() == [0, 1, 2]
    with pytest.raises((BufferError, RuntimeError), match="nsupported device"):
        np.from_dlpack(x)


def test_who_requires_a_gradient_is_not_shared(cuda: str) -> None:
    x = unison.ones(2, device=cuda, requires_grad=True)
    for y in (x, x * 2):
        with pytest.raises(BufferError, match="Can't export tensors that require gradient"):
            y.__dlpack__()
        with pytest.raises(
            RuntimeError, match="Can't get __cuda_array_interface__ on Variable that requires grad"
        ):
            _ = y.__cuda_array_interface__
    assert unison.from_dlpack(x.detach()).data_ptr() == x.data_ptr()


def test_the_interface_describes_views_and_only_cuda_has_it(cuda: str) -> None:
    x = unison.arange(12.0, device=cuda).reshape(3, 4)
    shown = x.t()[1:].__cuda_array_interface__
    assert (shown["shape"], shown["strides"], shown["typestr"], shown["version"]) == (
        (3, 3),
        (4, 16),
        "<f4",
        3,
    )
    assert shown["data"] == (x.data_ptr() + 4, False)
    assert x.__cuda_array_interface__["strides"] is None
    assert unison.empty(0, device=cuda).__cuda_array_interface__["data"][0] == 0
    assert not hasattr(x.cpu(), "__cuda_array_interface__")


def test_as_tensor_shares_and_tensor_copies(cuda: str) -> None:
    a = _cupy(np.arange(4, dtype=np.float32))
    for array in (a, _only_described(a)):
        shared, copied = unison.as_tensor(array), unison.tensor(array)
        before = copied.tolist()
        shared.add_(1)
        assert (str(shared.device), str(copied.device)) == (cuda, cuda)
        assert copied.tolist() == before
        assert unison.asarray(array, copy=False).tolist() == shared.tolist() == [v + 1 for v in before]
        assert unison.as_tensor(array, dtype=unison.float64).dtype is unison.float64
        assert str(unison.as_tensor(array, device="cpu").device) == "cpu"
        with pytest.raises(ValueError, match="allow a copy"):
            unison.asarray(array, device="cpu", copy=False)


def test_memory_for_reading_only_is_copied(cuda: str) -> None:
    a = _cupy(np.zeros(3, np.float32))
    shown = a.__cuda_array_interface__
    taken = unison.as_tensor(_only_described(a, data=(shown["data"][0], True)))
    taken.fill_(5)
    assert unison.as_tensor(a).tolist() == [0, 0, 0]


def test_what_tensors_cannot_be_is_refused(cuda: str) -> None:
    with pytest.raises(TypeError, match="tensors of cuda have no dtype uint16; they have bool"):
        unison.from_dlpack(_cupy(np.zeros(2, np.uint16)))
    backwards = _cupy(np.zeros(3, np.float32))[::-1]
    for take in (unison.from_dlpack, lambda x: unison.as_tensor(_only_described(x))):
        with pytest.raises(ValueError, match="no negative strides: copy the array first"):
            take(backwards)


def test_the_backend_is_found_and_loaded_for_the_first_array(looked_into: str) -> None:
    from unison_core import plugins

    assert plugins.require("cuda").backend is None
    assert str(unison.from_dlpack(_cupy(np.ones(2, np.float32))).device) == "cuda:0"


def test_a_described_array_finds_it_too(looked_into: str) -> None:
    assert str(unison.as_tensor(_only_described(_cupy(np.ones(2, np.float32)))).device) == "cuda:0"


def test_the_consumers_stream_waits_for_what_was_asked_before(looked_into: str) -> None:
    x = unison.ones(2, device=looked_into)
    for stream, waits in ((None, 0), (1, 0), (-1, 0), (2, 1), (4242, 1)):
        standin_streams.work.clear()
        assert standin_exchange.kind_in(x.__dlpack__(stream=stream)) == standin_exchange.CUDA
        assert sum(what.startswith("wait") for _, what in standin_streams.work) == waits, stream
        assert [s for s, what in standin_streams.work if what.startswith("wait")] == [stream] * waits
    with pytest.raises(ValueError, match="valid stream for the DLPack protocol"):
        x.__dlpack__(stream=0)
    for wrong in ("1", 1.0, True):
        with pytest.raises(TypeError, match="stream must be int or None"):
            x.__dlpack__(stream=wrong)


@pytest.fixture
def own_stream(looked_into: str) -> Iterator[Any]:
    yield sys.modules["cupy"].cuda.Stream().use()
    standin.Stream.null.use()  # type: ignore[attr-defined]


def test_our_stream_waits_for_the_producer(own_stream: Any) -> None:
    asked: list[Any] = []
    a = _cupy(np.ones(2, np.float32))

    def give(**options: Any) -> Any:
        asked.append(options["stream"])
        return a.__dlpack__(**options)

    unison.from_dlpack(SimpleNamespace(__dlpack_device__=a.__dlpack_device__, __dlpack__=give))
    assert asked == [own_stream.ptr]
    standin_streams.work.clear()
    unison.as_tensor(_only_described(a, stream=99))
    assert (99, "synchronize") in standin_streams.work


def test_memory_taken_by_the_real_cupy_is_held_with_its_reach() -> None:
    """By the real arrays, over host memory that nothing looks into."""
    code = (
        "import json, cupy, numpy as np\n"
        "from unison_cuda import exchange\n"
        "host = np.zeros(12, np.float32)\n"
        "memory = cupy.cuda.UnownedMemory(host.ctypes.data, 48, host, 0)\n"
        "whole = cupy.ndarray((3, 4), np.dtype('f4'), cupy.cuda.MemoryPointer(memory, 0), (16, 4))\n"
        "held = exchange._held(whole[1:, ::2])\n"
        "named = [hasattr(cupy.ndarray, n) for n in ('__dlpack__', '__dlpack_device__', '__cuda_array_interface__')]\n"
        "place = held.data.mem.ptr - host.ctypes.data\n"
        "print(json.dumps([held.shape, held.strides, place, held.data.mem.size, named, callable(cupy.from_dlpack)]))"
    )
    assert of_the_real_cupy(code) == [[2, 2], [16, 8], 16, 28, [True] * 3, True]
