from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import unison
from unison.serialization import _copy_tensor, _deepcopy_tensor, _reduce_tensor


def pickled(tensor):
    """What `pickle` does with a tensor."""
    function, arguments = pickle.loads(pickle.dumps(_reduce_tensor(tensor)))
    return function(*arguments)


def contents(tensor):
    return np.array(tensor.detach().numpy())


@pytest.mark.parametrize("dtype", ["bool", "int8", "bfloat16", "float32", "complex128"])
@pytest.mark.parametrize("shape", [(), (0, 2), (2, 3)])
def test_pickle_keeps_dtype_shape_and_values(dtype, shape):
    x = unison.arange(6)[: int(np.prod(shape))].reshape(shape).to(getattr(unison, dtype))
    y = pickled(x)
    assert (y.dtype, tuple(y.shape)) == (x.dtype, shape)
    np.testing.assert_array_equal(contents(y), contents(x))


@pytest.mark.parametrize("view", [lambda x: x.t(), lambda x: x.permute(1, 0), lambda x: x[1:]])
def test_pickle_keeps_the_order_of_dimensions(view):
    x = view(unison.arange(6.0).reshape(2, 3))
    assert tuple(pickled(x).stride()) == tuple(x.stride())


def test_pickle_of_a_view_leaves_the_rest_behind():
    x = unison.zeros(100_000)[::1000]
    assert len(pickle.dumps(_reduce_tensor(x))) < 2000
    assert pickled(x).tolist() == [0] * 100


def test_pickled_tensor_can_be_written_and_is_a_leaf():
    w = unison.ones(2, requires_grad=True)
    y = pickled(w * 2)
    assert y.is_leaf
    assert y.requires_grad
    z = pickled(unison.ones(2))
    z += 1
    assert z.tolist() == [2, 2]


def test_pickled_parameter_is_a_parameter():
    p = pickle.loads(pickle.dumps(unison.nn.Parameter(unison.ones(2), requires_grad=False)))
    assert type(p) is unison.nn.Parameter
    assert not p.requires_grad


def test_pickled_meta_tensor_keeps_its_layout():
    x = pickled(unison.empty(3, 2, dtype=unison.float64, device="meta").t())
    assert (str(x.device), x.dtype, tuple(x.stride())) == ("meta", unison.float64, (1, 2))


@pytest.mark.parametrize(
    "make", [lambda: unison.ones(2, requires_grad=True), lambda: unison.nn.Parameter(unison.ones(2))]
)
def test_copy_is_another_leaf_on_the_same_memory(make):
    x = make()
    y = _copy_tensor(x)
    assert type(y) is type(x)
    assert y is not x
    assert (y.requires_grad, y.is_leaf) == (True, True)
    with unison.no_grad():
        y += 1
    assert x.tolist() == [2, 2]


def test_deepcopy_has_memory_of_its_own():
    x = unison.arange(3.0)
    y = _deepcopy_tensor(x, {})
    y[0] = 9
    assert x.tolist() == [0, 1, 2]


def test_deepcopy_copies_a_tensor_once_per_memo():
    x, memo = unison.ones(2), {}
    assert _deepcopy_tensor(x, memo) is _deepcopy_tensor(x, memo)
    p = unison.nn.Parameter(x)
    assert _deepcopy_tensor(p, memo) is _deepcopy_tensor(p, memo)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_deepcopy_keeps_aliases(order):
    x = unison.arange(6.0).reshape(2, 3)
    pair, memo = (x, x.t()[1:]), {}
    copies = {n: _deepcopy_tensor(pair[n], memo) for n in order}
    assert tuple(copies[1].stride()) == tuple(pair[1].stride())
    copies[0][0, 1] = -1
    assert float(copies[1][0, 0]) == -1
    assert float(x[0, 1]) == 1


def test_deepcopy_keeps_requires_grad_and_gradient():
    w = unison.ones(2, requires_grad=True)
    (w * 3).sum().backward()
    v = _deepcopy_tensor(w, {})
    assert v.requires_grad
    assert v.is_leaf
    v.grad += 1
    assert v.grad.tolist() == [4, 4]
    assert w.grad.tolist() == [3, 3]


def test_deepcopied_parameter_is_a_parameter_without_gradient():
    p = unison.nn.Parameter(unison.ones(2))
    (p * 3).sum().backward()
    q = copy.deepcopy(p)
    assert type(q) is unison.nn.Parameter
    assert q.grad is None


def test_deepcopied_view_can_be_trained():
    v = _deepcopy_tensor(unison.ones(4)[1:], {})
    v.requires_grad_()
    (v * 2).sum().backward()
    assert v.grad.tolist() == [2, 2, 2]
    with unison.no_grad():
        v += 1
    assert v.tolist() == [2, 2, 2]


def test_deepcopy_of_a_computed_tensor_is_refused():
    w = unison.ones(2, requires_grad=True)
    with pytest.raises(
        RuntimeError, match=r"Only tensors created explicitly by the user.*tensor\.detach\(\)"
    ):
        _deepcopy_tensor(w * 2, {})


class Named(unison.Tensor):
    """A tensor with a name."""


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_class_and_attributes_are_kept(copied):
    x = _copy_tensor(unison.ones(2))
    x.__class__ = Named
    x.name = ["x"]
    y = copied(x)
    assert type(y) is Named
    assert y.name == ["x"]
    assert (y.name is x.name) is (copied is copy.copy)


def test_copy_and_pickle_modules_come_here():
    w = unison.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="graph leaves"):
        copy.deepcopy(w * 2)
    x = unison.arange(6.0).reshape(2, 3).t()
    for y in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert tuple(y.stride()) == (1, 3)
        np.testing.assert_array_equal(contents(y), contents(x))
