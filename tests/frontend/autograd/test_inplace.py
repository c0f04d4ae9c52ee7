"""In-place writes: what is refused, and that a refused write leaves everything as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import unison


def leaf(*values: float) -> Any:
    return unison.tensor(values, dtype=unison.float64, requires_grad=True)


def assign_item(x: Any) -> None:
    x[0] = 5.0


WRITES = {
    "add_": lambda x: x.add_(1),
    "mul_": lambda x: x.mul_(x.detach()),
    "relu_": lambda x: x.relu_(),
    "zero_": lambda x: x.zero_(),
    "fill_": lambda x: x.fill_(3),
    "copy_": lambda x: x.copy_(unison.zeros(3)),
    "setitem": assign_item,
    "view": lambda x: x[1:].add_(1),
    "view-of-view": lambda x: x[1:][:1].mul_(2),
    "index_put_": lambda x: x.index_put_((unison.tensor([0]),), unison.tensor([1.0], dtype=unison.float64)),
    "masked_fill_": lambda x: x.masked_fill_(x.detach() > 0, 0),
    "normal_": lambda x: x.normal_(),
    "clamp_": lambda x: x.clamp_(0, 1),
    "sub-operator": lambda x: x.__isub__(1),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_write_into_a_leaf_is_refused(write: Callable[[Any], Any]) -> None:
    x = leaf(1.0, -2.0, 3.0)
    with pytest.raises(RuntimeError, match=r"leaf Variable that requires grad.*in-place"):
        write(x)
    assert x.tolist() == [1.0, -2.0, 3.0]
    assert (x._version, x.is_leaf, x.requires_grad) == (0, True, True)


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_write_into_a_leaf_is_permitted_without_recording(write: Callable[[Any], Any]) -> None:
    x = leaf(1.0, -2.0, 3.0)
    with unison.no_grad():
        write(x)
    assert x.is_leaf
    assert x.requires_grad
    assert x._version > 0


def test_a_modified_saved_input_is_noticed() -> None:
    x, y = leaf(1.0, 2.0), unison.ones(2, dtype=unison.float64)
    z = (x * y).sum()
    y.add_(1)
    with pytest.raises(RuntimeError, match=r"modified by an inplace operation.*mul.*1 time"):
        z.backward()
    assert x.grad is None


def test_a_modified_saved_result_is_noticed() -> None:
    x = leaf(1.0, 2.0)
    y = x.exp()
    y.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_a_modification_through_an_alias_is_noticed() -> None:
    x, y = leaf(1.0, 2.0), unison.ones(2, dtype=unison.float64)
    z = (x * y).sum()
    y.detach()[0] = 7.0
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.backward()


def test_a_modification_of_what_nobody_saved_is_harmless() -> None:
    x = leaf(1.0, 2.0)
    y = x + 1
    y.mul_(3)
    y.sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


def test_an_input_written_after_it_was_saved_by_the_same_operator() -> None:
    x = leaf(1.0, 2.0)
    y = x * 1
    y.mul_(y)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_gradient_through_an_overwritten_value() -> None:
    x = leaf(1.0, 2.0)
    y = x * 2
    y.copy_(x.detach())
    assert y.requires_grad is False or y.grad_fn is not None
    z = x * 3
    z.zero_()
    z += x
    z.sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]


def test_an_untracked_tensor_becomes_tracked_by_a_write() -> None:
    x, y = leaf(2.0), unison.zeros(1, dtype=unison.float64)
    y += x * 3
    assert y.requires_grad
    y.sum().backward()
    assert x.grad.tolist() == [3.0]


def test_a_result_that_does_not_fit_is_refused_and_nothing_written() -> None:
    x = unison.zeros(2)
    with pytest.raises(RuntimeError, match=r"shape \[2\] doesn't match the broadcast shape \[3, 2\]"):
        x.add_(unison.ones(3, 2))
    n = unison.zeros(2, dtype=unison.int64)
    with pytest.raises(RuntimeError, match="can't be cast to the desired output type"):
        n.add_(0.5)
    assert (x.tolist(), n.tolist(), x._version, n._version) == ([0.0, 0.0], [0, 0], 0, 0)


def test_versions_count_writes_of_all_aliases() -> None:
    x = unison.zeros(4)
    view = x[1:]
    x.add_(1)
    view.mul_(2)
    assert x._version == view._version == x.detach()._version == 2


def test_writes_at_indices_agree_with_what_they_compute() -> None:
    x, index = unison.arange(6.0).reshape(2, 3), unison.tensor([0, 2])
    source = unison.ones(2, 2) * 10
    for name, args in {
        "index_add": (1, index, source),
        "index_copy": (1, index, source),
        "index_fill": (1, index, 7.0),
        "masked_fill": (x > 2, -1.0),
        "masked_scatter": (x > 2, unison.arange(3.0)),
        "put": (index, source[0]),
        "scatter": (1, index.expand(2, 2), source),
        "scatter_add": (1, index.expand(2, 2), source),
    }.items():
        expected, y = getattr(x, name)(*args), x.clone()
        assert getattr(y, name + "_")(*args) is y
        assert y.tolist() == expected.tolist() != x.tolist(), name
