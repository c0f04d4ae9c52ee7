"""Streams, events, memory and copies of the CUDA backend on the stand-in: which stream is asked for what."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import pytest

import unison
from tests.backends.cuda import standin, standin_streams
from tests.core.ckit import plainc
from unison_core import devices

pytestmark = pytest.mark.skipif(plainc.COMPILER is None, reason="no C compiler on this machine")


@pytest.fixture(scope="module")
def cuda() -> Iterator[Any]:
    with standin.installed() as name:
        yield devices.canonical(name)


@pytest.fixture
def work(cuda: Any) -> list[tuple[int, str]]:
    """What streams are asked from here on."""
    standin_streams.work.clear()
    return standin_streams.work


def test_kernels_go_to_the_stream_of_the_block(cuda: Any, work: list[tuple[int, str]]) -> None:
    x = unison.ones(4, 4, device=cuda)
    stream = unison.cuda.Stream()
    work.clear()
    with unison.cuda.stream(stream):
        unison.nn.functional.softmax(x, 0)
        assert unison.cuda.current_stream() == stream
    assert {ptr for ptr, _ in work} == {stream.cuda_stream}
    assert unison.cuda.current_stream() == unison.cuda.default_stream()
    work.clear()
    unison.nn.functional.softmax(x, 0)
    assert {ptr for ptr, _ in work} == {0}


def test_a_stream_waits_on_the_device_for_another(cuda: Any, work: list[tuple[int, str]]) -> None:
    one, other = unison.cuda.Stream(), unison.cuda.Stream(priority=-1)
    other.wait_stream(one)
    (recorder, record), (waiter, wait) = work
    assert (recorder, waiter) == (one.cuda_stream, other.cuda_stream)
    assert record.split()[1] == wait.split()[1]
    assert (record.split()[0], wait.split()[0]) == ("record", "wait")
    assert one.query()
    one.synchronize()
    assert work[-1] == (one.cuda_stream, "synchronize")


def test_an_event_waits_and_takes_the_time(cuda: Any, work: list[tuple[int, str]]) -> None:
    first, last = (unison.cuda.Event(enable_timing=True) for _ in range(2))
    first.record()
    last.record(unison.cuda.Stream())
    last.synchronize()
    assert first.elapsed_time(last) > 0
    assert unison.cuda.Event().query()


def test_work_of_cuda_goes_to_no_other_devices_queue(cuda: Any) -> None:
    with pytest.raises(RuntimeError, match="a queue of cpu cannot take CUDA's work"):
        cuda.backend.use_queue(devices.host().backend.queue(devices.host()))


def test_memory_of_another_stream_is_held_until_that_stream_is_done(
    cuda: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = unison.ones(10_000, device=cuda)
    gc.collect()
    monkeypatch.setattr(standin.Event, "done", False, raising=False)
    before = unison.cuda.memory_allocated()
    x.record_stream(unison.cuda.Stream())
    del x
    assert unison.cuda.memory_allocated() == before
    monkeypatch.setattr(standin.Event, "done", True, raising=False)
    unison.cuda.current_stream().synchronize()
    assert unison.cuda.memory_allocated() <= before - 40_000


def test_the_most_memory_is_counted(cuda: Any) -> None:
    gc.collect()
    unison.cuda.reset_peak_memory_stats()
    before = unison.cuda.memory_allocated()
    assert unison.cuda.max_memory_allocated() == before
    x = unison.empty(1000, 256, device=cuda)
    del x
    assert unison.cuda.memory_allocated() == before
    assert unison.cuda.max_memory_allocated() == before + 1_024_000
    assert unison.cuda.mem_get_info()[1] == standin.LIMIT
    unison.cuda.empty_cache()
    assert unison.cuda.max_memory_reserved() >= 1_024_000


def test_a_limit_on_memory_is_the_pools(cuda: Any) -> None:
    unison.cuda.set_per_process_memory_fraction(0.5)
    try:
        assert unison.cuda.get_per_process_memory_fraction() == 0.5
        with pytest.raises(unison.cuda.OutOfMemoryError, match="CUDA out of memory"):
            unison.empty(standin.LIMIT // 2 + 1, dtype=unison.uint8, device=cuda)
    finally:
        unison.cuda.set_per_process_memory_fraction(1.0)
    assert unison.cuda.get_per_process_memory_fraction() == 1


def test_properties_have_torchs_names(cuda: Any) -> None:
    told = unison.cuda.get_device_properties(0)
    assert (told.total_memory, told.multi_processor_count) == (standin.LIMIT, 1)
    assert unison.cuda.get_device_capability() == (0, 0)
    assert unison.cuda.get_device_name() == told.name
    assert unison.cuda.can_device_access_peer(0, 0)
    assert not unison.cuda.is_bf16_supported(including_emulation=False)


def test_pinned_memory_is_copied_without_waiting_only_when_asked(
    cuda: Any, work: list[tuple[int, str]]
) -> None:
    x = unison.arange(6.0).reshape(2, 3)
    pinned = x.t().pin_memory("cuda")
    assert not x.is_pinned()
    assert pinned.is_pinned()
    assert pinned[1:].is_pinned()
    assert pinned.tolist() == x.t().tolist()
    assert unison.zeros(2, dtype=unison.bfloat16).pin_memory("cuda").dtype is unison.bfloat16
    waited = {}
    for name, tensor in (("pinned", pinned), ("plain", x)):
        for non_blocking in (False, True):
            work.clear()
            assert tensor.to(cuda, non_blocking=non_blocking).shape == tensor.shape
            waited[name, non_blocking] = (0, "synchronize") in work
    assert waited == {
        ("pinned", False): True,
        ("pinned", True): False,
        # CuPy copies it on the host first.
        ("plain", False): False,
        ("plain", True): False,
    }


def test_loaders_pin_their_batches(cuda: Any) -> None:
    data = unison.utils.data.TensorDataset(unison.arange(8.0))
    with cuda:
        batches = list(unison.utils.data.DataLoader(data, batch_size=4, pin_memory=True))
    assert [b[0].is_pinned() for b in batches] == [True, True]
