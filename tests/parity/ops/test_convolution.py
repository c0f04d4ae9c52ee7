"""Convolutions, transposed convolutions, unfold and fold against PyTorch."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")

import unison  # noqa: E402
import unison.nn.functional as F  # noqa: E402
from tests.parity.ops.twins import assert_refused_alike, assert_twins  # noqa: E402
from unison_core import ops  # noqa: E402
from unison_cpu.kernels import _columns  # noqa: E402

TF = torch.nn.functional
# PyTorch warns that it copies the input.
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same'")

CONV = [
    # name, input, weight, bias, settings
    ("conv2d", (2, 3, 7, 8), (4, 3, 3, 2), (4,), {}),
    ("conv2d", (2, 3, 7, 8), (4, 3, 3, 3), None, {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2)}),
    ("conv2d", (3, 7, 8), (4, 3, 3, 3), (4,), {"padding": 1}),
    ("conv2d", (2, 16, 9, 9), (5, 16, 3, 3), (5,), {"padding": 1}),
    ("conv2d", (2, 20, 9, 9), (6, 20, 5, 5), None, {"padding": 2, "stride": 3}),
    ("conv2d", (2, 4, 7, 8), (6, 2, 3, 3), (6,), {"padding": 1, "groups": 2}),
    ("conv2d", (2, 4, 7, 8), (4, 1, 3, 3), (4,), {"stride": (1, 2), "padding": 1, "groups": 4}),
    ("conv2d", (2, 4, 7, 8), (8, 1, 3, 3), None, {"padding": (1, 3), "dilation": (2, 1), "groups": 4}),
    ("conv2d", (2, 4, 7, 8), (8, 4, 1, 1), (8,), {}),
    ("conv2d", (2, 4, 7, 8), (8, 4, 1, 1), (8,), {"stride": (2, 3)}),
    ("conv2d", (2, 4, 7, 8), (8, 2, 1, 1), (8,), {"padding": 1, "groups": 2}),
    ("conv2d", (1, 1, 4, 4), (1, 1, 2, 2), None, {"padding": 4}),
    ("conv2d", (2, 3, 7, 8), (4, 3, 2, 4), (4,), {"padding": "same", "dilation": (3, 1)}),
    ("conv2d", (2, 3, 7, 8), (4, 3, 3, 3), (4,), {"padding": "valid", "stride": 2}),
    ("conv1d", (2, 4, 9), (8, 4, 3), (8,), {"stride": 2, "padding": 1}),
    ("conv1d", (4, 9), (8, 4, 3), None, {"padding": 3}),
    ("conv1d", (2, 4, 9), (4, 2, 3), (4,), {"groups": 2, "dilation": 2}),
    ("conv1d", (2, 4, 9), (4, 4, 4), (4,), {"padding": "same"}),
    ("conv3d", (2, 2, 5, 4, 6), (3, 2, 2, 3, 2), (3,), {"stride": (1, 2, 1), "padding": (1, 0, 1)}),
    ("conv3d", (2, 5, 4, 6), (2, 1, 2, 2, 2), (2,), {"groups": 2, "dilation": (1, 1, 2)}),
]


@pytest.mark.parametrize(("name", "x", "weight", "bias", "settings"), CONV)
def test_conv_agrees_to_second_order(name, x, weight, bias, settings):
    assert_twins(getattr(TF, name), getattr(F, name), x, weight, bias, **settings)


@pytest.mark.parametrize(("name", "x", "weight", "bias", "settings"), CONV[:13])
def test_conv_agrees_in_small_blocks(monkeypatch, name, x, weight, bias, settings):
    monkeypatch.setattr(_columns, "_BLOCK_BYTES", 2000)
    assert_twins(getattr(TF, name), getattr(F, name), x, weight, bias, double=False, **settings)


TRANSPOSED = [
    ("conv_transpose1d", (2, 4, 5), (4, 3, 3), (3,), {"stride": 2, "padding": 1, "output_padding": 1}),
    ("conv_transpose1d", (4, 5), (4, 3, 3), None, {}),
    ("conv_transpose2d", (2, 4, 3, 5), (4, 3, 3, 2), (3,), {}),
    ("conv_transpose2d", (2, 4, 3, 5), (4, 3, 2, 2), (3,), {"stride": 2}),
    ("conv_transpose2d", (2, 4, 3, 5), (4, 3, 3, 3), (6,), {"groups": 2, "dilation": 2, "padding": (2, 1)}),
    ("conv_transpose2d", (2, 4, 3, 5), (4, 1, 3, 3), None, {"groups": 4, "stride": (2, 3)}),
    (
        "conv_transpose3d",
        (1, 2, 3, 2, 3),
        (2, 3, 2, 2, 3),
        (3,),
        {"stride": (1, 2, 2), "output_padding": (0, 1, 1)},
    ),
    (
        "conv_transpose2d",
        (2, 4, 3, 4),
        (4, 2, 2, 3),
        (4,),
        {"groups": 2, "dilation": 3, "output_padding": (2, 1)},
    ),
]


@pytest.mark.parametrize(("name", "x", "weight", "bias", "settings"), TRANSPOSED)
def test_conv_transpose_agrees_to_second_order(name, x, weight, bias, settings):
    assert_twins(getattr(TF, name), getattr(F, name), x, weight, bias, **settings)


def test_conv_tbc_agrees():
    assert_twins(TF.conv_tbc, F.conv_tbc, (6, 2, 3), (3, 3, 4), (4,), pad=1)


@pytest.mark.parametrize("memory", ["first", "last"])
def test_conv_takes_any_memory_order(memory):
    x = np.random.default_rng(1).standard_normal((2, 6, 9, 5))
    w = np.random.default_rng(2).standard_normal((4, 6, 3, 3))
    ours = unison.tensor(x)
    if memory == "last":
        ours = unison.tensor(np.ascontiguousarray(x.transpose(0, 2, 3, 1))).permute(0, 3, 1, 2)
    out = F.conv2d(ours, unison.tensor(w), padding=1)
    np.testing.assert_allclose(
        out.numpy(), TF.conv2d(torch.tensor(x), torch.tensor(w), padding=1).numpy(), atol=1e-12
    )


def test_conv_of_empty_batch_has_zero_weight_gradient():
    x, w = unison.zeros(0, 3, 5, 5), unison.ones(4, 3, 3, 3).requires_grad_()
    out = F.conv2d(x, w)
    assert tuple(out.shape) == (0, 4, 3, 3)
    out.sum().backward()
    assert not w.grad.numpy().any()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_conv_of_half_types_accumulates_in_float32(dtype):
    """4608 products of 1: a half type alone would stop counting long before."""
    x, w = unison.ones(1, 512, 3, 3), unison.ones(1, 512, 3, 3)
    out = F.conv2d(x.to(getattr(unison, dtype)), w.to(getattr(unison, dtype)))
    assert out.dtype is getattr(unison, dtype)
    assert out.item() == 4608


@pytest.mark.parametrize("dtype", ["complex128", "int64"])
def test_conv_of_other_types_agrees(dtype):
    generator = np.random.default_rng(3)
    x, w = (generator.integers(-5, 5, s).astype(dtype) for s in ((2, 3, 6, 6), (4, 3, 3, 3)))
    out = F.conv2d(unison.tensor(x), unison.tensor(w), padding=1)
    assert np.array_equal(out.numpy(), TF.conv2d(torch.tensor(x), torch.tensor(w), padding=1).numpy())


def test_complex_conv_gradient_agrees():
    generator = np.random.default_rng(4)
    x, w = (
        generator.standard_normal(s) + 1j * generator.standard_normal(s) for s in ((2, 2, 4, 4), (3, 2, 3, 3))
    )
    theirs = [torch.tensor(a, requires_grad=True) for a in (x, w)]
    ours = [unison.tensor(a).requires_grad_() for a in (x, w)]
    TF.conv2d(*theirs, padding=1).abs().sum().backward()
    F.conv2d(*ours, padding=1).abs().sum().backward()
    for mine, expected in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine.grad.numpy(), expected.grad.numpy(), atol=1e-10)


REFUSED = [
    ("conv2d", (1, 2, 5, 5), (4, 3, 3, 3), None, {}, "to have 3 channels, but got 2 channels"),
    ("conv2d", (1, 4, 5, 5), (3, 2, 3, 3), None, {"groups": 2}, "divisible"),
    ("conv2d", (1, 4, 5, 5), (4, 4, 3, 3), None, {"groups": 0}, "groups"),
    ("conv2d", (1, 3, 2, 2), (4, 3, 3, 3), None, {}, "Kernel size can't be greater than actual input size"),
    ("conv2d", (1, 3, 5, 5), (4, 3, 3, 3), (3,), {}, "bias to be 1-dimensional with 4 elements"),
    ("conv2d", (1, 3, 5, 5), (4, 3, 3), None, {}, "weight"),
    ("conv2d", (5, 5), (4, 3, 3, 3), None, {}, "3D .unbatched. or 4D .batched. input to conv2d"),
    ("conv2d", (1, 3, 5, 5), (4, 3, 3, 3), None, {"stride": 0}, "non-positive stride"),
    ("conv2d", (1, 3, 5, 5), (4, 3, 3, 3), None, {"padding": -1}, "negative padding"),
    ("conv2d", (1, 3, 5, 5), (4, 3, 3, 3), None, {"dilation": 0}, "dilation"),
    ("conv2d", (1, 3, 5, 5), (4, 3, 3, 3), None, {"stride": (1, 2, 3)}, "stride"),
    (
        "conv2d",
        (1, 3, 5, 5),
        (4, 3, 3, 3),
        None,
        {"padding": "same", "stride": 2},
        "not supported for strided",
    ),
    ("conv2d", (1, 3, 5, 5), (4, 3, 3, 3), None, {"padding": "full"}, "padding string"),
    ("conv_transpose2d", (1, 3, 5, 5), (4, 3, 3, 3), None, {}, "to have 4 channels, but got 3"),
    ("conv_transpose2d", (1, 4, 5, 5), (4, 3, 3, 3), (4,), {}, "bias to be 1-dimensional with 3"),
    (
        "conv_transpose2d",
        (1, 4, 5, 5),
        (4, 3, 3, 3),
        None,
        {"output_padding": 1},
        "output padding must be smaller",
    ),
    ("conv_transpose2d", (1, 4, 1, 1), (4, 3, 3, 3), None, {"padding": 2}, "Output size is too small"),
]


@pytest.mark.parametrize(("name", "x", "weight", "bias", "settings", "text"), REFUSED)
def test_conv_refuses_as_torch(name, x, weight, bias, settings, text):
    import re

    assert re.search(
        text, assert_refused_alike(getattr(TF, name), getattr(F, name), x, weight, bias, **settings)
    )


def test_conv_refuses_mixed_dtypes():
    with pytest.raises(
        RuntimeError, match=r"Input type \(float32\) and weight type \(float64\) should be the same"
    ):
        F.conv2d(unison.ones(1, 1, 3, 3), unison.ones(1, 1, 3, 3, dtype=unison.float64))


@pytest.mark.parametrize(
    "settings",
    [
        {"kernel_size": 3},
        {"kernel_size": (2, 3), "stride": (2, 1), "padding": (1, 0)},
        {"kernel_size": 2, "dilation": (2, 1), "stride": 2},
    ],
)
@pytest.mark.parametrize("lead", [(2, 3), (3,)])
def test_unfold_and_fold_agree(lead, settings):
    x = (*lead, 6, 7)
    (columns,) = assert_twins(TF.unfold, F.unfold, x, **settings)
    assert_twins(TF.fold, F.fold, tuple(columns.shape), output_size=(6, 7), **settings)


@pytest.mark.parametrize("op", ["conv", "conv_input_grad", "conv_weight_grad", "im2col", "col2im"])
def test_body_agrees_with_kernel(op):
    """What a backend without a kernel of its own runs."""
    generator = np.random.default_rng(5)
    x, w, g = (
        unison.tensor(generator.standard_normal(s)) for s in ((2, 4, 6, 7), (6, 2, 3, 2), (2, 6, 3, 8))
    )
    steps = {"stride": (2, 1), "padding": (1, 1), "dilation": (1, 1)}
    columns = unison.tensor(generator.standard_normal((2, 24, 24)))
    inputs, attrs = {
        "conv": ((x, w, None), {**steps, "groups": 2}),
        "conv_input_grad": ((g, w), {**steps, "groups": 2, "size": (6, 7)}),
        "conv_weight_grad": ((x, g), {**steps, "groups": 2, "kernel": (3, 2)}),
        "im2col": ((x,), {**steps, "kernel": (3, 2)}),
        "col2im": ((columns,), {**steps, "kernel": (3, 2), "size": (6, 7)}),
    }[op]
    function = getattr(ops, op)
    body = function.operator.body(*inputs, **attrs)
    np.testing.assert_allclose(function(*inputs, **attrs).numpy(), body.numpy(), atol=1e-12)
