"""Oracles of casts, ranges, random streams and windows against NumPy, ml_dtypes and published vectors."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

from unison_conformance.oracle import expected
from unison_conformance.oracle.random import philox, words
from unison_conformance.oracle.rounding import rounded
from unison_core import dtypes


def _edges(dtype: type) -> np.ndarray:
    """Every kind of number of float32 or float64: random bits, and the neighbourhood of ties and ends."""
    rng = np.random.default_rng(5)
    bits = rng.integers(0, 256, 4000 * np.dtype(dtype).itemsize, np.uint8)
    ties = 1 + np.arange(0, 64) / 2**12
    ends = [65504, 65519, 65520, 2.0**-25, 2.0**-24, 3 * 2.0**-25, 3.4e38, 0.0, -0.0]
    with np.errstate(invalid="ignore"):  # signalling NaN
        return np.concatenate([bits.view(dtype), ties, -ties, ends]).astype(dtype)


@pytest.mark.parametrize(
    ("dtype", "native"),
    [
        (dtypes.float16, np.dtype(np.float16)),
        (dtypes.bfloat16, np.dtype(ml_dtypes.bfloat16)),
        (dtypes.float32, np.dtype(np.float32)),
    ],
)
def test_cast_rounds_to_nearest_even(dtype: dtypes.DType, native: np.dtype) -> None:
    x = _edges(np.float32 if dtype is not dtypes.float32 else np.float64)
    with np.errstate(all="ignore"):
        wanted = x.astype(native).astype(np.float64)
    got = expected("cast", (x,), {"dtype": dtype})[0].value.hi
    np.testing.assert_array_equal(got, wanted)
    assert np.array_equal(np.signbit(got[x == 0]), np.signbit(x[x == 0]))


def test_cast_of_large_integers_rounds_once() -> None:
    x = np.array([2**53 + 1, 2**53 + 3, 2**63 - 1, -(2**63), 2**24 + 1], np.int64)
    got = expected("cast", (x,), {"dtype": dtypes.float64})[0].value.hi
    np.testing.assert_array_equal(got, [float(int(v)) for v in x])


def test_cast_to_integers_truncates_and_leaves_open_what_does_not_fit() -> None:
    x = np.array([-1.9, 2.9, 127.9, 128.0, np.nan, np.inf, -128.5])
    out = expected("cast", (x,), {"dtype": dtypes.int8})[0]
    assert out.free.tolist() == [False, False, False, True, True, True, False]
    assert out.value[~out.free].tolist() == [-1, 2, 127, -128]


def test_cast_to_bool_holds_nan_and_subnormals_true() -> None:
    x = np.array([0.0, -0.0, np.nan, 5e-324])
    assert expected("cast", (x,), {"dtype": dtypes.bool_})[0].value.tolist() == [False, False, True, True]
    z = np.array([0j, 1j])
    assert expected("cast", (z,), {"dtype": dtypes.bool_})[0].value.tolist() == [False, True]


def test_rounded_beyond_the_format_is_infinite() -> None:
    assert rounded(2**128 - 1, dtypes.float32) == np.inf
    assert rounded(2**128 - 2**104, dtypes.float32) == np.finfo(np.float32).max


def test_philox_gives_the_published_words() -> None:
    zeros, ones = (0, 0, 0, 0), (2**64 - 1,) * 4
    assert [f"{w:016x}" for w in philox(zeros, (0, 0))] == [
        "16554d9eca36314c",
        "db20fe9d672d0fdc",
        "d7e772cee186176b",
        "7e68b68aec7ba23b",
    ]
    assert f"{philox(ones, (2**64 - 1,) * 2)[0]:016x}" == "87b092c3013fe90b"


def test_streams_are_numpys() -> None:
    seed, stream = 2**63 + 5, 7
    numpy = np.random.Philox(key=seed, counter=((stream << 128) - 1) % 2**256).random_raw(9)
    assert list(words(9, 64, seed, stream)) == numpy.tolist()
    assert list(words(5, 32, seed, stream)) == numpy.view(np.uint32)[:5].tolist()


def test_arange_is_exact_in_fractions() -> None:
    out = expected("arange", (), {"start": 0.0, "end": 1.0, "step": 0.1, "dtype": dtypes.float64})[0]
    assert (np.abs(out.value.hi - np.arange(0.0, 1.0, 0.1)) <= np.spacing(1.0)).all()
    assert out.value.hi[3] + out.value.lo[3] == 3 * 0.1 or out.value.lo[3] != 0


def test_arange_is_as_long_as_float64_says() -> None:
    attrs = {"start": -1.5, "end": 1.5, "step": 0.3, "dtype": dtypes.float64}
    assert expected("arange", (), attrs)[0].shape == np.arange(-1.5, 1.5, 0.3).shape


def test_linspace_holds_its_ends() -> None:
    out = expected("linspace", (), {"start": 0.1, "end": 0.7, "steps": 4, "dtype": dtypes.float64})[0]
    assert (out.value.hi[0], out.value.hi[-1]) == (0.1, 0.7)
    assert out.scale[0] == out.scale[-1] == 0 < out.scale[1]


def test_windows_lie_as_sliding_window_view_has_them() -> None:
    x = np.arange(2 * 3 * 5 * 6, dtype=np.float32).reshape(2, 3, 5, 6)
    how = {"kernel": (3, 2), "stride": (1, 2), "padding": (0, 0), "dilation": (1, 1)}
    got = expected("im2col", (x,), how)[0].value
    views = np.lib.stride_tricks.sliding_window_view(x, (3, 2), axis=(2, 3))[:, :, :, ::2]
    np.testing.assert_array_equal(got, np.moveaxis(views, (2, 3), (4, 5)).reshape(2, 18, 9))


def test_col2im_is_the_adjoint_of_im2col() -> None:
    rng = np.random.default_rng(3)
    how = {"kernel": (3, 2), "stride": (1, 2), "padding": (1, 0), "dilation": (1, 1)}
    x, columns = rng.standard_normal((2, 3, 5, 6)), rng.standard_normal((2, 18, 15))
    back = expected("col2im", (columns,), {**how, "size": (5, 6)})[0].value.hi
    forth = expected("im2col", (x,), how)[0].value
    scale = np.abs(back * x).sum()
    assert abs((back * x).sum() - (forth * columns).sum()) <= x.size * np.spacing(scale)
