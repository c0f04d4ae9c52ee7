from __future__ import annotations

import copy
import pickle

import pytest

import unison

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")


def facts(x):
    """What a copy should have in common with PyTorch's copy."""
    grad = None if x.grad is None else x.grad.tolist()
    # NumPy gives arrays without elements strides of zero.
    stride = tuple(x.stride()) if x.numel() else None
    return (type(x).__name__, x.tolist(), tuple(x.shape), stride, x.requires_grad, x.is_leaf, grad)


def with_gradient(tensor):
    (tensor * 2).sum().backward()
    return tensor


CASES = {
    "plain": lambda t: t.arange(6.0).reshape(2, 3),
    "transposed": lambda t: t.arange(6.0).reshape(2, 3).t(),
    "scalar": lambda t: t.tensor(3),
    "empty": lambda t: t.zeros(0, 3),
    "leaf": lambda t: with_gradient(t.ones(2, requires_grad=True)),
    "parameter": lambda t: with_gradient(t.nn.Parameter(t.ones(2))),
    "frozen": lambda t: t.nn.Parameter(t.ones(2), requires_grad=False),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["deepcopy", "pickle"]
)
def test_copy_has_what_theirs_has(case, copied):
    assert facts(copied(CASES[case](unison))) == facts(copied(CASES[case](torch)))


def test_deepcopy_of_a_structure_keeps_aliases_as_theirs_does():
    seen = []
    for library in (torch, unison):
        x = library.arange(4.0)
        a, b, c = copy.deepcopy([x, x[1:], x])
        a[2] = -1
        seen.append((b.tolist(), a is c, x.tolist()))
    assert seen[0] == seen[1]


def test_deepcopy_of_a_computed_tensor_raises_the_same_class():
    for library in (torch, unison):
        with pytest.raises(RuntimeError, match="graph leaves"):
            copy.deepcopy(library.ones(2, requires_grad=True) * 2)
