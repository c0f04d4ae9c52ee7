"""Streams, events, memory and copies of the CUDA backend on the stand-in: which stream is asked for what."""

from __future__ import annotations

import gc
import inspect
from collections.abc import Iterator
from typing import Any

import pytest

import unison
from tests.backends.cuda import standin, standin_streams
from tests.core.ckit import plainc
from unison_conformance.checks import CHECKS
from unison_conformance.checks import queues as checks_of_queues
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


SHAPED = (
    *("empty", "ones", "rand", "randn", "zeros"),
    *("empty_like", "ones_like", "rand_like", "randn_like", "zeros_like"),
    *("new_empty", "new_ones", "new_zeros"),
)
MADE: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(SHAPED, (2, 3)),
    **dict.fromkeys(("arange", "eye", "randperm"), (4,)),
    **dict.fromkeys(("bartlett_window", "blackman_window", "hamming_window", "hann_window"), (4,)),
    **dict.fromkeys(("full", "new_full"), ((2, 3), 5.0)),
    **dict.fromkeys(("empty_strided", "new_empty_strided"), ((2, 3), (1, 2))),
    **dict.fromkeys(("linspace", "logspace"), (0.0, 1.0, 5)),
    **dict.fromkeys(("tensor", "new_tensor"), ([[1.0, 2.0], [3.0, 4.0]],)),
    **dict.fromkeys(("tril_indices", "triu_indices"), (3, 3)),
    "empty_permuted": ((2, 3), (1, 0)),
    "full_like": (5.0,),
    "kaiser_window": (4,),
    "normal": (0.0, 1.0, (2, 3)),
    "randint": (9, (2, 3)),
    "randint_like": (9,),
    "range": (1, 4),
    "scalar_tensor": (2.0,),
}
"""Function that makes tensors -> arguments; those named after another tensor, and methods, come after it."""


def _maker(name: str) -> Any:
    like = unison.ones(2, 3)
    if name.endswith("_like"):
        return lambda *args, **options: getattr(unison, name)(like, *args[name in SHAPED and 2 :], **options)
    return getattr(like if name.startswith("new_") else unison, name)


def test_every_function_that_takes_pin_memory_is_in_the_table() -> None:
    found = {
        name
        for space in (unison, unison.Tensor)
        for name in dir(space)
        if inspect.isfunction(made := getattr(space, name))
        and "pin_memory" in inspect.signature(made).parameters
    }
    assert found == set(MADE)


@pytest.mark.parametrize("name", sorted(MADE))
def test_what_is_made_pinned_is_pinned(name: str, cuda: Any) -> None:
    make, args = _maker(name), MADE[name]
    plain = make(*args)
    assert not plain.is_pinned()
    with cuda:
        pinned = make(*args, device="cpu", pin_memory=True)
        assert pinned.is_pinned()
        with pytest.raises(RuntimeError, match="only dense CPU tensors can be pinned"):
            make(*args, device=cuda, pin_memory=True)
    assert (pinned.shape, pinned.stride(), pinned.dtype) == (plain.shape, plain.stride(), plain.dtype)
    if not name.startswith(("empty", "new_empty", "normal", "rand")):
        assert pinned.tolist() == plain.tolist()


def test_what_is_made_pinned_is_a_leaf_and_out_stays_where_it_is(cuda: Any) -> None:
    with cuda:
        leaf = unison.ones(3, device="cpu", pin_memory=True, requires_grad=True)
        out = unison.empty(3, device="cpu")
        assert unison.zeros(3, device="cpu", pin_memory=True, out=out) is out
    assert leaf.is_leaf
    assert leaf.requires_grad
    assert not out.is_pinned()


@pytest.mark.parametrize("name", sorted(name for name in CHECKS if name.startswith("check.queues.")))
def test_checks_of_queues_pass(name: str, cuda: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # Streams here do at once what they are asked, however long it takes.
    monkeypatch.setattr(checks_of_queues, "_side", lambda device: 16)
    assert CHECKS[name].needs <= cuda.backend.claims(cuda)
    CHECKS[name].run(str(cuda))


def test_loaders_pin_their_batches(cuda: Any) -> None:
    data = unison.utils.data.TensorDataset(unison.arange(8.0))
    with cuda:
        batches = list(unison.utils.data.DataLoader(data, batch_size=4, pin_memory=True))
    assert [b[0].is_pinned() for b in batches] == [True, True]
