"""The switches of float32 products go round as PyTorch's, and refuse what PyTorch refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import unison

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    # PyTorch's own samples, which other tests here load, freeze its switches for the process.
    with torch.backends.__allow_nonbracketed_mutation():
        theirs = torch.backends.cudnn.allow_tf32
        for library in (torch, unison):
            library.set_float32_matmul_precision("highest")
            library.backends.cudnn.allow_tf32 = False
        yield
        for library in (torch, unison):
            library.set_float32_matmul_precision("highest")
        torch.backends.cudnn.allow_tf32 = theirs
        unison.backends.cudnn.allow_tf32 = False


def _seen(library: Any) -> tuple[Any, ...]:
    b = library.backends
    return (
        library.get_float32_matmul_precision(),
        b.cuda.matmul.allow_tf32,
        b.cuda.matmul.fp32_precision,
        b.cudnn.allow_tf32,
        # PyTorch calls what is not allowed "ieee" of matrices and "none" of convolutions.
        b.cudnn.conv.fp32_precision.replace("none", "ieee"),
    )


def _set(path: str, value: Any) -> Callable[[Any], None]:
    *owners, name = path.split(".")

    def act(library: Any) -> None:
        at = library.backends
        for owner in owners:
            at = getattr(at, owner)
        setattr(at, name, value)

    return act


# PyTorch loses its way where words and switches take turns, so the switches come first here.
STEPS: list[Callable[[Any], None]] = [
    _set("cuda.matmul.allow_tf32", True),
    _set("cudnn.allow_tf32", True),
    _set("cuda.matmul.allow_tf32", False),
    _set("cudnn.allow_tf32", False),
    lambda library: library.set_float32_matmul_precision("high"),
    _set("cudnn.allow_tf32", True),
    lambda library: library.set_float32_matmul_precision("medium"),
    lambda library: library.set_float32_matmul_precision("highest"),
]


def test_a_series_of_changes_is_seen_alike_by_every_name() -> None:
    for number, step in enumerate(STEPS):
        step(torch)
        step(unison)
        assert _seen(unison) == _seen(torch), number


WRONG: list[Callable[[Any], None]] = [
    lambda library: library.set_float32_matmul_precision(1),
    _set("cuda.matmul.allow_tf32", 1),
    _set("cudnn.allow_tf32", "yes"),
    _set("cudnn.benchmark", 1),
    _set("cudnn.deterministic", None),
    _set("cuda.matmul.fp32_precision", "exact"),
    _set("cuda.matmul.fp32_precision", "bf16"),
    _set("cuda.matmul.allow_tf23", True),
    lambda library: library.backends.cuda.matmul.allow_tf23,
]


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_what_pytorch_refuses_is_refused_with_the_same_class_and_changes_nothing(number: int) -> None:
    with pytest.raises((RuntimeError, AttributeError)) as theirs:
        WRONG[number](torch)
    before = _seen(unison)
    with pytest.raises(theirs.type):
        WRONG[number](unison)
    assert _seen(unison) == before


def test_switches_without_effect_have_pytorchs_defaults_and_keep_what_they_are_given() -> None:
    for name in ("enabled", "benchmark", "deterministic"):
        before = getattr(torch.backends.cudnn, name)
        assert getattr(unison.backends.cudnn, name) is before
        setattr(unison.backends.cudnn, name, not before)
        assert getattr(unison.backends.cudnn, name) is not before
        setattr(unison.backends.cudnn, name, before)
    for name in ("flash", "mem_efficient", "math", "cudnn"):
        theirs, ours = (getattr(b.backends.cuda, f"{name}_sdp_enabled")() for b in (torch, unison))
        assert ours is theirs
