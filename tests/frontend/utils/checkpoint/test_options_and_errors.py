"""Errors that come through, options that are refused, and the limits of the reentrant variant."""

from contextlib import nullcontext

import pytest

import unison
from tests.frontend.utils.checkpoint.helpers import changing, inputs, region
from unison.utils.checkpoint import CheckpointFunction, checkpoint, detach_variable


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
