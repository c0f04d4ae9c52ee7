"""The checks of neighbours catch kernels that write beside their result or read what nobody wrote."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from tests.conformance.checks.faulty import FaultyBackend, caught


def test_heap_notices_a_write_into_another_buffer() -> None:
    made: list[Any] = []

    def from_host(self: Any, array: Any, device: Any) -> Any:
        out = FaultyBackend.from_host(self, array, device)
        made.append(weakref.ref(out))
        return out

    def exp(x: Any) -> Any:
        alive = [m() for m in made if m() is not None and m() is not x]
        if alive and alive[0].size:
            alive[0].reshape(-1)[-1:] = 0
        return np.exp(x)

    assert "allocated near a call of exp" in caught(
        "check.neighbours.heap-exp", {"exp": exp}, from_host=from_host
    )


def test_heap_notices_a_changed_input() -> None:
    def sort(x: Any, *, dim: int, descending: bool) -> Any:
        order = np.argsort(x, axis=dim, kind="stable")
        x.sort(axis=dim)
        return x.copy(), order

    assert "an input of sort" in caught("check.neighbours.heap-sort", {"sort": sort})


def test_poison_notices_memory_that_was_not_written() -> None:
    freed: list[Any] = []

    def from_host(self: Any, array: Any, device: Any) -> Any:
        out = FaultyBackend.from_host(self, array, device)
        if out.dtype == np.uint8:
            freed[:] = [out.reshape(-1)[:1].copy()]
        return out

    def cat(*xs: Any, dim: int) -> Any:
        out = np.concatenate(xs, axis=dim)
        if freed and out.size:
            out.reshape(-1).view(np.uint8)[-1] = freed[0][0]
        return out

    assert "memory that it did not write" in caught(
        "check.neighbours.poison-cat", {"cat": cat}, from_host=from_host
    )
