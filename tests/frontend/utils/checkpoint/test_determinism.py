"""What is noticed when the function does something else the second time."""

import pytest

import unison
from tests.frontend.utils.checkpoint.helpers import changing
from unison.utils.checkpoint import CheckpointError, checkpoint


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
