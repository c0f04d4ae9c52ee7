"""The checks of threads catch kernels that share scratch memory, and settings that leak into other threads."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import unison
from tests.conformance.checks.faulty import caught
from unison_conformance.checks import CHECKS, CheckFailed
from unison_core import devices, state


def _shared_scratch() -> Any:
    """matmul through one buffer that all threads use."""
    scratch: dict[Any, Any] = {}

    def matmul(a: Any, b: Any) -> Any:
        found = a @ b
        room = scratch.setdefault(found.shape, np.empty_like(found))
        np.copyto(room, found)
        time.sleep(1e-4)
        return room.copy()

    return {"matmul": matmul}


def test_operators_notices_a_shared_buffer() -> None:
    assert "differs from the result of one thread" in caught(
        "check.threads.operators-matmul", _shared_scratch()
    )


def test_operators_tells_what_a_thread_raised() -> None:
    def add(x: Any, y: Any) -> Any:
        if threading.current_thread() is not threading.main_thread():
            raise MemoryError("one thread only")
        return np.add(x, y)

    assert "raised" in caught("check.threads.operators-add", {"add": add})


def test_shared_inputs_notices_inputs_used_as_scratch() -> None:
    def sort(x: Any, *, dim: int, descending: bool) -> Any:
        order = np.argsort(x, axis=dim, kind="stable")
        x[...] = np.take_along_axis(x, order, dim)
        time.sleep(1e-4)
        return x.copy(), order

    caught("check.threads.shared_inputs", {"sort": sort})


def test_grad_mode_notices_one_mode_for_all_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    CHECKS["check.threads.grad_mode"].run("cpu")
    monkeypatch.setattr(state, "local", SimpleNamespace(grad=True, inference=False, modes=()))
    with pytest.raises(CheckFailed, match="in another thread stopped recording"):
        CHECKS["check.threads.grad_mode"].run("cpu")


def test_default_device_notices_one_default_for_all_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    CHECKS["check.threads.default_device"].run("strict:0")
    stack: list[Any] = []
    monkeypatch.setattr(devices, "_stack", lambda: stack)
    monkeypatch.setattr(devices, "default", lambda: stack[-1] if stack else devices.get("cpu"))
    with pytest.raises(CheckFailed, match="in another thread put zeros"):
        CHECKS["check.threads.default_device"].run("strict:0")
    assert unison.zeros(1).device.is_host
