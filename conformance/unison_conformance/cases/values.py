"""The numbers of a case: the same whatever the device and the layout."""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import Any

import numpy as np

from unison_conformance.cases import points
from unison_core import dtypes
from unison_core.dtypes import DType
from unison_core.operator import Operator
from unison_core.samples import Arg, Sample

__all__ = ["applicable_values", "draw", "host_dtype", "resized", "special_values"]


# One element in so many is NaN, and one at least.
_NANS = 1 / 8


def host_dtype(dtype: DType) -> np.dtype[Any]:
    """NumPy's dtype object."""
    if dtype is dtypes.bfloat16:
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(dtype.name)


def draw(arg: Arg, dtype: DType, values: str, seed: int) -> np.ndarray[Any, Any]:
    """The host array of one argument.

    `values` is "ordinary" (the argument's domain), "special" (zeros, infinities, NaN, subnormals, extremes of the
    dtype mixed into ordinary ones), "nan" (a few of them, and ordinary numbers), "ties" (few distinct values, halves
    among them) or "large" (finite numbers whose exponentials are not). For "spread", "extremes" and "exhaustive" the
    sample must have been `resized`.
    """
    kind = arg.dtype or dtype
    key = repr((arg.shape, arg.low, arg.high, arg.make, values, seed))
    rng = np.random.default_rng(zlib.crc32(key.encode()))
    if arg.make.startswith(points.MARK):
        return points.draw(arg, kind, rng)
    numbers = _constructed(arg, rng) if arg.make else _ordinary(arg, kind, rng)
    out = np.asarray(numbers).astype(host_dtype(kind))
    if arg.make == "ordered":
        # Negative numbers come out as large ones in unsigned types.
        out = np.sort(out, axis=-1)
    if not out.size or arg.make or arg.dtype is not None:
        return out
    if values == "special":
        chosen = rng.random(out.shape) < 0.5
        out[chosen] = rng.choice(allowed(special_values(kind), arg), int(chosen.sum()))
    elif values == "nan":
        chosen = np.array(rng.random(out.shape) < _NANS)
        chosen.reshape(-1)[rng.integers(out.size)] = True
        out[chosen] = np.nan
    elif values == "ties":
        out = np.asarray(rng.choice(tie_values(kind), out.shape))
    elif values == "large":
        out = np.asarray(out.astype(np.float64) * 3000).astype(out.dtype)
    return out


def allowed(values: Any, arg: Arg) -> Any:
    """Without the zeros, where an integer divides: those are errors."""
    return values[values != 0] if arg.low > 0 and values.dtype.kind in "iu" else values


def tie_values(dtype: DType) -> np.ndarray[Any, Any]:
    """Few values, so that every one comes several times; of floats those half-way between integers."""
    native = host_dtype(dtype)
    if dtype is dtypes.bool_:
        return np.array([False, True])
    if native.kind in "iu":
        return np.array([1, 2, 5], native)
    return np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.0]).astype(native)


def applicable_values(op: Operator, dtype: DType) -> tuple[str, ...]:
    """The classes of values that an operator is tried on in a dtype."""
    names = ["ordinary"]
    elementwise = op.theme == "elementwise"
    known = op.name in _SPECIAL or (op.name in _PRODUCTS and dtype.is_floating_point)
    if elementwise or known or (op.name in _WRAPPING and dtype in dtypes.INTEGER):
        names.append("special")
    if elementwise and dtype is not dtypes.bool_:
        names.append("spread")
    if op.name in _ORDERING and dtype in dtypes.INEXACT:
        names.append("nan")
    if op.name in _LARGE and dtype.is_floating_point:
        names.append("large")
    if op.name in _TIED and dtype is not dtypes.bool_:
        names.append("ties")
    if dtype.is_floating_point and (op.name in points.CENTRES or op.name == "pow"):
        names.append("extremes")
    if elementwise and len(op.data) == 1 and dtype in (dtypes.float16, dtypes.bfloat16):
        names.append("exhaustive")
    return tuple(names)


_TIED = {
    "amax",
    "amin",
    "argmax",
    "argmin",
    "cummax",
    "cummin",
    "maximum",
    "minimum",
    "round",
    "searchsorted",
    "sort",
}


_SPECIAL = _TIED | {
    "all",
    "any",
    "as_strided",
    "cat",
    "cast",
    "copy",
    "diagonal",
    "expand",
    "flip",
    "gather",
    "index",
    "index_select",
    "log_softmax",
    "logsumexp",
    "max_pool",
    "max_pool_with_indices",
    "nonzero",
    "pad",
    "permute",
    "reshape",
    "roll",
    "slice",
    "softmax",
    "unfold",
    "unslice",
    "view",
}
# What they do with NaN is a choice that other values do not show.
_ORDERING = (_TIED | {"all", "any", "max_pool", "max_pool_with_indices", "nonzero", "scatter_reduce"}) - {
    "maximum",
    "minimum",
    "round",
    "searchsorted",
}
# Integers wrap, so the largest ones may be added and multiplied.
_WRAPPING = {"cumprod", "cumsum", "linear", "matmul", "prod", "sum"}
# Of complex numbers, what a product with an infinity is depends on how it is formed.
_PRODUCTS = {"linear", "matmul", "sum"}
_LARGE = {"log_softmax", "logcumsumexp", "logsumexp", "softmax"}


def resized(op: Operator, sample: Sample, dtype: DType, values: str) -> Sample:
    """The sample with its tensors replaced by long vectors, where the class of values asks for them.

    Operators with attributes keep the sample's; None and numbers stay.
    """
    if values not in points.LENGTHS:
        return sample
    count = sum(isinstance(x, Arg) for x in sample.inputs)
    length = points.length(op.name, dtype, values, count)
    inputs = [
        replace(
            x, shape=(length,), make=f"{points.MARK}{values}:{op.name}:{i}:{count}", away=0.0, distinct=False
        )
        if isinstance(x, Arg)
        else x
        for i, x in enumerate(sample.inputs)
    ]
    return replace(sample, inputs=tuple(inputs))


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
    values = np.full(arg.shape, arg.low) if arg.low == arg.high else rng.uniform(arg.low, arg.high, arg.shape)
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
