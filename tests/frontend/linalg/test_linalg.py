"""Linear algebra against identities and NumPy."""

import numpy as np
import pytest

import unison


def _random(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def test_lu_factors_multiply_to_the_matrix():
    for shape in ((4, 4), (2, 3, 5), (5, 3)):
        a = _random(*shape)
        p, low, up = unison.linalg.lu(unison.tensor(a))
        np.testing.assert_allclose((p @ low @ up).numpy(), a, atol=1e-12)


@pytest.mark.parametrize("adjoint", [False, True])
@pytest.mark.parametrize("left", [False, True])
def test_lu_solve_solves_from_factor(left, adjoint):
    a, b = _random(2, 4, 4), _random(2, 4, 4, seed=1)
    x = unison.linalg.lu_solve(
        *unison.linalg.lu_factor(unison.tensor(a)), unison.tensor(b), left=left, adjoint=adjoint
    ).numpy()
    m = a.swapaxes(-1, -2) if adjoint else a
    np.testing.assert_allclose(m @ x if left else x @ m, b, atol=1e-10)


def test_multi_dot_takes_the_cheap_order_and_vectors():
    a, b, c = _random(3), _random(3, 40), _random(40, 2)
    out = unison.linalg.multi_dot([unison.tensor(x) for x in (a, b, c)])
    np.testing.assert_allclose(out.numpy(), np.linalg.multi_dot([a, b, c]))


def test_inv_raises_linalg_error_on_singular():
    with pytest.raises(unison.linalg.LinAlgError, match="singular"):
        unison.linalg.inv(unison.zeros(2, 2))


def test_inv_ex_reports_first_zero_pivot():
    a = unison.stack([unison.eye(2), unison.zeros(2, 2)])
    inverse, info = unison.linalg.inv_ex(a)
    assert info.tolist() == [0, 1]
    assert inverse[0].tolist() == [[1, 0], [0, 1]]
    assert bool(inverse[1].isnan().all())


def test_cholesky_ex_reports_bad_minor():
    bad = unison.tensor([[1.0, 2.0], [2.0, 1.0]])
    assert unison.linalg.cholesky_ex(bad).info.item() == 2
    with pytest.raises(unison.linalg.LinAlgError, match="positive-definite"):
        unison.linalg.cholesky(bad)


def test_cond_of_singular_is_infinite():
    assert unison.linalg.cond(unison.zeros(2, 2), 1).item() == float("inf")


def test_integers_are_refused_with_advice():
    with pytest.raises(RuntimeError, match=r"int64.*x\.float\(\)"):
        unison.linalg.det(unison.ones(2, 2, dtype=unison.int64))


def test_rectangles_are_refused_where_squares_are_needed():
    with pytest.raises(RuntimeError, match="3 by 2 matrices"):
        unison.linalg.inv(unison.ones(3, 2))


def test_matrix_norm_refuses_unknown_order():
    with pytest.raises(RuntimeError, match="Order 3 not supported"):
        unison.linalg.matrix_norm(unison.ones(2, 2), 3)


def test_matrix_exp_of_a_rotation():
    angle = 2.5
    out = unison.linalg.matrix_exp(unison.tensor([[0.0, -angle], [angle, 0.0]], dtype=unison.float64))
    want = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    np.testing.assert_allclose(out.numpy(), want, atol=1e-13)


def test_cdist_has_zero_gradient_at_equal_points():
    x = unison.ones(2, 3, requires_grad=True)
    unison.cdist(x, x).sum().backward()
    assert x.grad.abs().sum().item() == 0
