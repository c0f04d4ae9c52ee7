"""Backward: orders, refusals, what is kept and what is freed."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import unison


def leaf(*values: float) -> Any:
    return unison.tensor(values, dtype=unison.float64, requires_grad=True)


@contextmanager
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def test_gradients_of_a_shared_input_add_up() -> None:
    x = leaf(2.0, 3.0)
    (x * x + x * 5).sum().backward()
    assert x.grad.tolist() == [9.0, 11.0]
    (x * 1).sum().backward()
    assert x.grad.tolist() == [10.0, 12.0]


@pytest.mark.parametrize("operation", ["exp", "sin", "square"])
def test_second_backward_is_refused(operation: str) -> None:
    x = leaf(1.0)
    y = getattr(x, operation)().sum()
    y.backward()
    before = x.grad.tolist()
    with pytest.raises(RuntimeError, match=r"backward through the graph a second time.*retain_graph=True"):
        y.backward()
    assert x.grad.tolist() == before


def test_retain_graph_permits_a_second_backward() -> None:
    x = leaf(3.0)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [12.0]
    with pytest.raises(RuntimeError, match="second time"):
        y.backward()


def test_create_graph_to_third_order() -> None:
    x = leaf(2.0)
    y = x**4
    for expected in (32.0, 48.0, 48.0, 24.0):
        (y,) = unison.autograd.grad(y.sum(), x, create_graph=True)
        assert y.item() == pytest.approx(expected, rel=1e-12)


def test_mixed_second_derivatives_commute() -> None:
    a, b = leaf(0.3), leaf(0.7)
    z = (a * b).sin().sum()
    ga, gb = unison.autograd.grad(z, (a, b), create_graph=True)
    (gab,) = unison.autograd.grad(ga.sum(), b, retain_graph=True)
    (gba,) = unison.autograd.grad(gb.sum(), a)
    assert gab.item() == pytest.approx(gba.item(), rel=1e-12)


def test_backward_needs_a_vector_for_several_elements() -> None:
    with pytest.raises(RuntimeError, match="only for scalar outputs"):
        (leaf(1.0, 2.0) * 2).backward()


def test_backward_of_the_untracked_is_refused() -> None:
    with pytest.raises(RuntimeError, match="does not require grad"):
        unison.ones(1).backward()


def test_vector_of_another_shape_is_refused() -> None:
    with pytest.raises(RuntimeError, match=r"shape of \[3\].*\[2\]"):
        (leaf(1.0, 2.0) * 2).backward(unison.ones(3, dtype=unison.float64))


def test_grad_of_an_unused_input() -> None:
    x, y = leaf(1.0), leaf(1.0)
    with pytest.raises(RuntimeError, match="allow_unused=True"):
        unison.autograd.grad((x * 2).sum(), (x, y))
    gx, gy = unison.autograd.grad((x * 2).sum(), (x, y), allow_unused=True)
    assert (gx.item(), gy) == (2.0, None)
    assert unison.autograd.grad((x * 2).sum(), y, materialize_grads=True)[0].tolist() == [0.0]


def test_grad_leaves_the_leaves_alone() -> None:
    x = leaf(1.0)
    unison.autograd.grad((x * 2).sum(), x)
    assert x.grad is None


def test_grad_of_a_tensor_in_the_middle() -> None:
    x = leaf(3.0)
    y = x * 2
    z = (y * y).sum()
    gy, gx = unison.autograd.grad(z, (y, x))
    assert (gy.item(), gx.item()) == (12.0, 24.0)


def test_backward_into_chosen_inputs_only() -> None:
    x, y = leaf(1.0), leaf(2.0)
    (x * y).sum().backward(inputs=[x])
    assert x.grad.tolist() == [2.0]
    assert y.grad is None


def test_integers_cannot_be_tracked() -> None:
    with pytest.raises(RuntimeError, match=r"[Oo]nly .*floating.*complex"):
        unison.ones(2, dtype=unison.int64).requires_grad_()


def test_a_non_leaf_cannot_be_untracked() -> None:
    y = leaf(1.0) * 2
    with pytest.raises(RuntimeError, match="leaf"):
        y.requires_grad = False


def test_a_chain_of_100_000_operations() -> None:
    x = leaf(1.0)
    y = x
    for _ in range(100_000):
        y = y + x
    y.sum().backward()
    assert x.grad.item() == 100_001.0
    del y


def test_memory_falls_as_backward_proceeds() -> None:
    """When the gradient reaches the first of a chain of exponentials, what the later ones saved is gone."""
    alive_at_the_end = []
    with no_collector():
        x = leaf(0.1)
        first = x * 1
        first.register_hook(lambda g: alive_at_the_end.append(sum(r() is not None for r in arrays)))
        y, arrays = first, []
        for _ in range(5):
            y = y.exp()
            arrays.append(weakref.ref(y.array))
        y = y.sum()
        assert all(r() is not None for r in arrays)
        y.backward()
    assert alive_at_the_end == [0]


def test_a_retained_graph_keeps_what_it_saved() -> None:
    x = leaf(0.1)
    y = x.exp()
    saved = weakref.ref(y.array)
    y = y.sum()
    y.backward(retain_graph=True)
    assert saved() is not None


def test_a_step_leaves_no_cycles() -> None:
    """Everything made in a training step is freed by reference counts alone."""
    with no_collector():
        model = unison.nn.Sequential(unison.nn.Linear(4, 8), unison.nn.ReLU(), unison.nn.Linear(8, 3))
        optimiser = unison.optim.Adam(model.parameters())
        dead = []
        for _ in range(2):
            x = unison.randn(5, 4)
            out = model(x)
            loss = unison.nn.functional.cross_entropy(out, unison.tensor([0, 1, 2, 0, 1]))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            dead = [weakref.ref(t.array) for t in (x, out, loss)]
            dead += [weakref.ref(loss.grad_fn), weakref.ref(out.grad_fn)]
            del x, out, loss
            assert [r() for r in dead] == [None] * 5


def test_custom_functions_and_hooks_leave_no_cycles() -> None:
    class Double(unison.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            out = x * 2
            ctx.save_for_backward(x, out)
            return out

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            _, out = ctx.saved_tensors
            return g * 2 + out * 0

    with no_collector():
        x = leaf(1.0)
        y = Double.apply(x)
        y.retain_grad()
        y.register_hook(lambda g: g * 3)
        view = y[:1]
        z = view.sum()
        z.backward()
        dead = [weakref.ref(t.grad_fn) for t in (y, view, z)] + [weakref.ref(y.array)]
        assert x.grad.item() == 6.0
        del y, view, z
        assert [r() for r in dead] == [None] * 4


def test_a_graph_made_by_create_graph_leaves_no_cycles() -> None:
    with no_collector():
        x = leaf(0.5)
        (g,) = unison.autograd.grad(x.exp().sum(), x, create_graph=True)
        node = weakref.ref(g.grad_fn)
        g.sum().backward()
        del g
        assert node() is None
