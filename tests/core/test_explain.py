"""`explain`: which kernel serves an operator on a device."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import unison
from unison_core.dispatch.table import invalidate


def test_a_backend_kernel_is_named() -> None:
    found = unison.explain("add", "cpu")
    assert (found.operator, found.device, found.label) == ("add", "cpu", "kernel")
    assert found.source in str(found)


def test_functions_and_names_are_the_same() -> None:
    from unison_core import ops

    assert unison.explain(ops.exp, "cpu") == unison.explain("exp", "cpu")


def test_an_unknown_operator_is_refused_with_near_names() -> None:
    with pytest.raises(ValueError, match=r"no operator is named 'sigmiod'.*sigmoid"):
        unison.explain("sigmiod", "cpu")


def test_an_overlay_wins_by_priority_and_is_named() -> None:
    backend = unison.device("cpu").backend
    calls: list[str] = []

    def kernel(name: str) -> object:
        def tan(x: object) -> object:
            calls.append(name)
            return x

        return tan

    try:
        for name, priority in (("low", 1), ("high", 5), ("middle", 3)):
            backend.overlay(name, priority, {"tan": kernel(name)})
        invalidate()
        assert str(unison.explain("tan", "cpu")).splitlines() == [
            "tan on cpu: kernel (overlay high, priority 5)",
            "  where it declines: kernel (overlay middle, priority 3)",
        ]
        assert unison.ones(1).tan().tolist() == [1.0]
    finally:
        backend._overlays.clear()
        invalidate()
    assert calls == ["high"]
    assert unison.ones(1).tan().item() == pytest.approx(1.5574077, rel=1e-6)


def test_what_an_overlay_declines_goes_to_what_lies_beneath() -> None:
    backend = unison.device("cpu").backend
    asked: list[str] = []

    def declining(name: str) -> Callable[[object], object]:
        def kernel(x: object) -> object:
            asked.append(name)
            return NotImplemented

        return kernel

    try:
        # One with a kernel beneath, and one with nothing but a composite body.
        for name, priority in (("low", 1), ("high", 5)):
            backend.overlay(name, priority, {"tan": declining(name)})
        backend.overlay("over a body", 0, {"reciprocal": declining("body")})
        invalidate()
        assert "where it declines: composite" in str(unison.explain("reciprocal", "cpu"))
        assert unison.ones(1).tan().item() == pytest.approx(1.5574077, rel=1e-6)
        assert unison.tensor([4.0]).reciprocal().item() == 0.25
    finally:
        backend._overlays.clear()
        invalidate()
    assert asked == ["high", "low", "body"]


def test_an_overlay_with_wrong_parameters_is_refused() -> None:
    backend = unison.device("cpu").backend
    with pytest.raises(ValueError, match=r"bad's kernel of tan .*takes 2 inputs.*declared as tan\("):
        backend.overlay("bad", 1, {"tan": lambda x, y: x})
    with pytest.raises(ValueError, match="no operator is named"):
        backend.overlay("bad", 1, {"tangent": lambda x: x})
    assert backend._overlays == {}
