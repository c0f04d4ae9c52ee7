"""The numbers of a case: the same whatever the device and the layout."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from unison_core import dtypes
from unison_core.dtypes import DType
from unison_core.samples import Arg

__all__ = ["draw", "host_dtype", "special_values"]


def host_dtype(dtype: DType) -> np.dtype[Any]:
    """NumPy's dtype object."""
    if dtype is dtypes.bfloat16:
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(dtype.name)


def draw(arg: Arg, dtype: DType, values: str, seed: int) -> np.ndarray[Any, Any]:
    """The host array of one argument.

    `values` is "ordinary" (the argument's domain) or "special" (zeros, infinities, NaN, subnormals, extremes
    of the dtype mixed into ordinary ones).
    """
    kind = arg.dtype or dtype
    key = repr((arg.shape, arg.low, arg.high, arg.make, values, seed))
    rng = np.random.default_rng(zlib.crc32(key.encode()))
    numbers = _constructed(arg, rng) if arg.make else _ordinary(arg, kind, rng)
    out = np.asarray(numbers).astype(host_dtype(kind))
    if values == "special" and out.size and not arg.make and arg.dtype is None:
        chosen = rng.random(out.shape) < 0.5
        out[chosen] = rng.choice(special_values(kind), int(chosen.sum()))
    return out


def special_values(dtype: DType) -> np.ndarray[Any, Any]:
    """The values at the edges of a dtype, each with its negative."""
    native = host_dtype(dtype)
    if dtype is dtypes.bool_:
        return np.array([False, True])
    if native.kind in "iu":
        info = np.iinfo(native)
        return np.array(sorted({info.min, info.min + 1, info.max - 1, info.max, 0, 1, info.min // 2}), native)
    if dtype.is_complex:
        real = special_values(dtypes.float32 if dtype is dtypes.complex64 else dtypes.float64)
        return (real[:, None] + 1j * real[None, :7]).ravel().astype(native)
    import ml_dtypes

    info = ml_dtypes.finfo(native)
    tiny, least, largest = info.smallest_normal, info.smallest_subnormal, info.max
    one = np.array(1, native)
    positive = np.array(
        [0, least, tiny - least, tiny, 0.5, 1 - info.eps / 2, 1, 1 + info.eps, 1.5, 2.5, 4, largest, np.inf]
    ).astype(native)
    return np.concatenate([positive, -positive, np.array([np.nan]).astype(native) * one])


def _ordinary(arg: Arg, kind: DType, rng: np.random.Generator) -> Any:
    if kind is dtypes.bool_:
        return rng.integers(0, 2, arg.shape)
    if kind in dtypes.INTEGER:
        low = int(np.ceil(arg.low)) if kind.is_signed else max(int(np.ceil(arg.low)), 0)
        return rng.integers(low, max(int(np.floor(arg.high)), low) + 1, arg.shape)
    if arg.distinct:
        count = int(np.prod(arg.shape))
        return rng.permutation(np.linspace(arg.low, arg.high, count + 1)[:count]).reshape(arg.shape)
    values = rng.uniform(arg.low, arg.high, arg.shape)
    if arg.away:
        fraction = values - np.floor(values)
        values = np.floor(values) + arg.away + fraction * (1 - 2 * arg.away)
    if kind.is_complex:
        values = values + 1j * rng.uniform(arg.low, arg.high, arg.shape)
    return values


def _constructed(arg: Arg, rng: np.random.Generator) -> Any:
    if arg.make == "permutation":
        return rng.permuted(np.indices(arg.shape)[0], axis=0)
    if arg.make == "ordered":
        return np.sort(rng.uniform(arg.low, arg.high, arg.shape), axis=-1)
    square = rng.uniform(-1, 1, arg.shape)
    if arg.make == "symmetric":
        return square + np.swapaxes(square, -1, -2) + np.diag(np.arange(arg.shape[-1]) * 2.0)
    if arg.make == "positive_definite":
        return square @ np.swapaxes(square, -1, -2) + 2 * np.eye(arg.shape[-1])
    raise AssertionError(f"samples make {arg.make!r}, which the suite does not know")
