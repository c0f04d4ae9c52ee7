"""NumPy's scalars and arrays beside tensors: the result is a tensor, of the dtype that PyTorch gives."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")

import unison  # noqa: E402

CALLS = {
    "number, scalar": lambda side, x: np.float64(2) * x,
    "number of an integer tensor": lambda side, x: np.int64(2) + side.arange(3),
    "float32 scalar on the right": lambda side, x: x / np.float32(3),
    "integer scalar as exponent": lambda side, x: x ** np.int64(2),
    "bool scalar": lambda side, x: x * np.bool_(True),
    "comparison with a scalar on the left": lambda side, x: np.float64(1) < x,
    "scalar of a function": lambda side, x: side.add(x, np.float32(1)),
    "scalar bound": lambda side, x: x.clamp(np.float32(1)),
    "scalar choice": lambda side, x: side.where(x > 1, x, np.float32(0)),
    "scalar in place": lambda side, x: x.clone().mul_(np.float32(3)),
    "0-d minus": lambda side, x: np.float64(2) - side.tensor(3),
    "array on the right": lambda side, x: x + np.ones(3),
    "array equal": lambda side, x: x == np.ones(3),
    "array equal, array first": lambda side, x: np.ones(3) == x,
    "NumPy's function of a tensor": lambda side, x: np.sin(x),
    "NumPy's function of both": lambda side, x: np.add(x, np.ones(3)),
    "size": lambda side, x: side.zeros(np.int64(2), np.int32(3)),
    "one size": lambda side, x: side.zeros(np.int64(2)),
    "dimension": lambda side, x: x.view(1, 3).sum(np.int64(1)),
}


@pytest.mark.filterwarnings("ignore:__array_wrap__:DeprecationWarning")
@pytest.mark.parametrize("name", CALLS)
def test_result_is_the_tensor_that_torch_gives(name):
    expected, got = (CALLS[name](side, side.arange(3.0)) for side in (torch, unison))
    assert isinstance(got, unison.Tensor)
    assert got.tolist() == expected.tolist()
    assert str(got.dtype).rpartition(".")[2] == str(expected.dtype).rpartition(".")[2]


def test_gradients_pass_a_scalar_on_the_left():
    x = unison.ones(2, requires_grad=True)
    (np.float64(3) * x).sum().backward()
    assert x.grad.tolist() == [3, 3]


@pytest.mark.parametrize("other", [None, "a", [1, 1]])
def test_comparison_with_something_else_is_not_a_tensor(other):
    assert (unison.ones(2) == other) is False
    assert (unison.ones(2) != other) is True


def test_size_repeated_is_a_size():
    assert isinstance(unison.Size([2, 3]) * 2, unison.Size)
    assert 2 * unison.Size([2, 3]) == (2, 3, 2, 3)
