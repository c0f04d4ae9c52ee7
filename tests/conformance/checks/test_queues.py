"""Every check of queues catches a device that waits too little, or gives memory out too early."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from tests.conformance.checks.later import NAME, LaterBackend, LaterQueue, LaterRuntime, later
from unison_conformance.checks import CHECKS, CheckFailed, queues

QUEUES = sorted(name for name in CHECKS if name.startswith("check.queues."))


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """What does nothing before it must is late enough without long work."""
    monkeypatch.setattr(queues, "_side", lambda device: 16)
    monkeypatch.setattr(queues, "_PATIENCE", 0.05)


def caught(check: str, **broken: Any) -> str:
    name = f"check.{check}"
    with later():
        CHECKS[name].run(NAME)
    with later(**broken), pytest.raises(CheckFailed) as failed:
        CHECKS[name].run(NAME)
    return str(failed.value)


@pytest.mark.parametrize("name", QUEUES)
def test_devices_with_one_queue_keep_to_the_contract(name: str, device: str) -> None:
    CHECKS[name].run(device)


def test_they_are_asked_of_who_claims_async() -> None:
    assert {name for name, check in CHECKS.items() if "async" in check.needs} == set(QUEUES)


def _nothing(self: Any, *_: Any) -> None:
    pass


@pytest.mark.parametrize("check", ["queues.ordered", "queues.copies", "queues.held"])
def test_a_queue_that_does_not_wait_for_marks_is_noticed(check: str) -> None:
    caught(check, queue={"wait": _nothing})


@pytest.mark.parametrize("left_out", [0, 1])
def test_a_wait_in_one_direction_only_is_noticed(left_out: int) -> None:
    waits = itertools.count()

    def wait(self: Any, mark: Any) -> None:
        # After the first one, which is for the matrix, queues wait in turn.
        number = next(waits)
        if number == 0 or number % 2 != left_out:
            LaterQueue.wait(self, mark)

    assert "work of two queues" in caught("queues.ordered", queue={"wait": wait})


@pytest.mark.parametrize(
    ("how", "broken"),
    [
        ("wait", {"mark": {"wait": _nothing}}),
        ("reached", {"mark": {"reached": lambda self: True}}),
        ("synchronize", {"queue": {"synchronize": _nothing}}),
        ("done", {"queue": {"done": lambda self: True}}),
    ],
)
def test_being_finished_too_early_is_noticed(how: str, broken: Any) -> None:
    assert "what another queue made, after" in caught(f"queues.finished-{how}", **broken)


@pytest.mark.parametrize(
    ("how", "broken", "said"),
    [
        ("reached", {"mark": {"reached": lambda self: False}}, "still said no"),
        ("done", {"queue": {"done": lambda self: False}}, "still said no"),
        ("wait", {"mark": {"reached": lambda self: False}}, "the mark is not reached"),
        ("synchronize", {"queue": {"done": lambda self: False}}, "asked whether it is done, still said no"),
    ],
)
def test_never_being_finished_is_noticed(how: str, broken: Any, said: str) -> None:
    assert said in caught(f"queues.finished-{how}", **broken)


@pytest.mark.parametrize("kind", ["plain", "pinned", "strided"])
def test_a_host_array_that_is_read_later_is_noticed(kind: str) -> None:
    text = caught(f"queues.unchanged-{kind}", from_host=LaterBackend.from_host_later)
    assert f"a {kind} array on later that the host changed" in text


def test_only_pinned_arrays_that_are_read_later_are_noticed() -> None:
    pinned: set[int] = set()

    def pin(self: Any, array: Any) -> Any:
        pinned.add(array.ctypes.data)
        return array

    def from_host(self: Any, array: Any, device: Any) -> Any:
        soon = array.ctypes.data not in pinned
        return (LaterBackend.from_host if soon else LaterBackend.from_host_later)(self, array, device)

    assert "a pinned array" in caught("queues.unchanged-pinned", from_host=from_host, pin=pin)
    pinned.clear()
    with later(from_host=from_host, pin=pin):
        CHECKS["check.queues.unchanged-plain"].run(NAME)


def test_marks_that_copies_do_not_come_before_are_noticed() -> None:
    other = LaterQueue(None)

    def copy_later(self: Any, buffer: Any, data: Any) -> None:
        LaterRuntime.copy_later(self, buffer, data)
        # Behind everything that is there when the result is asked for.
        other.ask(self.queue.jobs.pop())

    def copy_out(self: Any, *what: Any) -> None:
        other.synchronize()
        LaterRuntime.copy_out(self, *what)

    broken = {"copy_later": copy_later, "copy_out": copy_out}
    assert "memory that changed when the mark" in caught("queues.later", runtime=broken)


def test_memory_given_out_again_though_held_is_noticed() -> None:
    assert "freed while held" in caught("queues.held", queue={"hold": _nothing})


def test_memory_that_is_held_for_ever_is_noticed() -> None:
    kept: list[Any] = []
    assert "left" in caught("queues.let_go", queue={"hold": lambda self, array: kept.append(array)})


def test_one_current_queue_for_all_threads_is_noticed() -> None:
    def use_queue(self: Any, queue: Any) -> None:
        self.runtime(queue.device).first = queue

    assert "changed by another" in caught("queues.threads", use_queue=use_queue)


def test_results_that_differ_between_rounds_are_noticed() -> None:
    calls = itertools.count()

    def kernels(self: Any) -> Any:
        right = LaterBackend.kernels(self)["sum"]

        def wrong(x: Any, **attrs: Any) -> Any:
            out = right(x, **attrs)
            return self._made(lambda a: a + np.float32(next(calls) > 6), out)

        return {**LaterBackend.kernels(self), "sum": wrong}

    assert "thread" in caught("queues.threads", kernels=kernels)


@pytest.mark.parametrize(
    "until",
    [
        lambda self, other: -1.0,
        lambda self, other: 0.0,
        lambda self, other: (other.moment - self.moment) ** 2,
        lambda self, other: (other.moment - self.moment) * 1e6 + 1e4,
    ],
    ids=["negative", "nothing", "not-a-sum", "another-unit"],
)
def test_wrong_times_between_marks_are_noticed(until: Any) -> None:
    assert "marks around work" in caught("queues.timing", mark={"milliseconds_until": until})


@pytest.mark.parametrize(
    ("memory", "said"),
    [
        (lambda self: {"used": self.used + 2, "peak": self.used + 1}, "peak is at least used"),
        (lambda self: {"used": -1, "peak": 5}, "not negative"),
        (lambda self: {"used": 0, "peak": 0}, "that used is"),
        (lambda self: {"used": self.used, "peak": self.used}, "that peak is"),
        (lambda self: {"used": self.peak, "peak": self.peak}, "that used is"),
    ],
    ids=["less", "negative", "nothing", "forgotten", "never-less"],
)
def test_memory_that_is_counted_wrong_is_noticed(memory: Any, said: str) -> None:
    assert said in caught("lifetime.counted", runtime={"memory": memory})
