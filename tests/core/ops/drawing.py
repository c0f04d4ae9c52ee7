"""From samples to arrays: the same numbers for a sample whatever the device, dtype or layout."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

import unison
from unison_core import dtypes
from unison_core.samples import Arg, Sample

__all__ = ["draw", "tensors", "usable"]


def _host_dtype(dtype: Any) -> np.dtype[Any]:
    if dtype is dtypes.bfloat16:
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(dtype.name)


def draw(arg: Arg, dtype: Any, seed: int) -> np.ndarray[Any, Any]:
    """The host array of one argument."""
    kind = arg.dtype or dtype
    rng = np.random.default_rng(zlib.crc32(repr((arg.shape, arg.low, arg.high, arg.make, seed)).encode()))
    values = _special(arg, rng) if arg.make else _numbers(arg, kind, rng)
    return np.asarray(values).astype(_host_dtype(kind))


def _numbers(arg: Arg, kind: Any, rng: np.random.Generator) -> Any:
    if kind is dtypes.bool_:
        return rng.integers(0, 2, arg.shape)
    if kind in dtypes.INTEGER:
        low = max(int(np.ceil(arg.low)), 0 if not kind.is_signed else int(np.ceil(arg.low)))
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


def _special(arg: Arg, rng: np.random.Generator) -> Any:
    if arg.make == "permutation":
        return rng.permuted(np.indices(arg.shape)[0], axis=0)
    if arg.make == "ordered":
        return np.sort(rng.uniform(arg.low, arg.high, arg.shape), axis=-1)
    square = rng.uniform(-1, 1, arg.shape)
    if arg.make == "symmetric":
        return square + np.swapaxes(square, -1, -2) + np.diag(np.arange(arg.shape[-1]) * 2.0)
    if arg.make == "positive_definite":
        return square @ np.swapaxes(square, -1, -2) + 2 * np.eye(arg.shape[-1])
    raise AssertionError(f"samples make {arg.make!r}, which the tests do not know")


def usable(op: Any, sample: Sample, dtype: Any) -> bool:
    """Whether the sample can be drawn in that dtype."""
    return all(
        not isinstance(x, Arg) or (x.dtype or dtype) in op.dtypes or op.promote.name != "NONE"
        for x in sample.inputs
    )


def tensors(sample: Sample, dtype: Any, device: str, layout: str = "contiguous", seed: int = 0) -> list[Any]:
    """The inputs on a device; `transposed` and `stepped` have the same elements on other strides."""
    out = []
    for i, x in enumerate(sample.inputs):
        if not isinstance(x, Arg):
            out.append(x)
            continue
        host = draw(x, dtype, seed + i)
        out.append(_laid_out(unison.from_numpy(np.array(host)).to(device), layout))
    return out


def _laid_out(t: Any, layout: str) -> Any:
    if layout == "transposed" and t.ndim >= 2:
        return t.transpose(0, -1).contiguous().transpose(0, -1)
    if layout == "stepped" and t.ndim >= 1:
        wide = unison.zeros((*t.shape[:-1], 2 * t.shape[-1] + 1), dtype=t.dtype, device=t.device)
        view = wide[..., 1 : 1 + 2 * t.shape[-1] : 2]
        view.copy_(t)
        return view
    return t
