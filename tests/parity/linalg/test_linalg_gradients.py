"""Gradients and second derivatives of compositions against PyTorch's."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")
import unison  # noqa: E402 - after the check for torch

CASES = {
    "det": lambda t, x: t.linalg.det(x),
    "pinv": lambda t, x: t.linalg.pinv(x[..., :2]),
    "matrix_exp": lambda t, x: t.linalg.matrix_exp(x),
    "lu": lambda t, x: t.linalg.lu(x)[2],
    "cond": lambda t, x: t.linalg.cond(x),
    "nuclear": lambda t, x: t.linalg.matrix_norm(x, "nuc"),
    "solve": lambda t, x: t.linalg.solve(x, x[..., 0]),
    "lstsq": lambda t, x: t.linalg.lstsq(x[..., :2], x[..., 2])[0],
}


def _derivatives(t, function, data):
    x = t.tensor(data, requires_grad=True)
    (first,) = t.autograd.grad(function(t, x).sin().sum(), x, create_graph=True)
    (second,) = t.autograd.grad(first.cos().sum(), x)
    return first.detach().numpy(), second.detach().numpy()


@pytest.mark.parametrize("name", CASES)
def test_derivatives_agree(name):
    data = np.random.default_rng(3).standard_normal((2, 3, 3))
    for got, want in zip(
        _derivatives(unison, CASES[name], data), _derivatives(torch, CASES[name], data), strict=True
    ):
        np.testing.assert_allclose(got, want, rtol=1e-7, atol=1e-8)
