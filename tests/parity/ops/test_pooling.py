"""Pooling, adaptive, fractional and p-norm pooling, and unpooling against PyTorch."""

import re

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")

import unison  # noqa: E402
import unison.nn.functional as F  # noqa: E402
from tests.parity.ops.twins import assert_refused_alike, assert_twins  # noqa: E402
from unison_core import ops  # noqa: E402

TF = torch.nn.functional

MAX = [
    ("max_pool2d", (2, 3, 6, 8), {"kernel_size": 2}),
    ("max_pool2d", (3, 7, 9), {"kernel_size": (3, 2), "stride": (2, 1), "padding": (1, 0)}),
    ("max_pool2d", (2, 3, 7, 9), {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}),
    ("max_pool2d", (2, 3, 9, 9), {"kernel_size": 2, "dilation": 3, "stride": 1, "padding": 1}),
    ("max_pool2d", (2, 3, 5, 5), {"kernel_size": 2, "stride": 3, "ceil_mode": True}),
    ("max_pool2d", (2, 3, 5, 5), {"kernel_size": 1}),
    ("max_pool1d", (2, 3, 9), {"kernel_size": 3, "stride": 2}),
    ("max_pool1d", (3, 9), {"kernel_size": 3, "padding": 1, "stride": 1, "ceil_mode": True}),
    ("max_pool3d", (2, 2, 4, 6, 5), {"kernel_size": 2}),
    ("max_pool3d", (2, 4, 6, 5), {"kernel_size": (2, 3, 2), "stride": (1, 2, 1), "padding": (1, 1, 0)}),
]


@pytest.mark.parametrize("indices", [False, True])
@pytest.mark.parametrize(("name", "x", "settings"), MAX)
def test_max_pool_agrees_to_second_order(name, x, settings, indices):
    assert_twins(getattr(TF, name), getattr(F, name), x, return_indices=indices, **settings)


@pytest.mark.parametrize("settings", [{"kernel_size": 2}, {"kernel_size": 3, "stride": 1, "padding": 1}])
def test_max_pool_gradient_goes_to_the_first_of_equals(settings):
    x = np.random.default_rng(0).integers(0, 2, (2, 2, 6, 6)).astype("float64")
    theirs, ours = torch.tensor(x, requires_grad=True), unison.tensor(x).requires_grad_()
    TF.max_pool2d(theirs, **settings).sum().backward()
    F.max_pool2d(ours, **settings).sum().backward()
    assert np.array_equal(ours.grad.numpy(), theirs.grad.numpy())


def test_max_pool_of_nan_is_nan_and_its_gradient_flows():
    x = np.arange(16.0).reshape(1, 1, 4, 4)
    x[0, 0, 0, 1] = np.nan
    theirs, ours = torch.tensor(x, requires_grad=True), unison.tensor(x).requires_grad_()
    out, expected = F.max_pool2d(ours, 2), TF.max_pool2d(theirs, 2)
    assert np.array_equal(out.detach().numpy(), expected.detach().numpy(), equal_nan=True)
    out.sum().backward()
    expected.sum().backward()
    assert np.array_equal(ours.grad.numpy(), theirs.grad.numpy())


def test_max_pool_gradient_of_infinity_stays_in_its_place():
    x = unison.arange(16.0).view(1, 1, 4, 4).requires_grad_()
    F.max_pool2d(x, 2).backward(unison.full((1, 1, 2, 2), float("inf")))
    assert np.isinf(x.grad.numpy()).sum() == 4
    assert not np.isnan(x.grad.numpy()).any()


def test_max_pool_of_minus_infinity_has_indices_inside():
    x = np.full((1, 1, 4, 4), -np.inf)
    settings = {"kernel_size": 3, "stride": 2, "padding": 1, "return_indices": True}
    values, indices = F.max_pool2d(unison.tensor(x), **settings)
    expected, places = TF.max_pool2d(torch.tensor(x), **settings)
    assert np.array_equal(values.numpy(), expected.numpy())
    assert np.array_equal(indices.numpy(), places.numpy())


def test_max_pool_of_integers_agrees():
    x = np.random.default_rng(0).integers(-9, 9, (1, 2, 5, 5))
    settings = {"kernel_size": 3, "stride": 2, "padding": 1}
    assert np.array_equal(
        F.max_pool2d(unison.tensor(x), **settings).numpy(), TF.max_pool2d(torch.tensor(x), **settings).numpy()
    )


@pytest.mark.parametrize("divisor", [None, 3, -2])
def test_avg_pool_of_integers_truncates(divisor):
    x = np.random.default_rng(0).integers(-9, 9, (1, 2, 5, 6))
    ours = F.avg_pool2d(unison.tensor(x), 2, divisor_override=divisor)
    assert np.array_equal(ours.numpy(), TF.avg_pool2d(torch.tensor(x), 2, divisor_override=divisor).numpy())


AVG = [
    ("avg_pool2d", (2, 3, 6, 8), {"kernel_size": 2}),
    ("avg_pool2d", (3, 7, 9), {"kernel_size": (3, 2), "stride": (2, 1), "padding": (1, 0)}),
    ("avg_pool2d", (2, 3, 7, 9), {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}),
    ("avg_pool2d", (2, 3, 7, 9), {"kernel_size": 3, "stride": 2, "padding": 1, "count_include_pad": False}),
    (
        "avg_pool2d",
        (2, 3, 6, 6),
        {"kernel_size": 4, "stride": 3, "ceil_mode": True, "count_include_pad": False},
    ),
    ("avg_pool2d", (2, 3, 7, 9), {"kernel_size": 3, "divisor_override": 5}),
    ("avg_pool1d", (2, 3, 9), {"kernel_size": 3, "stride": 2}),
    ("avg_pool1d", (3, 9), {"kernel_size": 4, "padding": 2, "ceil_mode": True}),
    ("avg_pool3d", (2, 2, 4, 6, 5), {"kernel_size": 2}),
    ("avg_pool3d", (2, 4, 6, 5), {"kernel_size": (2, 3, 2), "stride": 2, "padding": 1, "ceil_mode": True}),
]


@pytest.mark.parametrize(("name", "x", "settings"), AVG)
def test_avg_pool_agrees_to_second_order(name, x, settings):
    assert_twins(getattr(TF, name), getattr(F, name), x, **settings)


def test_avg_pool_of_half_types_accumulates_in_float32():
    x = unison.full((1, 1, 64, 64), 33.0).to(unison.float16)
    assert F.avg_pool2d(x, 64).item() == 33


ADAPTIVE = [
    ((2, 3, 7), 3),
    ((3, 8), 4),
    ((2, 3, 7, 9), 1),
    ((2, 3, 7, 9), (3, 4)),
    ((2, 3, 8, 9), (None, 3)),
    ((3, 7, 5), (9, 2)),
    ((2, 2, 4, 6, 5), (2, 3, 2)),
]


@pytest.mark.parametrize(("x", "size"), ADAPTIVE)
@pytest.mark.parametrize("kind", ["avg", "max"])
def test_adaptive_pool_agrees_to_second_order(kind, x, size):
    spatial = {(2, 3, 7): 1, (3, 8): 1, (2, 2, 4, 6, 5): 3}.get(x, 2)
    name = f"adaptive_{kind}_pool{spatial}d"
    more = {"return_indices": True} if kind == "max" else {}
    assert_twins(getattr(TF, name), getattr(F, name), x, output_size=size, **more)


@pytest.mark.parametrize(
    ("name", "x", "settings"),
    [
        ("lp_pool1d", (2, 3, 9), {"norm_type": 2, "kernel_size": 3}),
        ("lp_pool2d", (2, 3, 6, 7), {"norm_type": 2, "kernel_size": 3, "stride": 2}),
        ("lp_pool2d", (2, 3, 6, 7), {"norm_type": 2.0, "kernel_size": 2, "ceil_mode": True}),
        ("lp_pool3d", (2, 2, 4, 4, 5), {"norm_type": 4, "kernel_size": 2}),
    ],
)
def test_lp_pool_agrees(name, x, settings):
    assert_twins(getattr(TF, name), getattr(F, name), x, double=False, **settings)


@pytest.mark.parametrize(
    ("spatial", "x", "settings"),
    [
        (1, (2, 3, 8), {"kernel_size": 2}),
        (2, (2, 3, 7, 8), {"kernel_size": 2}),
        (2, (3, 7, 8), {"kernel_size": 2, "stride": 3, "padding": 1}),
        (3, (1, 2, 4, 4, 6), {"kernel_size": 2}),
    ],
)
def test_max_unpool_agrees_to_second_order(spatial, x, settings):
    data = torch.tensor(np.random.default_rng(0).standard_normal(x))
    pooled, indices = getattr(TF, f"max_pool{spatial}d")(data, return_indices=True, **settings)
    name = f"max_unpool{spatial}d"
    more = {**settings, "output_size": x[-spatial:]}
    assert_twins(
        getattr(TF, name),
        getattr(F, name),
        tuple(pooled.shape),
        indices.numpy(),
        **more,
    )


@pytest.mark.parametrize(
    ("spatial", "x", "settings"),
    [
        (2, (2, 3, 8, 9), {"kernel_size": 2, "output_size": (4, 5)}),
        (2, (3, 8, 9), {"kernel_size": (2, 3), "output_ratio": (0.5, 0.6)}),
        (2, (2, 3, 8, 9), {"kernel_size": 2, "output_size": (1, 5)}),
        (3, (2, 2, 6, 8, 7), {"kernel_size": 2, "output_size": (3, 5, 4)}),
    ],
)
def test_fractional_max_pool_agrees_on_given_samples(spatial, x, settings):
    lead = x[:2] if len(x) == spatial + 2 else (1, x[0])
    samples = np.random.default_rng(0).random((*lead, spatial))
    name = f"fractional_max_pool{spatial}d"
    theirs = {"return_indices": True, "_random_samples": torch.tensor(samples), **settings}
    ours = {"return_indices": True, "_random_samples": unison.tensor(samples), **settings}
    assert_twins(lambda v: getattr(TF, name)(v, **theirs), lambda v: getattr(F, name)(v, **ours), x)


def test_fractional_max_pool_draws_windows_inside():
    values, indices = F.fractional_max_pool2d(
        unison.arange(100.0).view(1, 1, 10, 10), 3, 5, return_indices=True
    )
    assert tuple(values.shape) == (1, 1, 5, 5)
    assert np.array_equal(values.numpy(), indices.numpy())
    assert values[0, 0, -1, -1].item() == 99


REFUSED = [
    ("max_pool2d", (1, 1, 1, 1), {"kernel_size": 2}, "too small"),
    ("max_pool2d", (1, 1, 4, 4), {"kernel_size": 2, "padding": 2}, "at most half of effective kernel size"),
    ("max_pool2d", (1, 1, 4, 4), {"kernel_size": 0}, "kernel_size must be at least 1"),
    ("max_pool2d", (1, 1, 4, 4), {"kernel_size": 2, "stride": 0}, "stride must be at least 1"),
    ("max_pool2d", (1, 1, 4, 4), {"kernel_size": 2, "dilation": 0}, "dilation must be at least 1"),
    ("max_pool2d", (4, 4), {"kernel_size": 2}, "3D or 4D .batch mode."),
    ("max_pool2d", (1, 1, 4, 4), {"kernel_size": (2, 2, 2)}, "a tuple of 2 ints"),
    ("max_pool2d", (1, 0, 4, 4), {"kernel_size": 2}, "positive lengths"),
    ("avg_pool2d", (1, 1, 4, 4), {"kernel_size": 2, "divisor_override": 0}, "divisor must be not zero"),
    ("avg_pool2d", (1, 1, 4, 4), {"kernel_size": 2, "padding": 2}, "at most half"),
    ("avg_pool2d", (1, 1, 1, 4), {"kernel_size": 2}, "too small"),
    ("adaptive_avg_pool2d", (1, 1, 4, 4), {"output_size": (2, -1)}, "greater than or equal to 0"),
    ("adaptive_max_pool2d", (4, 4), {"output_size": (2, 2)}, "at least 3"),
    ("fractional_max_pool2d", (1, 1, 4, 4), {"kernel_size": 2}, "output_size or an output_ratio"),
    ("fractional_max_pool2d", (1, 1, 4, 4), {"kernel_size": 3, "output_size": 4}, "do not fit"),
]


@pytest.mark.parametrize(("name", "x", "settings", "text"), REFUSED)
def test_pool_refuses_as_torch(name, x, settings, text):
    assert re.search(text, assert_refused_alike(getattr(TF, name), getattr(F, name), x, **settings))


def test_max_unpool_refuses_indices_out_of_range_and_sizes_out_of_reach():
    x = unison.ones(1, 1, 2, 2)
    far = unison.tensor([[[[0, 1], [2, 99]]]])
    with pytest.raises(RuntimeError, match="Found an invalid max index"):
        F.max_unpool2d(x, far, 2)
    with pytest.raises(ValueError, match="invalid output_size"):
        F.max_unpool2d(x, far, 2, output_size=(9, 9))
    with pytest.raises(RuntimeError, match="should be type int64"):
        F.max_unpool2d(x, far.to(unison.int32), 2)


@pytest.mark.parametrize("settings", [
    {"kernel": (2, 2), "stride": (2, 2), "padding": (0, 0), "ceil_mode": False},
    {"kernel": (3, 2), "stride": (2, 1), "padding": (1, 1), "ceil_mode": True},
])  # fmt: skip
@pytest.mark.parametrize(
    "op", ["max_pool", "max_pool_with_indices", "max_pool_backward", "avg_pool", "avg_pool_backward"]
)
def test_body_agrees_with_kernel(op, settings):
    """What a backend without a kernel of its own runs."""
    x = unison.tensor(np.random.default_rng(0).standard_normal((2, 3, 7, 6)))
    attrs = {**settings, "dilation": (1, 1)}
    out = ops.max_pool(x, **attrs)
    g = unison.tensor(np.random.default_rng(1).standard_normal(tuple(out.shape)))
    inputs = {"max_pool_backward": (g, x, out), "avg_pool_backward": (g,)}.get(op, (x,))
    if op.startswith("avg"):
        attrs = {**settings, "count_include_pad": False, "divisor": None}
    if op == "avg_pool_backward":
        attrs["size"] = (7, 6)
    function = getattr(ops, op)
    found, expected = function(*inputs, **attrs), function.operator.body(*inputs, **attrs)
    for a, b in zip(found, expected, strict=True) if isinstance(found, tuple) else [(found, expected)]:
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-12)
