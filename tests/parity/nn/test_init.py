"""nn.init: gains, bounds and refusals are PyTorch's; draws have the moments that the formulas promise."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")

import unison  # noqa: E402

NONLINEARITIES = [
    *("linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"),
    *("sigmoid", "tanh", "relu", "leaky_relu", "selu"),
]


@pytest.mark.parametrize("nonlinearity", NONLINEARITIES)
def test_calculate_gain_agrees(nonlinearity):
    ours, theirs = unison.nn.init.calculate_gain, torch.nn.init.calculate_gain
    assert ours(nonlinearity) == theirs(nonlinearity)
    assert ours(nonlinearity, 0.3) == theirs(nonlinearity, 0.3)


def _fills(init):
    return {
        "constant": lambda w: init.constant_(w, 3.0),
        "ones": init.ones_,
        "zeros": init.zeros_,
        "eye": init.eye_,
    }


@pytest.mark.parametrize("name", ["constant", "ones", "zeros", "eye"])
def test_fill_agrees(name):
    ours, theirs = unison.nn.Parameter(unison.ones(3, 5)), torch.nn.Parameter(torch.ones(3, 5))
    assert _fills(unison.nn.init)[name](ours) is ours
    _fills(torch.nn.init)[name](theirs)
    assert ours.tolist() == theirs.tolist()
    assert ours.requires_grad
    assert ours.grad_fn is None


@pytest.mark.parametrize("shape", [(4, 6, 3), (6, 2, 3, 5), (4, 4, 3, 3, 1)])
@pytest.mark.parametrize("groups", [1, 2])
def test_dirac_agrees(shape, groups):
    ours = unison.nn.init.dirac_(unison.ones(*shape), groups)
    assert ours.tolist() == torch.nn.init.dirac_(torch.ones(shape), groups).tolist()


BOUNDS = {  # name: (call, lower and upper bound or None, standard deviation), for a weight of (200, 100, 2)
    "uniform": (lambda i, w: i.uniform_(w, -1, 3), (-1, 3), 4 / math.sqrt(12)),
    "normal": (lambda i, w: i.normal_(w, 1.0, 2.0), None, 2.0),
    "xavier_uniform": (
        lambda i, w: i.xavier_uniform_(w, 2.0),
        (-2 * math.sqrt(6 / 600), 2 * math.sqrt(6 / 600)),
        2 * math.sqrt(2 / 600),
    ),
    "xavier_normal": (lambda i, w: i.xavier_normal_(w, 2.0), None, 2 * math.sqrt(2 / 600)),
    "kaiming_uniform": (
        lambda i, w: i.kaiming_uniform_(w, nonlinearity="relu"),
        (-math.sqrt(6 / 200), math.sqrt(6 / 200)),
        math.sqrt(2 / 200),
    ),
    "kaiming_uniform_fan_out": (
        lambda i, w: i.kaiming_uniform_(w, mode="fan_out", nonlinearity="linear"),
        (-math.sqrt(3 / 400), math.sqrt(3 / 400)),
        math.sqrt(1 / 400),
    ),
    "kaiming_normal": (lambda i, w: i.kaiming_normal_(w, a=1.0), None, math.sqrt(1 / 200)),
    # Variances of truncated normal distributions: Johnson, Kotz and Balakrishnan, 1994, section 10.1.
    "trunc_normal": (lambda i, w: i.trunc_normal_(w), (-2, 2), 0.8796256610342398),
    "trunc_normal_tail": (lambda i, w: i.trunc_normal_(w, 0.0, 1.0, 1.0, 1.5), (1.0, 1.5), None),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_draws_have_the_promised_bounds_and_spread(name):
    call, bounds, deviation = BOUNDS[name]
    unison.manual_seed(0)
    drawn = unison.nn.Parameter(unison.empty(200, 100, 2))
    assert call(unison.nn.init, drawn) is drawn
    values = drawn.detach().numpy()
    if bounds:
        assert bounds[0] <= values.min() < bounds[0] + 0.01 * (bounds[1] - bounds[0])
        assert bounds[1] >= values.max() > bounds[1] - 0.01 * (bounds[1] - bounds[0])
    if deviation:
        assert abs(values.std() / deviation - 1) < 0.02


def test_narrow_truncation_has_the_mean_of_its_density():
    unison.manual_seed(0)
    drawn = unison.nn.init.trunc_normal_(unison.empty(40000), 0.0, 1.0, 1.0, 1.5).numpy()

    def density(x):
        return math.exp(-x * x / 2) / math.sqrt(2 * math.pi)

    mass = 0.5 * (math.erf(1.5 / math.sqrt(2)) - math.erf(1.0 / math.sqrt(2)))
    assert abs(float(drawn.mean()) - (density(1.0) - density(1.5)) / mass) < 0.005


@pytest.mark.parametrize("shape", [(5, 5), (7, 4), (4, 7), (3, 2, 2)])
def test_orthogonal_rows_or_columns_are_orthonormal(shape):
    drawn = unison.nn.init.orthogonal_(unison.empty(*shape), gain=2.0).numpy()
    matrix = drawn.reshape(shape[0], -1) / 2
    gram = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    np.testing.assert_allclose(gram, np.eye(len(gram)), atol=1e-5)


def test_sparse_zeroes_a_fraction_of_each_column():
    drawn = unison.nn.init.sparse_(unison.empty(10, 4), sparsity=0.25).numpy()
    assert ((drawn == 0).sum(axis=0) == 3).all()


def test_refusals_have_the_class_of_pytorch():
    def calls(T):
        init = T.nn.init
        return [
            lambda: init.calculate_gain("nope"),
            lambda: init.calculate_gain("leaky_relu", "x"),
            lambda: init.eye_(T.ones(3)),
            lambda: init.dirac_(T.ones(3, 3)),
            lambda: init.dirac_(T.ones(3, 3, 3), groups=2),
            lambda: init.xavier_uniform_(T.ones(3)),
            lambda: init.kaiming_uniform_(T.ones(3, 3), mode="nope"),
            lambda: init.orthogonal_(T.ones(3)),
            lambda: init.sparse_(T.ones(3), 0.1),
        ]

    for ours, theirs in zip(calls(unison), calls(torch), strict=True):
        with pytest.raises(Exception) as expected:
            theirs()
        with pytest.raises(expected.type):
            ours()


def test_empty_weights_are_left_with_a_warning():
    for call in (unison.nn.init.kaiming_uniform_, unison.nn.init.kaiming_normal_):
        with pytest.warns(UserWarning, match="zero-element"):
            call(unison.empty(0, 3))
    with pytest.warns(UserWarning, match="mean is more than 2 std"):
        unison.nn.init.trunc_normal_(unison.empty(3), mean=9.0)
