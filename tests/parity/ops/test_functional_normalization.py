"""Softmax and the normalisations against PyTorch: values, gradients, second order, running statistics."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")

import unison  # noqa: E402
from tests.parity.ops.agreement import agrees, floats, refuses_alike  # noqa: E402


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "softmin"])
@pytest.mark.parametrize(
    ("shape", "dim"), [((5,), 0), ((3, 70), -1), ((2, 3, 4), 1), ((), 0), ((0, 3), 1), ((2, 0), 1)]
)
def test_softmax_agrees(name, shape, dim):
    agrees(lambda t, x: getattr(t.nn.functional, name)(x, dim=dim), floats(*shape, high=30.0))


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_softmax_of_long_half_rows_accumulates_in_float32(dtype):
    agrees(lambda t, x: t.nn.functional.softmax(x, -1), floats(2, 5000, dtype=dtype), second=False)


def test_softmax_of_infinite_scores_agrees():
    x = np.array([[0.0, -np.inf, 1.0], [-np.inf, -np.inf, -np.inf], [np.inf, 0.0, 0.0], [np.nan, 0.0, 0.0]])
    agrees(lambda t, x: t.nn.functional.softmax(x, -1), x, grad=False)
    agrees(lambda t, x: t.nn.functional.log_softmax(x, -1), x, grad=False)


@pytest.mark.parametrize("affine", ["both", "weight", "none"])
@pytest.mark.parametrize(("shape", "count"), [((4, 7), 1), ((2, 3, 5), 2), ((300, 300), 1), ((0, 4), 1)])
def test_layer_norm_agrees(shape, count, affine):
    last = shape[len(shape) - count :]
    weight = None if affine == "none" else floats(*last, seed=1)
    bias = floats(*last, seed=2) if affine == "both" else None
    agrees(lambda t, *a: t.nn.functional.layer_norm(a[0], last, *a[1:]), floats(*shape), weight, bias)


@pytest.mark.parametrize("eps", [None, 1e-3])
@pytest.mark.parametrize("weighted", [True, False])
def test_rms_norm_agrees(weighted, eps):
    weight = floats(5, seed=1) if weighted else None
    agrees(lambda t, x, w: t.nn.functional.rms_norm(x, (5,), w, eps), floats(3, 4, 5), weight)


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize(("shape", "groups"), [((2, 6, 4), 3), ((2, 6, 3, 5), 2), ((3, 4), 1)])
def test_group_norm_agrees(shape, groups, affine):
    given = (floats(shape[1], seed=1), floats(shape[1], seed=2)) if affine else (None, None)
    agrees(lambda t, x, w, b: t.nn.functional.group_norm(x, groups, w, b), floats(*shape), *given)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", [(6, 3), (4, 3, 5), (2, 3, 4, 5), (2, 3, 2, 3, 2)])
def test_batch_norm_agrees_and_moves_the_running_statistics(shape, training):
    def call(t, x, w, b):
        mean, var = t.zeros(3, dtype=t.float64) + 0.5, t.ones(3, dtype=t.float64) * 2
        out = t.nn.functional.batch_norm(x, mean, var, w, b, training, 0.3)
        return out, mean, var

    agrees(call, floats(*shape), floats(3, seed=1), floats(3, seed=2))


def test_batch_norm_of_channels_last_memory_agrees():
    def call(t, x, w, b):
        return t.nn.functional.batch_norm(x.permute(0, 3, 1, 2), None, None, w, b, True)

    agrees(call, floats(2, 4, 5, 3), floats(3, seed=1), floats(3, seed=2))


@pytest.mark.parametrize("name", ["batch_norm", "layer_norm", "group_norm"])
def test_half_input_with_float32_parameters_agrees(name):
    def call(t, x, w, b):
        f = t.nn.functional
        if name == "batch_norm":
            return f.batch_norm(x, None, None, w, b, True)
        return f.layer_norm(x, (4,), w, b) if name == "layer_norm" else f.group_norm(x, 2, w, b)

    shape = (4, 4) if name == "layer_norm" else (3, 4, 64)
    half, single = floats(*shape, dtype="float16"), floats(4, dtype="float32", seed=1)
    agrees(call, half, single, single, second=False, grad=False)


@pytest.mark.parametrize("running", [True, False])
def test_instance_norm_agrees(running):
    def call(t, x, w, b):
        mean, var = (t.zeros(3, dtype=t.float64), t.ones(3, dtype=t.float64)) if running else (None, None)
        out = t.nn.functional.instance_norm(x, mean, var, w, b, True, 0.2)
        return (out, mean, var) if running else out

    agrees(call, floats(2, 3, 4, 5), floats(3, seed=1), floats(3, seed=2))


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_local_response_norm_agrees(size):
    agrees(
        lambda t, x: t.nn.functional.local_response_norm(x, size, 0.1, 0.6, 1.5),
        floats(2, 6, 3, 2),
        second=False,
    )


REFUSED = {
    "layer_norm: shape": lambda t: t.nn.functional.layer_norm(t.ones(2, 3), (4,)),
    "layer_norm: weight": lambda t: t.nn.functional.layer_norm(t.ones(2, 3), (3,), t.ones(4)),
    "layer_norm: dtype": lambda t: t.nn.functional.layer_norm(t.ones(2, 3), (3,), t.ones(3, dtype=t.float64)),
    "layer_norm: integers": lambda t: t.nn.functional.layer_norm(t.ones(2, 3, dtype=t.int64), (3,)),
    "group_norm: groups": lambda t: t.nn.functional.group_norm(t.ones(2, 3, 4), 2),
    "batch_norm: one value": lambda t: t.nn.functional.batch_norm(t.ones(1, 3), None, None, training=True),
    "batch_norm: eps": lambda t: t.nn.functional.batch_norm(t.ones(4, 3), None, None, training=True, eps=0.0),
    "batch_norm: length": lambda t: t.nn.functional.batch_norm(t.ones(4, 3), t.ones(2), t.ones(2)),
    "instance_norm: one element": lambda t: t.nn.functional.instance_norm(t.ones(2, 3, 1)),
    "local_response_norm: dims": lambda t: t.nn.functional.local_response_norm(t.ones(2, 3), 2),
    "softmax: dim": lambda t: t.nn.functional.softmax(t.ones(2, 3), 2),
    "softmax: integers": lambda t: t.nn.functional.softmax(t.ones(2, 3, dtype=t.int64), 1),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals_have_the_class_of_pytorch(name):
    assert refuses_alike(REFUSED[name])


def test_batch_norm_second_result_of_the_operator_has_its_gradient():
    from unison_core import ops

    x = floats(4, 3, 5)
    ours = unison.tensor(x).requires_grad_(True)
    _, mean, var = ops.batch_norm(ours, None, None, eps=1e-5)
    (got,) = unison.autograd.grad((mean * mean).sum() + (var * var).sum(), [ours])
    theirs = torch.tensor(x, requires_grad=True)
    mean, var = theirs.mean((0, 2)), theirs.var((0, 2), correction=0)
    (expected,) = torch.autograd.grad((mean * mean).sum() + (var * var).sum(), [theirs])
    np.testing.assert_allclose(got.numpy(), expected.numpy(), rtol=1e-10)
