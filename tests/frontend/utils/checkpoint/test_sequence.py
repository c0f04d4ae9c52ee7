"""checkpoint_sequential."""

import pytest

import unison
from tests.frontend.utils.checkpoint.helpers import Counted
from unison.utils.checkpoint import checkpoint_sequential

both = pytest.mark.parametrize("use_reentrant", [False, True])


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
