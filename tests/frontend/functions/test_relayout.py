"""Results that a backend laid out its own way can be viewed as if they were row-major (Note [Memory order])."""

import numpy as np
import pytest

import unison
import unison.nn.functional as F


def convolved():
    return F.conv2d(unison.arange(75.0).view(1, 3, 5, 5), unison.arange(54.0).view(2, 3, 3, 3))


def test_result_of_a_convolution_is_viewed_in_row_major_order():
    y = convolved()
    expected = y.numpy().reshape(-1).copy()
    assert np.array_equal(y.view(-1).numpy(), expected)
    assert np.array_equal(y.view(2, 9).numpy(), expected.reshape(2, 9))


def test_view_shares_memory_with_the_moved_tensor():
    y = convolved()
    y.view(-1)[0] = -1.0
    y.reshape(18)[1] = -2.0
    assert y[0, 0, 0, 0].item() == -1
    assert y[0, 0, 0, 1].item() == -2


def test_view_of_a_saved_result_keeps_its_gradient():
    def gradient(flatten):
        x = unison.arange(75.0).view(1, 3, 5, 5).requires_grad_()
        pooled = F.max_pool2d(unison.relu(F.conv2d(x, unison.arange(54.0).view(2, 3, 3, 3))), 2, 1)
        assert not pooled.is_contiguous()
        (flatten(pooled) * unison.arange(8.0)).sum().backward()
        return x.grad.numpy()

    assert np.array_equal(
        gradient(lambda t: t.view(1, -1)), gradient(lambda t: unison.cat([*t[0, 0], *t[0, 1]]))
    )


@pytest.mark.parametrize("share", [lambda y: y.detach(), lambda y: y.numpy(), lambda y: y[0]])
def test_memory_that_others_see_is_not_moved(share):
    y = convolved()
    other = share(y)
    with pytest.raises(RuntimeError, match=r"Use \.reshape"):
        y.view(-1)
    copy = y.reshape(-1)
    copy[0] = -1.0
    assert y[0, 0, 0, 0].item() != -1
    assert other is not None


def test_permuted_tensor_is_not_moved():
    x = unison.arange(6.0).view(2, 3)
    with pytest.raises(RuntimeError, match=r"Use \.reshape"):
        x.t().view(-1)
