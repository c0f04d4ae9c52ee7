"""Modes: order, nesting, threads, and how they meet the recorder."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import unison
from unison_core import state
from unison_core.modes import Mode, current_modes


class Watch(Mode):
    """Writes down the operators it sees under a name."""

    def __init__(self, name: str, log: list[tuple[str, str]]) -> None:
        self.name, self.log = name, log

    def dispatch(self, op: Any, inputs: tuple[Any, ...], attrs: dict[str, Any], proceed: Any) -> Any:
        self.log.append((self.name, op.name))
        return proceed(*inputs, **attrs)


def test_the_mode_entered_last_sees_a_call_first() -> None:
    log: list[tuple[str, str]] = []
    x = unison.ones(2)
    with Watch("outer", log), Watch("inner", log):
        _ = x + x
    assert log == [("inner", "add"), ("outer", "add")]
    _ = x + x
    assert len(log) == 2


def test_a_mode_does_not_see_its_own_calls() -> None:
    class Doubling(Mode):
        def dispatch(self, op: Any, inputs: tuple[Any, ...], attrs: dict[str, Any], proceed: Any) -> Any:
            return proceed(*inputs, **attrs) * 2

    x = unison.ones(1)
    with Doubling():
        y = x + x
    assert y.tolist() == [4.0]


def test_a_mode_that_raises_leaves_the_stack_whole() -> None:
    class Refusing(Mode):
        def dispatch(self, op: Any, inputs: tuple[Any, ...], attrs: dict[str, Any], proceed: Any) -> Any:
            raise ValueError(op.name)

    mode = Refusing()
    x = unison.ones(1)
    with mode:
        with pytest.raises(ValueError, match="add"):
            _ = x + x
        assert current_modes() == (mode,)
    assert current_modes() == ()


def test_modes_are_left_in_the_order_they_were_entered() -> None:
    outer, inner = Watch("a", []), Watch("b", [])
    outer.__enter__()
    inner.__enter__()
    with pytest.raises(RuntimeError, match="another order"):
        outer.__exit__(None, None, None)
    inner.__exit__(None, None, None)
    outer.__exit__(None, None, None)
    assert current_modes() == ()


def test_what_a_mode_asks_for_is_recorded() -> None:
    class AddToMul(Mode):
        def dispatch(self, op: Any, inputs: tuple[Any, ...], attrs: dict[str, Any], proceed: Any) -> Any:
            return inputs[0] * inputs[1] if op.name == "add" else proceed(*inputs, **attrs)

    x = unison.tensor([3.0], requires_grad=True)
    with AddToMul():
        y = x + x
    y.sum().backward()
    assert (y.item(), x.grad.item()) == (9.0, 6.0)


def test_in_place_writes_go_through_modes() -> None:
    log: list[tuple[str, str]] = []
    x = unison.ones(2)
    with Watch("w", log):
        x.mul_(3)
    assert ("w", "mul") in log
    assert x.tolist() == [3.0, 3.0]


def test_backward_is_seen_by_modes() -> None:
    log: list[tuple[str, str]] = []
    x = unison.ones(1, requires_grad=True)
    y = x.exp().sum()
    with Watch("w", log):
        y.backward()
    assert ("w", "mul") in log


def test_modes_and_recording_belong_to_their_thread() -> None:
    log: list[tuple[str, str]] = []
    results: list[Any] = []

    def work() -> None:
        results.extend((current_modes(), (unison.ones(1, requires_grad=True) * 2).requires_grad))

    with Watch("w", log), unison.no_grad():
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert results == [(), True]
    assert log == []


def test_the_counters_of_unusual_states_return() -> None:
    before = state.modes_active, state.grad_disabled
    with Watch("w", []), unison.no_grad(), unison.enable_grad(), unison.no_grad():
        assert state.modes_active == before[0] + 1
        assert state.grad_disabled == before[1] + 1
    assert (state.modes_active, state.grad_disabled) == before
