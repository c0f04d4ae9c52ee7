"""The gradient checks notice rules that are slightly wrong, and the check of bodies a kernel that is."""

from __future__ import annotations

from typing import Any

import pytest

import unison as torch
from tests.conformance.checks.faulty import caught
from unison_conformance.checks import CHECKS, CheckFailed
from unison_conformance.checks._differences import exact
from unison_core import operator, ops


def _broken(monkeypatch: pytest.MonkeyPatch, name: str, change: Any) -> None:
    op = operator.registry[name]
    right = op.vjp
    monkeypatch.setattr(op, "vjp", lambda *args, **attrs: change(right(*args, **attrs)))  # type: ignore[misc]


def _scaled(by: float) -> Any:
    def change(grads: Any) -> Any:
        alone = not isinstance(grads, tuple)
        out = [g if g is None else g * by for g in ([grads] if alone else grads)]
        return out[0] if alone else tuple(out)

    return change


@pytest.mark.parametrize("name", ["tanh", "matmul", "softmax", "conv", "lstm", "max_pool", "linear"])
def test_first_notices_a_scale_wrong_by_a_ten_thousandth(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    CHECKS[f"check.gradients.first-{name}"].run("cpu")
    _broken(monkeypatch, name, _scaled(1.0001))
    with pytest.raises(CheckFailed, match=f"gradient of {name}.*must be"):
        CHECKS[f"check.gradients.first-{name}"].run("cpu")


def test_first_notices_swapped_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    _broken(monkeypatch, "mul", lambda grads: grads[::-1])
    with pytest.raises(CheckFailed, match="gradient of mul"):
        CHECKS["check.gradients.first-mul"].run("cpu")


def test_first_notices_a_gradient_that_is_not_conjugated(monkeypatch: pytest.MonkeyPatch) -> None:
    def change(grads: Any) -> Any:
        return tuple(ops.conj(g) if g is not None and g.dtype.is_complex else g for g in grads)

    _broken(monkeypatch, "matmul", change)
    with pytest.raises(CheckFailed, match="matmul, sample 0, complex64"):
        CHECKS["check.gradients.first-matmul"].run("cpu")


def test_second_notices_a_gradient_that_forgets_its_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    CHECKS["check.gradients.second-tanh"].run("cpu")
    _broken(monkeypatch, "tanh", lambda g: g.detach())
    with pytest.raises(CheckFailed, match="second derivative of tanh"):
        CHECKS["check.gradients.second-tanh"].run("cpu")


def test_differences_know_the_derivative_of_a_square() -> None:
    call = exact("mul", 1)
    (_, first, _), (_, second, _) = call.elements
    assert (first - call.inputs[1] * call.cotangents[0]).hi.tolist() == [0.0] * 5
    assert (second - call.inputs[0] * call.cotangents[0]).hi.tolist() == [0.0] * 5


def test_body_notices_a_kernel_that_differs() -> None:
    def softmax(x: Any, *, dim: int) -> Any:
        return torch.softmax(torch.from_numpy(x.copy()), dim).numpy() * x.dtype.type(1.00001)

    assert "the kernel of softmax" in caught("check.fused.body-softmax", {"softmax": softmax})
