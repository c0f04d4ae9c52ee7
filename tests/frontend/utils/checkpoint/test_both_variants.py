"""What both variants of checkpoint promise."""

import gc
import weakref

import pytest

import unison
from tests.frontend.utils.checkpoint.helpers import Counted, gradients, inputs, region
from unison.utils.checkpoint import checkpoint

both = pytest.mark.parametrize("use_reentrant", [False, True])


@both
def test_checkpoint_gives_the_values_and_gradients_of_the_plain_call(use_reentrant):
    plain = gradients(region)
    assert gradients(lambda x, w: checkpoint(region, x, w, use_reentrant=use_reentrant)) == plain


@both
def test_checkpoint_runs_the_function_once_more_in_backward(use_reentrant):
    counted = Counted(region)
    x, w = inputs()
    out = checkpoint(counted, x, w, use_reentrant=use_reentrant)
    assert counted.calls == 1
    out.sum().backward()
    assert counted.calls == 2


@both
def test_checkpoint_without_gradients_runs_once(use_reentrant):
    counted = Counted(region)
    with unison.no_grad():
        out = checkpoint(counted, *inputs(), use_reentrant=use_reentrant)
    assert counted.calls == 1
    assert not out.requires_grad


@both
def test_checkpoint_keeps_no_intermediate_tensors(use_reentrant):
    alive = []

    def function(x):
        middle = (x * 2).exp()
        alive.append(weakref.ref(middle))
        return middle.sin()

    x = unison.ones(3, requires_grad=True)
    gc.collect()
    gc.disable()
    try:
        out = checkpoint(function, x, use_reentrant=use_reentrant)
        assert alive[0]() is None
        out.sum().backward()
        assert len(alive) == 2
        del out
        assert alive[1]() is None
    finally:
        gc.enable()


@both
@pytest.mark.parametrize("backward", [True, False])
def test_checkpoint_frees_its_inputs_without_the_garbage_collector(use_reentrant, backward):
    x = unison.ones(3, requires_grad=True)
    given = x * 2
    alive = weakref.ref(given)
    gc.collect()
    gc.disable()
    try:
        out = checkpoint(lambda y: y.sin().exp(), given, use_reentrant=use_reentrant).sum()
        del given
        assert alive() is not None
        if backward:
            out.backward()
        del out
        assert alive() is None
    finally:
        gc.enable()


@both
def test_checkpoint_repeats_random_numbers(use_reentrant):
    masks = []

    def function(x):
        mask = unison.rand(4)
        masks.append(mask.tolist())
        return x * mask

    x = unison.ones(4, requires_grad=True)
    unison.manual_seed(3)
    expected_mask, expected_next = unison.rand(4).tolist(), unison.rand(2).tolist()
    unison.manual_seed(3)
    out = checkpoint(function, x * 1, use_reentrant=use_reentrant)
    out.sum().backward()
    assert masks == [expected_mask, expected_mask][: len(masks)]
    assert x.grad.tolist() == expected_mask
    assert unison.rand(2).tolist() == expected_next


@both
def test_checkpoint_repeats_dropout(use_reentrant):
    x = unison.ones(200, requires_grad=True)
    unison.manual_seed(3)
    out = checkpoint(lambda x: unison.nn.functional.dropout(x * 1, 0.5), x, use_reentrant=use_reentrant)
    out.sum().backward()
    assert x.grad.tolist() == out.tolist()
    assert 0 < sum(value == 0 for value in out.tolist()) < 200


@both
def test_checkpoint_need_not_preserve_the_random_state(use_reentrant):
    draws = []

    def function(x):
        draws.append(unison.rand(()).item())
        return (x * draws[-1]).sin()

    x = unison.ones(3, requires_grad=True)
    checkpoint(function, x, use_reentrant=use_reentrant, preserve_rng_state=False).sum().backward()
    assert draws[0] != draws[1]


@both
def test_checkpoint_of_a_module_gives_its_parameters_gradients(use_reentrant):
    unison.manual_seed(0)
    layer = unison.nn.Sequential(unison.nn.Linear(3, 4), unison.nn.Tanh(), unison.nn.Linear(4, 2))
    x = unison.rand(5, 3, requires_grad=True)

    def grads(out):
        layer.zero_grad()
        x.grad = None
        out.sum().backward()
        return [p.grad.tolist() for p in layer.parameters()] + [x.grad.tolist()]

    assert grads(checkpoint(layer, x, use_reentrant=use_reentrant)) == grads(layer(x))


@both
def test_checkpoint_takes_values_that_are_no_tensors(use_reentrant):
    x = unison.tensor([1.0, 2.0], requires_grad=True)
    out = checkpoint(lambda scale, x, nothing: (x * scale).exp(), 3.0, x, None, use_reentrant=use_reentrant)
    out.sum().backward()
    expected = unison.tensor([1.0, 2.0], requires_grad=True)
    (expected * 3.0).exp().sum().backward()
    assert x.grad.tolist() == expected.grad.tolist()


@both
def test_checkpoint_of_several_outputs(use_reentrant):
    x, w = inputs()
    a, b = checkpoint(lambda x, w: ((x * w).sin(), (x + w).exp()), x, w, use_reentrant=use_reentrant)
    (a.sum() + 2 * b.sum()).backward()
    y, v = inputs()
    ((y * v).sin().sum() + 2 * (y + v).exp().sum()).backward()
    assert (x.grad.tolist(), w.grad.tolist()) == (y.grad.tolist(), v.grad.tolist())


@both
def test_checkpoint_within_a_checkpoint(use_reentrant):
    def outer(x, w):
        inner = checkpoint(region, x.exp(), w, use_reentrant=use_reentrant)
        return checkpoint(region, inner, w, use_reentrant=use_reentrant).exp()

    plain = gradients(lambda x, w: region(region(x.exp(), w), w).exp())
    nested = gradients(lambda x, w: checkpoint(outer, x, w, use_reentrant=use_reentrant))
    # The contributions to a gradient are added up in another order.
    for row, expected in zip(nested, plain, strict=True):
        assert row == pytest.approx(expected, rel=1e-12)
