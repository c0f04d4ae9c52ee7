"""Every check of lifetimes catches a device with the bug it is about."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.conformance.checks.faulty import FaultyBackend, caught


@pytest.mark.parametrize("every", [1, 40])
def test_leak_notices_kept_results(every: int) -> None:
    kept: list[Any] = []
    calls = [0]

    def add(x: Any, y: Any) -> Any:
        out = np.add(x, y)
        calls[0] += 1
        if calls[0] % every == 0:
            kept.append(out)
        return out

    assert "call on faulty leaks" in caught("check.lifetime.leak-call", {"add": add})


def test_leak_believes_the_device_about_its_memory() -> None:
    used = [0]

    def from_host(self: Any, array: Any, device: Any) -> Any:
        used[0] += array.nbytes
        return FaultyBackend.from_host(self, array, device)

    text = caught(
        "check.lifetime.leak-to_device", from_host=from_host, memory=lambda self, device: {"used": used[0]}
    )
    assert "more bytes" in text


def _arena() -> Any:
    """Buffers of one size are taken in turn from four places, whether or not the last user is done."""
    places: dict[Any, list[Any]] = {}

    def from_host(self: Any, array: Any, device: Any) -> Any:
        ring = places.setdefault((array.shape, array.dtype), [])
        if len(ring) < 4:
            ring.append(np.array(array, order="C"))
            return ring[-1]
        out = ring.pop(0)
        ring.append(out)
        out[...] = array
        return out

    return from_host


@pytest.mark.parametrize("check", ["view_kept", "base_kept", "allocator"])
def test_memory_reused_too_early_is_noticed(check: str) -> None:
    if check == "base_kept":
        ring = _arena()

        def from_host(self: Any, array: Any, device: Any) -> Any:
            return ring(self, array, device)

        assert "after its views were dropped" in caught("check.lifetime.base_kept", from_host=from_host)
    else:
        caught(f"check.lifetime.{check}", from_host=_arena())


def test_out_of_memory_notices_a_small_answer() -> None:
    def empty(*, shape: Any, dtype: Any, device: Any) -> Any:
        return np.empty([min(n, 4) for n in shape], np.dtype(dtype.name))

    assert "was not refused" in caught("check.lifetime.out_of_memory", {"empty": empty})


def test_out_of_memory_notices_a_device_that_does_not_recover() -> None:
    failed = [False]

    def full(*, shape: Any, value: Any, dtype: Any, device: Any) -> Any:
        try:
            return np.full(shape, value, np.dtype(dtype.name))
        except MemoryError:
            failed[0] = True
            raise

    def add(x: Any, y: Any) -> Any:
        return np.zeros(x.shape, x.dtype) if failed[0] else np.add(x, y)

    assert "ran out of memory" in caught("check.lifetime.out_of_memory", {"full": full, "add": add})
