"""The variant with placeholders: every way of differentiating, and how it runs again."""

import gc
import weakref

import pytest

import unison
from tests.frontend.utils.checkpoint.helpers import Counted, gradients, inputs, region
from unison.utils.checkpoint import checkpoint, set_checkpoint_early_stop


def test_checkpoint_within_a_checkpoint_keeps_no_inner_inputs():
    alive = []

    def outer(x):
        middle = (x * 2).exp()
        alive.append(weakref.ref(middle))
        return checkpoint(lambda m: m.sin().cos(), middle, use_reentrant=False)

    x = unison.ones(3, requires_grad=True)
    gc.collect()
    gc.disable()
    try:
        out = checkpoint(outer, x, use_reentrant=False)
        assert alive[0]() is None
        out.sum().backward()
    finally:
        gc.enable()
    y = unison.ones(3, requires_grad=True)
    (y * 2).exp().sin().cos().sum().backward()
    assert x.grad.tolist() == y.grad.tolist()


def test_checkpoint_takes_keyword_arguments_and_structures():
    def function(pair, *, scale, table):
        return (pair[0] * scale).tanh() * table["w"], {"sum": (pair[1] * pair[1]).exp()}

    def run(wrap):
        x, w = inputs()
        out, more = wrap(function, (x, w), scale=w, table={"w": x})
        (out.sum() + more["sum"].sum()).backward()
        return x.grad.tolist(), w.grad.tolist()

    assert run(lambda f, *a, **k: checkpoint(f, *a, use_reentrant=False, **k)) == run(
        lambda f, *a, **k: f(*a, **k)
    )


def test_checkpoint_works_with_autograd_grad():
    x, w = inputs()
    out = checkpoint(region, x, w, use_reentrant=False)
    (of_checkpoint,) = unison.autograd.grad(out.sum(), w)
    (plain,) = unison.autograd.grad(region(x, w).sum(), w)
    assert of_checkpoint.tolist() == plain.tolist()
    assert x.grad is None
    assert w.grad is None


def test_checkpoint_can_be_differentiated_twice():
    def second(function):
        x, w = inputs()
        first = unison.autograd.grad(function(x, w).sum(), (x, w), create_graph=True)
        mixed = unison.autograd.grad((first[0] * first[1]).sum(), (x, w))
        return [g.tolist() for g in mixed]

    of_checkpoint = second(lambda x, w: checkpoint(region, x, w, use_reentrant=False))
    for row, expected in zip(of_checkpoint, second(region), strict=True):
        assert row == pytest.approx(expected, rel=1e-12)


def test_checkpoint_allows_backward_twice_with_retain_graph():
    counted = Counted(region)
    x, w = inputs()
    out = checkpoint(counted, x, w, use_reentrant=False).sum()
    out.backward(retain_graph=True)
    once = x.grad.tolist()
    out.backward()
    assert x.grad.tolist() == [2 * value for value in once]
    assert counted.calls == 3


def test_checkpoint_second_backward_of_a_freed_graph_is_refused():
    out = checkpoint(region, *inputs(), use_reentrant=False).sum()
    out.backward()
    with pytest.raises(RuntimeError, match="second time"):
        out.backward()


def test_checkpoint_needs_no_input_that_requires_grad():
    layer = unison.nn.Linear(3, 2)
    checkpoint(layer, unison.ones(1, 3), use_reentrant=False).sum().backward()
    assert layer.weight.grad.tolist() == [[1.0] * 3] * 2


def test_checkpoint_serves_backward_inside_the_region():
    def penalty(x, w):
        out = (x * w).tanh()
        (slope,) = unison.autograd.grad(out.sum(), x, create_graph=True)
        return out + slope * slope

    plain, again = gradients(penalty), gradients(lambda x, w: checkpoint(penalty, x, w, use_reentrant=False))
    for row, expected in zip(again, plain, strict=True):
        assert row == pytest.approx(expected, rel=1e-12)


def test_checkpoint_of_a_part_of_the_outputs():
    x, w = inputs()
    a, b = checkpoint(lambda x, w: ((x * w).sin(), (x * w).exp()), x, w, use_reentrant=False)
    (of_a,) = unison.autograd.grad(a.sum(), x, retain_graph=True)
    (of_b,) = unison.autograd.grad(b.sum(), x)
    assert of_a.tolist() == unison.autograd.grad((x * w).sin().sum(), x)[0].tolist()
    assert of_b.tolist() == unison.autograd.grad((x * w).exp().sum(), x)[0].tolist()


@pytest.mark.parametrize("early_stop", [True, False])
def test_checkpoint_early_stop_ends_the_second_run(early_stop):
    counted = Counted(lambda x: x.sin().exp() + 1)
    x = unison.ones(3, requires_grad=True)
    checkpoint(counted, x, use_reentrant=False, early_stop=early_stop).sum().backward()
    assert (counted.calls, counted.completed) == (2, 1 if early_stop else 2)


def test_set_checkpoint_early_stop_overrides():
    counted = Counted(lambda x: x.sin().exp())
    x = unison.ones(3, requires_grad=True)
    with set_checkpoint_early_stop(False):
        out = checkpoint(counted, x, use_reentrant=False)
    out.sum().backward()
    assert counted.completed == 2
    checkpoint(counted, x, use_reentrant=False).sum().backward()
    assert counted.completed == 3


def test_checkpoint_runs_under_the_contexts_given():
    entered = []

    class Context:
        def __init__(self, name):
            self.name = name

        def __enter__(self):
            entered.append(self.name)

        def __exit__(self, *error):
            entered.append("left " + self.name)

    x = unison.ones(3, requires_grad=True)
    out = checkpoint(
        lambda x: x.sin().exp(),
        x,
        use_reentrant=False,
        context_fn=lambda: (Context("first"), Context("second")),
    )
    assert entered == ["first", "left first"]
    out.sum().backward()
    assert entered == ["first", "left first", "second", "left second"]
