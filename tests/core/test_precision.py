"""What is allowed for float32 products: exact by default, told to every backend, one state for the process."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.core import small_backend
from unison_core import plugins, precision
from unison_core.precision import EXACT, Precision

told: list[Precision] = []


@pytest.fixture
def listening(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    told.clear()
    monkeypatch.setattr(small_backend.SmallBackend, "allow", lambda self, given: told.append(given))
    with small_backend.registered():
        yield
    precision.allow(matmul="highest", convolution="highest")


def test_everything_is_exact_by_default() -> None:
    assert precision.allowed() == EXACT == Precision("highest", "highest")


def test_a_backend_is_told_when_it_is_loaded_and_at_every_change(listening: None) -> None:
    precision.allow(matmul="high")
    assert told == []
    plugins.load(small_backend.NAME)
    assert told == [Precision("high", "highest")]
    before = precision.allow(convolution="medium")
    assert before == Precision("high", "highest")
    assert told[1:] == [Precision("high", "medium")]


def test_a_block_restores_what_was_even_after_an_error(listening: None) -> None:
    plugins.load(small_backend.NAME)
    seen = []

    def fail() -> None:
        seen.append(precision.allowed())
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), precision.allowing(Precision("medium", "high")):
        fail()
    assert seen == [Precision("medium", "high")]
    assert told == [EXACT, Precision("medium", "high"), EXACT]


@pytest.mark.parametrize("kind", ["matmul", "convolution"])
def test_an_unknown_word_changes_nothing(listening: None, kind: str) -> None:
    plugins.load(small_backend.NAME)
    with pytest.raises(
        RuntimeError, match=f"Invalid float32 {kind} precision 'fast': choose one of highest, high"
    ):
        precision.allow(**{kind: "fast"})
    assert precision.allowed() == EXACT
    assert told == [EXACT]


def test_all_threads_share_the_state(listening: None) -> None:
    other = threading.Thread(target=precision.allow, kwargs={"matmul": "high"})
    other.start()
    other.join()
    assert precision.allowed().matmul == "high"


def test_words_name_both_kinds_where_they_differ() -> None:
    assert str(EXACT) == "highest"
    assert str(Precision("high", "high")) == "high"
    assert str(Precision("high")) == "high in products of matrices, highest in convolutions"
