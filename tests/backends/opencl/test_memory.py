"""Memory of an OpenCL device: limits, the pool, what comes back."""

from __future__ import annotations

import dataclasses
import gc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import unison
from unison_core.dtypes import float32


@pytest.fixture
def small(another: Callable[[], Any]) -> Any:
    """The same device with a megabyte."""
    runtime = another()
    runtime.facts = dataclasses.replace(runtime.facts, memory=2**20, allocation=2**20)
    return runtime


def test_too_large_a_buffer_is_refused_with_both_sizes(small: Any) -> None:
    with pytest.raises(unison.OutOfMemoryError, match=r"cannot allocate 2,000,000 bytes.*1,048,576"):
        small.allocate(2_000_000)
    small.allocate(1000)


def test_a_full_device_says_so_and_serves_the_next_smaller_request(small: Any) -> None:
    held = [small.allocate(2**18) for _ in range(3)]
    with pytest.raises(unison.OutOfMemoryError, match=r"no room for 1,000,000 bytes: 786,432 of 1,048,576"):
        small.allocate(1_000_000)
    assert small.allocate(2**17) is not None
    assert small.memory()["used"] == sum(2**18 for _ in held)


def test_what_is_freed_can_be_had_again(small: Any) -> None:
    for _ in range(50):
        buffer = small.allocate(600_000)
        del buffer
    assert small.memory()["used"] == 0


def test_what_the_pool_holds_is_given_back_for_another_size(small: Any) -> None:
    small.allocate(700_000)
    assert small.memory()["held"] >= 700_000
    assert small.allocate(600_000) is not None


def test_out_of_memory_leaves_tensors_alone(opencl: Any) -> None:
    x = unison.arange(5.0, device=opencl)
    with pytest.raises(unison.OutOfMemoryError, match="bytes"):
        unison.empty(10**13, device=opencl)
    assert (x + 1).tolist() == [1, 2, 3, 4, 5]


def test_a_thousand_results_leave_nothing_behind(opencl: Any) -> None:
    x = unison.ones(100, 100, device=opencl)
    gc.collect()
    before = opencl.backend.memory(opencl)["used"]
    for _ in range(1000):
        x + x
    opencl.backend.synchronize(opencl)
    assert opencl.backend.memory(opencl)["used"] == before


def test_the_host_may_change_what_it_gave(opencl: Any) -> None:
    host = np.arange(1000, dtype=np.float32)
    x = unison.from_numpy(host).to(opencl)
    host[:] = 0
    assert x.sum().item() == 999 * 1000 / 2


def test_views_share_memory_and_copies_do_not(opencl: Any) -> None:
    x = unison.zeros(4, 6, device=opencl)
    x.t()[2:4].add_(1)
    y = x.clone()
    y.fill_(7)
    assert x.sum(0).tolist() == [0, 0, 4, 4, 0, 0]


def test_kit_arrays_know_their_storage(opencl: Any) -> None:
    x = unison.zeros(4, 6, device=opencl)[1:, 2:]
    assert (x.storage_offset(), x.stride()) == (8, (6, 1))
    assert opencl.backend.kit.empty((3,), float32, opencl.backend.runtime(opencl)).length == 3


def test_the_most_memory_is_counted_until_it_is_counted_anew(opencl: Any) -> None:
    gc.collect()
    unison.opencl.reset_peak_memory_stats()
    before = unison.opencl.memory_allocated()
    x = unison.empty(1 << 20, device=opencl)
    assert unison.opencl.memory_allocated() >= before + (4 << 20)
    del x
    assert unison.opencl.memory_allocated() == before
    assert unison.opencl.max_memory_allocated() >= before + (4 << 20)
    assert unison.opencl.max_memory_reserved() >= unison.opencl.max_memory_allocated()
    unison.opencl.reset_peak_memory_stats()
    assert unison.opencl.max_memory_allocated() == before


def test_a_limit_holds_until_it_is_lifted(opencl: Any) -> None:
    unison.opencl.set_per_process_memory_fraction(0.001)
    try:
        with pytest.raises(unison.OutOfMemoryError, match=r"of the limit of [\d,]+ are in use"):
            unison.empty(10**8, device=opencl)
    finally:
        unison.opencl.set_per_process_memory_fraction(1.0)
    assert unison.empty(10**8, device=opencl).shape == (10**8,)
