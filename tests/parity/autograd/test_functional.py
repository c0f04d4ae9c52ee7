"""Jacobians, Hessians and products with vectors, as PyTorch has them."""

from __future__ import annotations

from typing import Any

import pytest

import unison

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")


def plain(x: Any) -> Any:
    return [plain(y) for y in x] if isinstance(x, tuple) else x.tolist()


CALLS = {
    "vjp": lambda t, f, x: f.vjp(lambda a: a.sin() * a.sum(), x, x * 2),
    "jvp": lambda t, f, x: f.jvp(lambda a: a.sin() * a.sum(), x, x * 2),
    "jvp of two": lambda t, f, x: f.jvp(lambda a, b: (a @ b.t(), a + b), (x, x * 3), (x * 2, x + 1)),
    "vhp": lambda t, f, x: f.vhp(lambda a: (a**3).sum(), x, x + 1),
    "hvp": lambda t, f, x: f.hvp(lambda a, b: (a * b * a).sum(), (x, x * 2), (x + 1, x)),
    "jacobian": lambda t, f, x: f.jacobian(lambda a: (a @ a.t()).exp(), x),
    "jacobian of two": lambda t, f, x: f.jacobian(lambda a, b: (a * b, a.sum()), (x, x + 1)),
    "hessian": lambda t, f, x: f.hessian(lambda a: (a.sin() * a.sum()).sum(), x),
    "hessian of two": lambda t, f, x: f.hessian(lambda a, b: (a * a * b).sum(), (x, x + 1)),
    "unused": lambda t, f, x: f.jacobian(lambda a, b: a * 2, (x, x)),
    "with a graph": lambda t, f, x: f.vjp(lambda a: a**3, x, x, create_graph=True)[1].detach(),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_call_agrees(call: Any) -> None:
    results = []
    for t in (unison, torch):
        x = t.tensor([[0.3, -0.5], [1.1, 0.2]], dtype=t.float64)
        results.append(torch.tensor(_flat(plain(call(t, t.autograd.functional, x)))))
    torch.testing.assert_close(*results, rtol=1e-12, atol=1e-12)


def _flat(x: Any) -> list[float]:
    return [z for y in x for z in _flat(y)] if isinstance(x, list) else [x]


def test_a_vector_of_another_shape_is_refused() -> None:
    for t in (unison, torch):
        with pytest.raises(RuntimeError):
            t.autograd.functional.vjp(lambda a: a * 2, t.ones(2), t.ones(3))
