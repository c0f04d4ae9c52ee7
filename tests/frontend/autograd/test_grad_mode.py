"""Switching recording on and off: blocks, decorators, generators, threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

import unison
from unison.autograd.grad_mode import is_inference_mode_enabled


def recorded() -> bool:
    return bool((unison.ones(1, requires_grad=True) * 2).requires_grad)


def test_blocks_nest_and_end() -> None:
    with unison.no_grad():
        assert not recorded()
        with unison.enable_grad():
            assert recorded()
            with unison.set_grad_enabled(False):
                assert not recorded()
            assert recorded()
        assert not recorded()
    assert recorded()


def test_a_block_ends_when_it_raises() -> None:
    with pytest.raises(KeyError), unison.no_grad():
        raise KeyError
    assert unison.is_grad_enabled()


def test_one_switch_may_be_entered_twice() -> None:
    switch = unison.no_grad()
    with switch:
        with switch:
            assert not recorded()
        assert not recorded()
    assert recorded()


@pytest.mark.parametrize(
    "decorator", [unison.no_grad, unison.no_grad(), unison.inference_mode, unison.inference_mode()]
)
def test_decorated_functions(decorator: Any) -> None:
    @decorator
    def work(depth: int) -> bool:
        return recorded() if depth == 0 else work(depth - 1) or recorded()

    assert work.__name__ == "work"
    assert work(2) is False
    assert recorded()


def test_set_grad_enabled_as_a_statement_and_as_a_decorator() -> None:
    unison.set_grad_enabled(False)
    assert not recorded()
    unison.set_grad_enabled(True)

    @unison.set_grad_enabled(False)
    def work() -> bool:
        return recorded()

    assert recorded()
    assert not work()
    assert recorded()


def test_a_decorated_generator_switches_only_inside_itself() -> None:
    @unison.no_grad()
    def values() -> Iterator[Any]:
        got = yield recorded()
        yield (got, recorded())
        return "end"

    g = values()
    assert next(g) is False
    assert recorded()
    assert g.send(5) == (5, False)
    assert recorded()
    with pytest.raises(StopIteration) as stop:
        next(g)
    assert stop.value.value == "end"
    assert recorded()


def test_a_decorated_generator_handles_what_is_thrown_into_it() -> None:
    @unison.no_grad()
    def patient() -> Iterator[Any]:
        caught = 0
        while caught < 3:
            try:
                yield (caught, recorded())
            except KeyError:
                caught += 1
        return "enough"

    g = patient()
    assert next(g) == (0, False)
    assert g.throw(KeyError()) == (1, False)
    assert g.throw(KeyError()) == (2, False)
    assert next(g) == (2, False)
    with pytest.raises(StopIteration) as stop:
        g.throw(KeyError())
    assert stop.value.value == "enough"
    assert recorded()


def test_a_decorated_generator_that_is_closed_cleans_up() -> None:
    closed = []

    @unison.no_grad()
    def values() -> Iterator[int]:
        try:
            yield 1
        finally:
            closed.append(recorded())

    g = values()
    next(g)
    g.close()
    assert closed == [False]
    assert recorded()


def test_inference_mode_says_so() -> None:
    with unison.inference_mode():
        assert is_inference_mode_enabled()
        assert not recorded()
        with unison.inference_mode(False):
            assert not is_inference_mode_enabled()
    assert not is_inference_mode_enabled()
    assert recorded()


def test_other_threads_keep_their_own_setting() -> None:
    seen: list[bool] = []
    with unison.no_grad():
        thread = threading.Thread(target=lambda: seen.append(recorded()))
        thread.start()
        thread.join()
        assert not recorded()
    assert seen == [True]


def test_a_result_without_recording_is_a_leaf() -> None:
    with unison.no_grad():
        y = unison.ones(1, requires_grad=True) * 2
    assert (y.is_leaf, y.grad_fn) == (True, None)


def test_factories_track_inside_no_grad() -> None:
    with unison.no_grad():
        assert unison.ones(1, requires_grad=True).requires_grad
