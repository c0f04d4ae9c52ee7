"""Copying forms of views, and index arithmetic."""

import numpy as np
import pytest

import unison


def test_view_copies_do_not_share_memory():
    x = unison.zeros(2, 3)
    for y in (unison.permute_copy(x, (1, 0)), unison.view_copy(x, (6,)), unison.diagonal_copy(x)):
        y.add_(1)
    assert x.sum().item() == 0


def test_unravel_index_agrees_with_numpy():
    places = np.arange(24)
    got = unison.unravel_index(unison.tensor(places), (2, 3, 4))
    for g, want in zip(got, np.unravel_index(places, (2, 3, 4)), strict=True):
        assert g.tolist() == want.tolist()


def test_unravel_index_refuses_floats_with_advice():
    with pytest.raises(ValueError, match=r"float32.*x\.long\(\)"):
        unison.unravel_index(unison.zeros(1), (2,))


def test_index_reduce_refuses_unknown_reduction():
    with pytest.raises(RuntimeError, match="but got sum"):
        unison.index_reduce(unison.zeros(2), 0, unison.tensor([0]), unison.zeros(1), "sum")


def test_as_strided_scatter_refuses_other_shapes():
    with pytest.raises(RuntimeError, match="slice size"):
        unison.as_strided_scatter(unison.zeros(4), unison.zeros(3), (2,), (1,))


def test_adjoint_refuses_vectors():
    with pytest.raises(RuntimeError, match="1-D tensor"):
        unison.adjoint(unison.zeros(3))


def test_flip_takes_dims_by_name():
    assert unison.flip(unison.tensor([1, 2, 3]), dims=(0,)).tolist() == [3, 2, 1]


def test_tensordot_sums_what_meets_a_length_of_one():
    a, b = np.ones((1, 2)), np.arange(6.0).reshape(3, 2)
    got = unison.tensordot(unison.tensor(a), unison.tensor(b), ([0], [0]))
    np.testing.assert_allclose(got.numpy(), np.tensordot(np.repeat(a, 3, 0), b, ([0], [0])))
