import gc
import weakref
from contextlib import nullcontext

import pytest

import unison
from unison.utils.checkpoint import (
    CheckpointError,
    CheckpointFunction,
    checkpoint,
    checkpoint_sequential,
    detach_variable,
    set_checkpoint_early_stop,
)

both = pytest.mark.parametrize("use_reentrant", [False, True])


class Counted:
    """A function that counts its calls and how far each of them got."""

    def __init__(self, function):
        self.function = function
        self.calls = 0
        self.completed = 0

    def __call__(self, *args, **kwargs):
        self.calls += 1
        result = self.function(*args, **kwargs)
        self.completed += 1
        return result


def region(x, w):
    return ((x * w).tanh() * w).sin()


def inputs():
    x = unison.tensor([0.3, -0.7, 1.1], dtype=unison.float64, requires_grad=True)
    w = unison.tensor([1.5, 0.4, -0.8], dtype=unison.float64, requires_grad=True)
    return x, w


def gradients(function):
    x, w = inputs()
    out = function(x, w)
    (out * out).sum().backward()
    return out.tolist(), x.grad.tolist(), w.grad.tolist()


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


def changing(*variants):
    """A function that does something else each time it is called."""
    runs = iter(variants)

    def function(x):
        return next(runs)(x)

    return function


def test_checkpoint_notices_that_less_is_saved():
    x = unison.ones(3, requires_grad=True)
    out = checkpoint(changing(lambda x: x.sin().exp(), lambda x: x.sin()), x, use_reentrant=False)
    with pytest.raises(
        CheckpointError, match=r"(?s)different number of tensors was saved.*do the same when it is run again"
    ):
        out.sum().backward()


def test_checkpoint_notices_that_more_is_saved():
    x = unison.ones(3, requires_grad=True)
    function = changing(lambda x: x.sin(), lambda x: x.sin().exp())
    out = checkpoint(function, x, use_reentrant=False, early_stop=False)
    with pytest.raises(CheckpointError, match="different number of tensors was saved"):
        out.sum().backward()


def test_checkpoint_notices_another_shape():
    x = unison.ones(3, requires_grad=True)
    function = changing(lambda x: x.sin(), lambda x: x[:2].sin())
    out = checkpoint(function, x, use_reentrant=False)
    with pytest.raises(
        CheckpointError, match=r"different metadata.*tensor 0 was \[3\] .*float32.* and is \[2\]"
    ):
        out.sum().backward()


def test_checkpoint_debug_lists_what_was_saved():
    x = unison.ones(3, requires_grad=True)
    out = checkpoint(changing(lambda x: x.sin(), lambda x: x[:2].sin()), x, use_reentrant=False, debug=True)
    with pytest.raises(CheckpointError, match=r"Saved in forward: \[3\].*\nSaved in recomputation: \[2\]"):
        out.sum().backward()


def test_checkpoint_determinism_check_can_be_off():
    x = unison.ones(3, requires_grad=True)
    function = changing(lambda x: x.sin(), lambda x: (x.double() * 1).sin())
    out = checkpoint(function, x, use_reentrant=False, determinism_check="none")
    out.sum().backward()
    y = unison.ones(3, requires_grad=True)
    y.sin().sum().backward()
    assert x.grad.tolist() == pytest.approx(y.grad.tolist(), rel=1e-6)


def test_checkpoint_error_of_the_function_comes_through():
    def broken(x):
        raise LookupError("inside")

    for use_reentrant in (False, True):
        with pytest.raises(LookupError, match="inside"):
            checkpoint(broken, unison.ones(1, requires_grad=True), use_reentrant=use_reentrant)
    assert (unison.ones(1, requires_grad=True) * 2).requires_grad


def test_checkpoint_error_of_the_second_run_comes_through():
    def broken(x):
        raise LookupError("second run")

    out = checkpoint(
        changing(lambda x: x.sin(), broken), unison.ones(1, requires_grad=True), use_reentrant=False
    )
    with pytest.raises(LookupError, match="second run"):
        out.sum().backward()


def test_checkpoint_without_choice_warns_and_is_reentrant():
    x = unison.ones(3, requires_grad=True)
    with pytest.warns(UserWarning, match="use_reentrant parameter should be passed explicitly"):
        out = checkpoint(lambda x: x.sin(), x)
    assert "CheckpointFunction" in type(out.grad_fn).__name__ + repr(out.grad_fn)


def test_reentrant_checkpoint_warns_when_no_input_requires_grad():
    layer = unison.nn.Linear(3, 2)
    with pytest.warns(UserWarning, match="None of the inputs have requires_grad=True"):
        out = checkpoint(layer, unison.ones(1, 3), use_reentrant=True)
    assert not out.requires_grad


def test_reentrant_checkpoint_of_a_detached_region_is_refused():
    x = unison.ones(3, requires_grad=True)
    out = CheckpointFunction.apply(lambda x: x.detach() * 2, True, x)
    with pytest.raises(RuntimeError, match="none of output has requires_grad=True"):
        out.sum().backward()


def test_reentrant_checkpoint_refuses_autograd_grad():
    x, w = inputs()
    out = checkpoint(region, x, w, use_reentrant=True)
    with pytest.raises(RuntimeError, match=r"use_reentrant=True.*\.grad\(\)"):
        unison.autograd.grad(out.sum(), x)
    assert w.grad is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"use_reentrant": True, "w": 1}, "Unexpected keyword arguments: w"),
        ({"use_reentrant": True, "debug": True}, "only supported when use_reentrant=False"),
        (
            {"use_reentrant": True, "context_fn": lambda: (nullcontext(), nullcontext())},
            "only supported when use_reentrant=False",
        ),
        (
            {"use_reentrant": False, "determinism_check": "strict"},
            "determinism_check should be 'default' or 'none'",
        ),
    ],
)
def test_checkpoint_refuses_options(options, message):
    with pytest.raises(ValueError, match=message):
        checkpoint(region, *inputs(), **options)


def test_detach_variable_cuts_and_keeps_the_wish_for_gradients():
    x = unison.ones(2, requires_grad=True)
    cut, plain, other = detach_variable((x * 2, unison.ones(1), "text"))
    assert cut.is_leaf
    assert cut.requires_grad
    assert not plain.requires_grad
    assert other == "text"
    with pytest.raises(RuntimeError, match="Only tuple of tensors is supported"):
        detach_variable([x])


@both
@pytest.mark.parametrize("segments", [1, 2, 3, 5])
def test_checkpoint_sequential_agrees_with_the_plain_chain(segments, use_reentrant):
    unison.manual_seed(0)
    layers = unison.nn.Sequential(*(unison.nn.Linear(3, 3) for _ in range(5)))
    counted = [Counted(layer) for layer in layers]
    x = unison.rand(2, 3, requires_grad=True)
    out = checkpoint_sequential(counted, segments, x, use_reentrant=use_reentrant)
    out.sum().backward()
    grads = [p.grad.tolist() for p in layers.parameters()]
    checkpointed = 5 // segments * (segments - 1)
    assert [layer.calls for layer in counted] == [2] * checkpointed + [1] * (5 - checkpointed)
    layers.zero_grad()
    layers(x).sum().backward()
    for grad, parameter in zip(grads, layers.parameters(), strict=True):
        assert unison.allclose(unison.tensor(grad), parameter.grad)


def test_checkpoint_sequential_takes_a_sequential():
    layers = unison.nn.Sequential(unison.nn.Linear(3, 3), unison.nn.Tanh())
    x = unison.rand(2, 3, requires_grad=True)
    assert checkpoint_sequential(layers, 2, x, use_reentrant=False).tolist() == layers(x).tolist()


def test_checkpoint_sequential_refuses_other_keywords():
    with pytest.raises(ValueError, match="Unexpected keyword arguments: scale"):
        checkpoint_sequential([], 1, unison.ones(1), use_reentrant=False, scale=2)


def test_checkpoint_sequential_without_choice_warns():
    x = unison.ones(3, requires_grad=True)
    with pytest.warns(UserWarning, match="checkpoint_sequential: the use_reentrant parameter"):
        checkpoint_sequential([unison.sin, unison.cos], 2, x)
