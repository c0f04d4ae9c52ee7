"""Dropout: what is dropped, how the rest is scaled, and that a seed decides."""

import numpy as np
import pytest

import unison
from unison.nn import functional as F


def ones(*shape, requires_grad=False):
    return unison.ones(*shape, requires_grad=requires_grad)


def test_dropout_drops_the_share_and_scales_the_rest():
    out = F.dropout(ones(20000), 0.3).numpy()
    assert set(np.unique(out)) == {np.float32(0), np.float32(1 / 0.7)}
    # Four standard deviations of a share of 20000 draws.
    assert abs((out == 0).mean() - 0.3) < 4 * np.sqrt(0.3 * 0.7 / 20000)


def test_dropout_is_decided_by_the_seed():
    def draw(seed):
        unison.manual_seed(seed)
        return [F.dropout(ones(50), 0.5).tolist() for _ in range(2)]

    assert draw(1) == draw(1)
    assert draw(1) != draw(2)
    first, second = draw(1)
    assert first != second


def test_dropout_gradient_is_zero_where_the_output_is():
    x = ones(1000, requires_grad=True)
    out = F.dropout(x, 0.4)
    out.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), out.detach().numpy())


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_dropout_at_the_ends(p):
    assert F.dropout(ones(10), p).tolist() == [1 - p] * 10


def test_dropout_outside_training_is_the_input():
    x = ones(3)
    assert F.dropout(x, 0.5, training=False) is x


def test_dropout_in_place_writes_the_input():
    x = ones(100)
    assert F.dropout(x, 0.5, inplace=True) is x
    assert 0 < (x.numpy() == 0).sum() < 100


@pytest.mark.parametrize(
    ("function", "shape"),
    [(F.dropout1d, (4, 50, 7)), (F.dropout2d, (4, 50, 3, 3)), (F.dropout3d, (4, 50, 2, 2, 2))],
)
def test_dropout_of_channels_keeps_or_drops_them_whole(function, shape):
    out = function(ones(*shape), 0.5).numpy().reshape(200, -1)
    assert (out == out[:, :1]).all()
    assert 50 < (out[:, 0] == 0).sum() < 150


@pytest.mark.parametrize("function", [F.alpha_dropout, F.feature_alpha_dropout])
def test_alpha_dropout_keeps_mean_and_variance(function):
    x = unison.randn(200, 300)
    out = function(x, 0.2, training=True).numpy()
    assert abs(out.mean()) < 0.05
    assert abs(out.var() - 1) < 0.05


@pytest.mark.parametrize("function", [F.dropout, F.alpha_dropout, F.dropout1d])
def test_dropout_refuses_other_probabilities(function):
    with pytest.raises(ValueError, match=r"between 0 and 1, but got 1\.5"):
        function(ones(2, 3, 4), 1.5)


def test_attention_with_dropout_scales_what_it_keeps():
    q, k = unison.zeros(1, 2, 5000), unison.zeros(1, 4000, 5000)
    v = ones(1, 4000, 1)
    out = F.scaled_dot_product_attention(q, k, v, dropout_p=0.5).numpy()
    assert abs(out - 1).max() < 0.1
    assert out.std() > 0


def test_rrelu_draws_slopes_within_its_bounds():
    slopes = -F.rrelu(-ones(1000), 0.2, 0.4, training=True).numpy()
    assert 0.2 <= slopes.min() < 0.21
    assert 0.39 < slopes.max() < 0.4


def test_gumbel_softmax_draws_by_the_scores_and_passes_the_soft_gradient():
    logits = unison.tensor([0.0, 1.0986123, -50.0]).expand(4000, 3).contiguous().requires_grad_(True)
    hard = F.gumbel_softmax(logits, hard=True)
    share = hard.detach().numpy().mean(axis=0)
    np.testing.assert_allclose(share, [0.25, 0.75, 0.0], atol=0.03)
    hard[:, 0].sum().backward()
    assert (logits.grad.numpy()[:, 0] > 0).any()
