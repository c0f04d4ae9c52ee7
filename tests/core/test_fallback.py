"""Operators that a backend lacks: refused, or run on the host and counted."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

import unison
from tests.core.small_backend import NAME, registered
from unison_core.dispatch.fallback import clear_fallbacks, fallbacks


@pytest.fixture
def x() -> Iterator[Any]:
    clear_fallbacks()
    with registered():
        yield unison.tensor([[1.0, 2.0], [3.0, 4.0]]).to(NAME)
    clear_fallbacks()


def test_a_missing_operator_is_refused_by_default(x: Any) -> None:
    text = r"tan has no kernel on small for \(float32\[2, 2\].*\).*runs on:.*cpu.*fallback_policy\('warn'\)"
    with pytest.raises(NotImplementedError, match=text):
        x.tan()
    assert fallbacks() == {}


def test_what_it_has_runs_on_it(x: Any) -> None:
    assert str((x + x).device) == NAME
    assert (x * x).cpu().tolist() == [[1.0, 4.0], [9.0, 16.0]]


def test_allow_runs_on_the_host_and_comes_back(x: Any) -> None:
    with unison.fallback_policy("allow"):
        y = x.tan()
    assert str(y.device) == NAME
    assert y.cpu().tolist() == x.cpu().tan().tolist()


def test_warn_says_so(x: Any) -> None:
    with unison.fallback_policy("warn"), pytest.warns(UserWarning, match="tan has no kernel on small"):
        x.tan()


def test_uses_are_counted_by_operator_caller_and_bytes(x: Any) -> None:
    with unison.fallback_policy("allow"):
        for _ in range(3):
            x.tan()
        x.floor()
    by_operator = {use.operator: (use, count) for use, count in fallbacks().items()}
    assert set(by_operator) == {"tan", "floor"}
    use, (count, copied) = by_operator["tan"]
    assert (use.device, count, copied) == (NAME, 3, 48)
    assert "test_fallback.py" in use.caller
    clear_fallbacks()
    assert fallbacks() == {}


def test_policies_nest_and_end(x: Any) -> None:
    with unison.fallback_policy("allow"):
        with unison.fallback_policy("error"), pytest.raises(NotImplementedError):
            x.tan()
        x.tan()
    with pytest.raises(NotImplementedError):
        x.tan()


def test_an_unknown_policy_is_refused() -> None:
    with pytest.raises(ValueError, match="error, warn, allow, not 'maybe'"), unison.fallback_policy("maybe"):
        pass


def test_the_environment_sets_the_policy(x: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNISON_FALLBACK", "allow")
    x.tan()
    monkeypatch.setenv("UNISON_FALLBACK", "perhaps")
    with pytest.raises((ValueError, RuntimeError), match=r"'perhaps'.*error, warn, allow"):
        x.tan()


def test_gradients_flow_through_a_fallback(x: Any) -> None:
    x.requires_grad_()
    with unison.fallback_policy("allow"):
        x.exp().sum().backward()
    expected = x.detach().cpu().exp()
    assert unison.allclose(x.grad.cpu(), expected)


def test_explain_says_what_runs_and_why(x: Any) -> None:
    assert str(unison.explain("add", NAME)).startswith("add on small: kernel (")
    found = unison.explain("tan", NAME)
    assert found.label == "fallback"
    assert "kernel: backend 'small' has none" in str(found)
    composite = unison.explain("silu", NAME)
    assert composite.label == "composite"
    assert str(composite).splitlines()[1] == "  passed over: kernel: backend 'small' has none"


def test_import_starts_with_the_policy_error() -> None:
    code = (
        "import unison; from unison_core.dispatch import fallback as f; print(f._policy_from_environment())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "error"


@pytest.mark.parametrize(
    "ask",
    [
        lambda x: x.to(unison.float16),
        lambda x: x.sum(dtype=unison.float16),
        lambda x: unison.full((3,), 1, dtype=unison.float16, device=NAME),
        lambda x: unison.ones(3, dtype=unison.float16).to(NAME),
    ],
)
def test_a_dtype_that_the_device_has_not_is_refused_by_name(x: Any, ask: Any) -> None:
    text = "small has no float16; it has bool, int64, float32, float64"
    with unison.fallback_policy("error"), pytest.raises(NotImplementedError, match=text):
        ask(x)
