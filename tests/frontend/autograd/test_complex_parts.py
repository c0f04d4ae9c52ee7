"""The parts of complex tensors are views: writes through them reach the base, and gradients follow."""

from __future__ import annotations

from typing import Any

import pytest

import unison


def zeros(*shape: int) -> Any:
    return unison.zeros(*shape, dtype=unison.complex64)


def test_writes_through_the_parts_reach_the_tensor() -> None:
    z = zeros(2)
    z.real.add_(1)
    z.imag[1] = 5
    assert z.tolist() == [1, 1 + 5j]
    assert z._version == 2
    z.real, z.imag = unison.tensor([3.0, 4.0]), 7
    assert z.tolist() == [3 + 7j, 4 + 7j]


def test_view_as_real_takes_any_strides() -> None:
    z = zeros(2, 3).t()
    pairs = unison.view_as_real(z)
    assert pairs.shape == (3, 2, 2)
    assert pairs.stride() == (2, 6, 1)
    pairs[2, 0, 1] = 4
    assert z[2, 0] == 4j


def test_view_as_complex_writes_into_the_pairs() -> None:
    pairs = unison.zeros(2, 2)
    unison.view_as_complex(pairs).add_(1 + 2j)
    assert pairs.tolist() == [[1, 2], [1, 2]]


@pytest.mark.parametrize("place", ["cpu", "meta"])
def test_view_as_complex_needs_whole_pairs(place: str) -> None:
    for pairs in (unison.ones(2, 2, device=place).t(), unison.ones(2, 3, device=place)[:, :2]):
        with pytest.raises(RuntimeError, match=r"stride.*contiguous"):
            unison.view_as_complex(pairs)


def test_gradients_pass_through_written_parts() -> None:
    w = unison.tensor([1.0, 2.0], requires_grad=True)
    z = zeros(2)
    z.real.add_(w * 2)
    z.imag.copy_(w * w)
    # |z|^2 = 4 w^2 + w^4
    (z * z.conj()).real.sum().backward()
    assert w.grad.tolist() == [8 + 4, 16 + 32]


def test_gradients_of_parts_are_conjugate_derivatives() -> None:
    z = unison.tensor([1 + 2j], requires_grad=True)
    (z.real * 3 + z.imag**2).sum().backward()
    assert z.grad.tolist() == [3 + 4j]


def test_parts_of_leaves_may_not_be_written() -> None:
    z = zeros(2).requires_grad_()
    with pytest.raises(RuntimeError, match="view of a leaf"):
        z.real.add_(1)


def test_a_view_turned_in_place_stays_a_view() -> None:
    w = unison.ones(1, 3, requires_grad=True)
    base = unison.zeros(2, 3)
    row = base[0]
    assert row.unsqueeze_(0) is row
    row.add_(w * 2)
    assert base.tolist() == [[2, 2, 2], [0, 0, 0]]
    (base * base).sum().backward()
    assert w.grad.tolist() == [[8, 8, 8]]


def test_a_written_view_passes_expanded_gradients() -> None:
    w = unison.ones(6, requires_grad=True)
    base = unison.ones(2, 3)
    base.view(6).mul_(w)
    (base.sum(1) * unison.tensor([1.0, 2.0])).sum().backward()
    assert w.grad.tolist() == [1, 1, 1, 2, 2, 2]


def test_a_view_requires_grad_once_its_base_does() -> None:
    w = unison.ones(2, requires_grad=True)
    base = unison.ones(2)
    view = base[:1]
    assert not view.requires_grad
    base.mul_(w)
    assert view.requires_grad
