"""Of several results an operator keeps those that its gradient needs, so that the user may write into the others."""

from __future__ import annotations

import pytest

import unison
from unison import nn
from unison_core.errors import RegistrationError
from unison_core.operator import get
from unison_core.saving import plan


def _gradient(inplace: bool) -> list[float]:
    unison.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(inplace=inplace), nn.MaxPool2d(2))
    model(unison.randn(3, 1, 8, 8)).pow(2).sum().backward()
    return model[0].weight.grad.flatten().tolist()


def test_relu_in_place_after_batch_norm() -> None:
    assert _gradient(inplace=True) == _gradient(inplace=False)


def test_sorted_values_may_be_written_indices_not() -> None:
    x = unison.tensor([3.0, 1.0, 2.0], requires_grad=True)
    values, _ = x.sort()
    values.mul_(unison.tensor([1.0, 10.0, 100.0]))
    values.sum().backward()
    assert x.grad.tolist() == [100, 1, 10]
    values, places = x.sort()
    places.zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        values.sum().backward()


def test_hooks_see_what_is_kept_and_nothing_else() -> None:
    seen = []

    def pack(t: unison.Tensor) -> tuple[unison.Tensor]:
        seen.append(t.dtype)
        return (t,)

    x = unison.tensor([[3.0, 1.0, 2.0]], requires_grad=True)
    with unison.autograd.graph.saved_tensors_hooks(pack, lambda t: t[0]):
        y = x.sort()[0]
    y[0, 0].backward()
    assert seen == [unison.int64]
    assert x.grad.tolist() == [[0, 1, 0]]


def test_a_result_that_is_no_number_is_refused() -> None:
    with pytest.raises(RegistrationError, match=r"saves \['out.first'\]"):
        plan(get("sort"), "out.first", "")
