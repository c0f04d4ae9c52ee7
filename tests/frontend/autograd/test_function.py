"""Custom functions."""

from __future__ import annotations

from typing import Any

import pytest

import unison
from unison.autograd import Function
from unison.autograd.function import once_differentiable


def leaf(*values: float) -> Any:
    return unison.tensor(values, dtype=unison.float64, requires_grad=True)


class Product(Function):
    """a * b."""

    @staticmethod
    def forward(ctx: Any, a: Any, b: Any) -> Any:
        ctx.save_for_backward(a, b)
        return a * b

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        a, b = ctx.saved_tensors
        return g * b if ctx.needs_input_grad[0] else None, g * a if ctx.needs_input_grad[1] else None


def test_gradients_and_needs_input_grad() -> None:
    a, b = leaf(2.0), leaf(5.0)
    out = Product.apply(a, b)
    assert out.grad_fn.name() == "ProductBackward"
    out.sum().backward()
    assert (a.grad.item(), b.grad.item()) == (5.0, 2.0)
    c = leaf(3.0)
    Product.apply(c, b.detach()).sum().backward()
    assert c.grad.item() == 5.0


def test_it_can_be_differentiated_twice() -> None:
    a, b = leaf(2.0), leaf(5.0)
    (ga,) = unison.autograd.grad(Product.apply(a, b).sum(), a, create_graph=True)
    (gab,) = unison.autograd.grad(ga.sum(), b)
    assert gab.item() == 1.0


def test_nothing_is_recorded_for_untracked_inputs_or_without_recording() -> None:
    assert Product.apply(unison.ones(1), unison.ones(1)).grad_fn is None
    with unison.no_grad():
        assert Product.apply(leaf(1.0), leaf(1.0)).grad_fn is None


def test_second_backward_is_refused() -> None:
    y = Product.apply(leaf(2.0), leaf(5.0)).sum()
    y.backward()
    with pytest.raises(RuntimeError, match=r"second time.*Product.*retain_graph=True"):
        y.backward()


def test_a_modified_saved_tensor_is_noticed() -> None:
    a, b = leaf(2.0), unison.ones(1, dtype=unison.float64)
    y = Product.apply(a, b)
    b.add_(1)
    with pytest.raises(RuntimeError, match=r"modified by an inplace operation.*Product"):
        y.sum().backward()


class Split(Function):
    """(2 x, 3 x, signs of x)."""

    materialize = True

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.set_materialize_grads(Split.materialize)
        signs = x.sign()
        ctx.mark_non_differentiable(signs)
        return x * 2, x * 3, signs

    @staticmethod
    def backward(ctx: Any, a: Any, b: Any, _: Any) -> Any:
        if b is None:
            return a * 100
        return a * 2 + b * 3


def test_several_results_and_their_missing_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    x = leaf(1.0)
    a, b, signs = Split.apply(x)
    assert (a.requires_grad, b.requires_grad, signs.requires_grad) == (True, True, False)
    (a + b).sum().backward()
    assert x.grad.item() == 5.0
    x.grad = None
    Split.apply(x)[0].sum().backward()
    assert x.grad.item() == 2.0
    monkeypatch.setattr(Split, "materialize", False)
    x.grad = None
    Split.apply(x)[0].sum().backward()
    assert x.grad.item() == 100.0


def test_a_wrong_number_of_gradients_is_refused() -> None:
    class Short(Product):
        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g

    with pytest.raises(
        RuntimeError, match=r"ShortBackward.*incorrect number of gradients \(expected 2, got 1\)"
    ):
        Short.apply(leaf(1.0), leaf(1.0)).sum().backward()


def test_setup_context_and_arguments_that_are_no_tensors() -> None:
    class Scale(Function):
        @staticmethod
        def forward(x: Any, factor: float) -> Any:
            return x * factor

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            ctx.factor = inputs[1]

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * ctx.factor, None

    x = leaf(1.0)
    Scale.apply(x, 4.0).sum().backward()
    assert x.grad.item() == 4.0


def test_an_input_written_and_marked_dirty() -> None:
    class AddOne(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.mark_dirty(x)
            return x.add_(1)

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 7

    x = leaf(1.0)
    y = x * 2
    out = AddOne.apply(y)
    assert out is y
    y.sum().backward()
    assert (y.item(), x.grad.item()) == (3.0, 14.0)


def test_once_differentiable_refuses_the_second_order() -> None:
    class Once(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        @once_differentiable
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            return g * 2 * x

    x = leaf(3.0)
    y = Once.apply(x)
    (g,) = unison.autograd.grad((y * y).sum(), x, create_graph=True)
    assert g.item() == 108.0
    with pytest.raises(RuntimeError, match="once_differentiable"):
        g.sum().backward()


def test_missing_methods_say_so() -> None:
    class Empty(Function):
        pass

    class NoBackward(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 1

    with pytest.raises(NotImplementedError, match="forward"):
        Empty.apply(leaf(1.0))
    with pytest.raises(NotImplementedError, match="backward"):
        NoBackward.apply(leaf(1.0)).sum().backward()


def test_only_tensors_are_saved() -> None:
    class Wrong(Product):
        @staticmethod
        def forward(ctx: Any, a: Any, b: Any) -> Any:
            ctx.save_for_backward(3)
            return a * b

    with pytest.raises(TypeError, match="int"):
        Wrong.apply(leaf(1.0), leaf(1.0))
