"""Padding, resizing, sampling and shuffling of images against PyTorch."""

import re

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'parity'")

import unison  # noqa: E402
import unison.nn.functional as F  # noqa: E402
from tests.parity.ops.twins import assert_refused_alike, assert_twins  # noqa: E402

TF = torch.nn.functional

PAD = [
    ((4,), (1, 2), "constant"),
    ((2, 3, 4), (1, -2, 0, 3), "constant"),
    ((2, 3, 4, 5), (1, 2, 3, 0), "constant"),
    ((2, 5), (2, 3), "reflect"),
    ((2, 3, 5), (4, -1), "reflect"),
    ((2, 3, 4, 5), (1, 2, 3, 0), "reflect"),
    ((2, 3, 3, 4, 5), (1, 2, 3, 0, 1, 2), "reflect"),
    ((2, 3, 5), (7, 3), "replicate"),
    ((2, 3, 4, 5), (-1, 2, 3, -2), "replicate"),
    ((2, 3, 4, 5), (1, 1, 2, 0, 0, 2), "replicate"),
    ((2, 5), (5, 2), "circular"),
    ((2, 3, 5), (3, -1), "circular"),
    ((3, 4, 5), (-1, 3, 2, 1), "circular"),
]


@pytest.mark.parametrize(("x", "pad", "mode"), PAD)
def test_pad_agrees_to_second_order(x, pad, mode):
    assert_twins(TF.pad, F.pad, x, pad=pad, mode=mode)


def test_pad_writes_the_value():
    out = F.pad(unison.zeros(2, 2), (1, 0), value=7.5)
    assert out.numpy().tolist() == [[7.5, 0.0, 0.0], [7.5, 0.0, 0.0]]


@pytest.mark.parametrize(
    ("x", "settings", "text"),
    [
        ((2, 3), {"pad": (1, 2, 3)}, "divisible by 2"),
        ((2, 3), {"pad": (1, 2, 3, 4, 5, 6)}, "two times the input dimension"),
        ((2, 3), {"pad": (-2, -2)}, "negative output size"),
        ((1, 2, 3), {"pad": (3, 0), "mode": "reflect"}, "less than the corresponding input dimension"),
        ((1, 2, 3), {"pad": (4, 0), "mode": "circular"}, "wrapping around more than once"),
        ((1, 2, 3), {"pad": (1, 1), "mode": "mirror"}, "Unrecognised padding mode mirror"),
        ((3,), {"pad": (1, 1), "mode": "reflect"}, "non-constant padding"),
    ],
)
def test_pad_refuses_as_torch(x, settings, text):
    assert re.search(text, assert_refused_alike(TF.pad, F.pad, x, **settings))


RESIZE = [
    ((2, 3, 5), {"size": 8}, ("nearest", "nearest-exact", "linear", "area")),
    ((2, 3, 6), {"scale_factor": 0.5}, ("nearest", "nearest-exact", "linear", "area")),
    ((2, 3, 4, 5), {"size": (7, 3)}, ("nearest", "nearest-exact", "bilinear", "bicubic", "area")),
    ((2, 3, 4, 5), {"scale_factor": 2}, ("nearest", "nearest-exact", "bilinear", "bicubic", "area")),
    ((2, 3, 4, 5), {"scale_factor": (1.7, 0.6)}, ("nearest", "nearest-exact", "bilinear", "bicubic", "area")),
    (
        (2, 3, 4, 5),
        {"scale_factor": 1.7, "recompute_scale_factor": True},
        ("nearest", "nearest-exact", "bilinear", "bicubic"),
    ),
    ((2, 3, 4, 5), {"size": (4, 5)}, ("nearest", "bilinear", "bicubic")),
    ((1, 2, 3, 4, 5), {"size": (2, 6, 5)}, ("nearest", "nearest-exact", "trilinear", "area")),
]


@pytest.mark.parametrize(
    ("x", "settings", "mode"), [(x, s, mode) for x, s, modes in RESIZE for mode in modes], ids=str
)
def test_interpolate_agrees_to_second_order(x, settings, mode):
    assert_twins(TF.interpolate, F.interpolate, x, mode=mode, **settings)


@pytest.mark.parametrize(
    ("x", "mode"),
    [
        ((2, 3, 5), "linear"),
        ((2, 3, 4, 5), "bilinear"),
        ((2, 3, 4, 5), "bicubic"),
        ((1, 2, 3, 4, 5), "trilinear"),
    ],
)
@pytest.mark.parametrize("scale", [0.7, 1.9])
def test_interpolate_agrees_with_aligned_corners(x, mode, scale):
    assert_twins(TF.interpolate, F.interpolate, x, mode=mode, scale_factor=scale, align_corners=True)


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
@pytest.mark.parametrize("settings", [{"size": (3, 4)}, {"scale_factor": 0.4}, {"size": (12, 15)}])
def test_antialiased_interpolate_agrees(mode, settings):
    assert_twins(TF.interpolate, F.interpolate, (2, 3, 9, 10), mode=mode, antialias=True, **settings)


def test_nearest_picks_the_same_sources_at_every_size():
    """At some sizes rounding decides, as at 50 -> 115."""
    for n, size, dtype in (
        (3, 123, "f8"),
        (50, 97, "f4"),
        (50, 99, "f4"),
        (50, 115, "f4"),
        (50, 115, "f8"),
        (10, 77, "f8"),
    ):
        x = np.arange(n, dtype=dtype).reshape(1, 1, n)
        for mode in ("nearest", "nearest-exact"):
            ours = F.interpolate(unison.tensor(x), size=size, mode=mode)
            assert np.array_equal(ours.numpy(), TF.interpolate(torch.tensor(x), size=size, mode=mode).numpy())


@pytest.mark.filterwarnings("ignore:.*is deprecated")
@pytest.mark.parametrize("name", ["upsample_nearest", "upsample_bilinear", "upsample"])
def test_upsample_agrees(name):
    assert_twins(getattr(TF, name), getattr(F, name), (2, 3, 4, 5), scale_factor=2)


@pytest.mark.parametrize(
    ("x", "settings", "text"),
    [
        ((1, 1, 4), {}, "either size or scale_factor"),
        ((1, 1, 4), {"size": 2, "scale_factor": 2}, "only one of size or scale_factor"),
        ((1, 1, 4), {"size": (2, 2)}, "same number of spatial dimensions"),
        ((1, 1, 4), {"scale_factor": (2, 2)}, "same number of spatial dimensions"),
        ((1, 1, 4), {"size": 2, "mode": "bilinear"}, "bilinear mode needs 4D"),
        ((1, 1, 4), {"size": 2, "mode": "quartic"}, "got quartic"),
        ((1, 1, 4), {"size": 2, "align_corners": True}, "align_corners option can only be set"),
        ((1, 1, 4), {"size": 2, "antialias": True}, "Anti-alias option is restricted"),
        ((1, 1, 4), {"size": 0}, "greater than 0"),
    ],
)
def test_interpolate_refuses_as_torch(x, settings, text):
    assert re.search(text, assert_refused_alike(TF.interpolate, F.interpolate, x, **settings))


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
def test_grid_sample_agrees(mode, padding, align_corners):
    """A third of the normally distributed points lie outside."""
    settings = {"mode": mode, "padding_mode": padding, "align_corners": align_corners}
    assert_twins(TF.grid_sample, F.grid_sample, (2, 3, 5, 6), (2, 4, 3, 2), double=False, **settings)
    if mode != "bicubic":
        assert_twins(
            TF.grid_sample, F.grid_sample, (2, 2, 3, 4, 5), (2, 2, 3, 2, 3), double=False, **settings
        )


def test_nearest_grid_sample_of_nan_spoils_nothing_else():
    grid = unison.tensor([[[[float("nan"), 0.0], [0.0, 0.0]]]]).requires_grad_()
    out = F.grid_sample(unison.ones(1, 1, 3, 3), grid, mode="nearest", align_corners=False)
    assert out[0, 0, 0, 1].item() == 1
    out[0, 0, 0, 1].backward()
    assert not grid.grad.numpy().any()


def test_grid_sample_of_one_pixel_agrees():
    settings = {"padding_mode": "reflection", "align_corners": True}
    assert_twins(TF.grid_sample, F.grid_sample, (1, 2, 1, 1), (1, 2, 3, 2), double=False, **settings)


@pytest.mark.filterwarnings("ignore:Since version 1.3.0")
@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize(("theta", "size"), [((2, 2, 3), (2, 3, 4, 5)), ((2, 3, 4), (2, 1, 3, 1, 4))])
def test_affine_grid_agrees(theta, size, align_corners):
    assert_twins(TF.affine_grid, F.affine_grid, theta, size=size, align_corners=align_corners)


@pytest.mark.parametrize(
    ("x", "grid", "settings", "text"),
    [
        ((1, 1, 4), (1, 2, 2), {}, "expected 4D or 5D input"),
        ((2, 1, 4, 4), (1, 2, 2, 2), {}, "same batch size"),
        ((1, 1, 4, 4), (1, 2, 2, 3), {}, "size 2 in last dimension"),
        ((1, 1, 4, 4), (1, 2, 2, 2), {"mode": "cubic"}, "expected mode to be"),
        ((1, 1, 4, 4), (1, 2, 2, 2), {"padding_mode": "wrap"}, "expected padding_mode to be"),
    ],
)
def test_grid_sample_refuses_as_torch(x, grid, settings, text):
    message = assert_refused_alike(TF.grid_sample, F.grid_sample, x, grid, align_corners=False, **settings)
    assert re.search(text, message)


@pytest.mark.parametrize(
    ("name", "x", "settings"),
    [
        ("pixel_shuffle", (2, 12, 3, 4), {"upscale_factor": 2}),
        ("pixel_shuffle", (9, 3, 4), {"upscale_factor": 3}),
        ("pixel_unshuffle", (2, 3, 4, 6), {"downscale_factor": 2}),
        ("channel_shuffle", (2, 6, 3, 4), {"groups": 3}),
    ],
)
def test_shuffle_agrees(name, x, settings):
    assert_twins(getattr(TF, name), getattr(F, name), x, **settings)


@pytest.mark.parametrize(
    ("name", "x", "settings", "text"),
    [
        ("pixel_shuffle", (3, 4), {"upscale_factor": 2}, "at least 3 dimensions"),
        ("pixel_shuffle", (3, 4, 4), {"upscale_factor": 2}, "not divisible by 4"),
        ("pixel_shuffle", (4, 4, 4), {"upscale_factor": 0}, "positive upscale_factor"),
        ("pixel_unshuffle", (3, 5, 4), {"downscale_factor": 2}, "divisible by downscale_factor"),
        ("channel_shuffle", (1, 5, 4, 4), {"groups": 2}, "divisible by groups"),
    ],
)
def test_shuffle_refuses_as_torch(name, x, settings, text):
    assert re.search(text, assert_refused_alike(getattr(TF, name), getattr(F, name), x, **settings))


@pytest.mark.parametrize("mode", [0, 1, 2])
@pytest.mark.parametrize("padding", [0, 1, 2])
def test_grid_sampler_takes_numbers_as_in_torch(mode, padding):
    assert_twins(
        lambda x, g: torch.grid_sampler(x, g, mode, padding, True),
        lambda x, g: unison.grid_sampler(x, g, mode, padding, True),
        (1, 2, 4, 5),
        (1, 3, 3, 2),
        double=False,
    )


@pytest.mark.parametrize("transposed", [False, True])
def test_convolution_agrees(transposed):
    settings = ([2, 1], [1, 0], [1, 1], transposed, [0, 0], 1)
    assert_twins(
        lambda *t: torch.convolution(*t, *settings),
        lambda *t: unison.convolution(*t, *settings),
        (2, 3, 5, 6),
        (3, 3, 3, 2),
        (3,),
    )


def test_torch_namespace_returns_places_of_adaptive_maxima():
    x = np.random.default_rng(0).standard_normal((2, 3, 7))
    values, places = unison.adaptive_max_pool1d(unison.tensor(x), 3)
    expected, indices = torch.adaptive_max_pool1d(torch.tensor(x), 3)
    assert np.array_equal(values.numpy(), expected.numpy())
    assert np.array_equal(places.numpy(), indices.numpy())
