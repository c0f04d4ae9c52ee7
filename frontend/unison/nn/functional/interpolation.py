"""Resizing: every mode is separable, so each dimension is one matrix product with its table of weights.

The weights follow the usual conventions: sources at scale * (i + 1/2) - 1/2, or scale * i with align_corners; cubic
convolution by Keys (1981) with a = -3/4, and -1/2 where antialias widens the filters.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from unison.functions._common import need_dtype
from unison.nn.functional.adaptive_pooling import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
    along,
)
from unison_core import dtypes, ops
from unison_core.errors import NotSupportedError, OperatorError, OperatorTypeError, OperatorValueError

__all__ = ["interpolate", "upsample", "upsample_bilinear", "upsample_nearest"]

Sizes = tuple[int, ...]
_DIMENSIONS = {"linear": 1, "bilinear": 2, "bicubic": 2, "trilinear": 3}
_NEAREST = ("nearest", "nearest-exact")
_AREA = {1: adaptive_avg_pool1d, 2: adaptive_avg_pool2d, 3: adaptive_avg_pool3d}


def interpolate(
    input: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Any:
    """input (n, c, *spatial) resized to `size`, or to its lengths times scale_factor.

    mode: "nearest", "nearest-exact", "area", "linear" (one spatial dimension), "bilinear", "bicubic" (two),
    "trilinear" (three). antialias is for "bilinear" and "bicubic".

    Raises:
        ValueError: both or neither of size and scale_factor, their lengths, or options that do not go together.
        NotImplementedError: neither floating nor uint8, an unknown mode, or one for another number of dimensions.
    """
    need_dtype(f"interpolate(mode={mode!r})", dtypes.FLOATING | {dtypes.uint8}, input)
    spatial = input.array.ndim - 2
    _check_options(mode, align_corners, antialias, spatial)
    target, scales = _target(input, spatial, size, scale_factor)
    if recompute_scale_factor:
        if scales is None:
            raise OperatorValueError("recompute_scale_factor is not meaningful with an explicit size.")
        scales = None
    if any(n < 1 for n in target) or 0 in input.shape[1:]:
        raise OperatorError(
            f"Input and output sizes should be greater than 0, but got input {list(input.shape)} and output "
            f"{list(target)}"
        )
    if mode == "area":
        return _AREA[spatial](input, target)
    if mode in _NEAREST:
        return _nearest(input, target, scales, exact=mode == "nearest-exact")
    return _weighted(input, target, scales, mode, bool(align_corners), antialias)


def _check_options(mode: str, align_corners: bool | None, antialias: bool, spatial: int) -> None:
    known = (*_NEAREST, "area", *_DIMENSIONS)
    if mode not in known or spatial not in (1, 2, 3):
        raise NotSupportedError(
            f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {spatial + 2}D) for the modes: "
            f"{' | '.join(known)} (got {mode})"
        )
    if mode in _DIMENSIONS and _DIMENSIONS[mode] != spatial:
        raise NotSupportedError(
            f"Got {spatial + 2}D input, but {mode} mode needs {_DIMENSIONS[mode] + 2}D input"
        )
    if mode not in _DIMENSIONS and align_corners is not None:
        raise OperatorValueError(
            "align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic "
            "| trilinear"
        )
    if antialias and mode not in ("bilinear", "bicubic"):
        raise OperatorValueError(
            "Anti-alias option is restricted to bilinear and bicubic modes and requires a 4-D input"
        )


def _target(input: Any, spatial: int, size: Any, scale_factor: Any) -> tuple[Sizes, tuple[float, ...] | None]:
    """The spatial lengths of the result, and the scale factors if they were given."""
    if size is not None and scale_factor is not None:
        raise OperatorValueError("only one of size or scale_factor should be defined")
    if size is not None:
        sizes = tuple(size) if isinstance(size, (tuple, list)) else (size,) * spatial
        if len(sizes) != spatial:
            raise OperatorValueError(
                "Input and output must have the same number of spatial dimensions, but got input with "
                f"spatial dimensions of {list(input.shape[2:])} and output size of {size}."
            )
        if any(not hasattr(n, "__index__") for n in sizes):
            raise OperatorTypeError(f"expected size to be one of int or Tuple[int], but got {size!r}")
        return tuple(n.__index__() for n in sizes), None
    if scale_factor is None:
        raise OperatorValueError("either size or scale_factor should be defined")
    scales = tuple(scale_factor) if isinstance(scale_factor, (tuple, list)) else (scale_factor,) * spatial
    if len(scales) != spatial:
        raise OperatorValueError(
            "Input and scale_factor must have the same number of spatial dimensions, but got input with "
            f"spatial dimensions of {list(input.shape[2:])} and scale_factor of shape {scale_factor}."
        )
    scales = tuple(float(s) for s in scales)
    return tuple(math.floor(n * s) for n, s in zip(input.shape[2:], scales, strict=True)), scales


def _counted(count: int, dtype: Any, device: Any) -> Any:
    return ops.cast(ops.arange(end=count, dtype=dtypes.int64, device=device), dtype=dtype)


def _nearest(input: Any, target: Sizes, scales: tuple[float, ...] | None, *, exact: bool) -> Any:
    size = tuple(input.shape[2:])
    if all(t % n == 0 for n, t in zip(size, target, strict=True)) and scales in (
        None,
        tuple(t / n for n, t in zip(size, target, strict=True)),
    ):
        return _repeated(input, size, target)
    for d, (n, t) in enumerate(zip(size, target, strict=True)):
        scale = 1 / scales[d] if scales else n / t
        place = _counted(t, _wide(input.dtype), input.device)
        if exact:
            place = ops.sub(ops.mul(ops.add(place, 0.5), scale), 0.5)
            place = ops.add(ops.maximum(place, 0.0), 0.5)
        else:
            place = ops.mul(place, scale)
        # Single precision decides in the end, so that a source that only just lies below a whole number is that number.
        place = ops.floor(ops.cast(place, dtype=dtypes.float32))
        index = ops.minimum(ops.cast(place, dtype=dtypes.int64), n - 1)
        input = ops.index_select(input, index, dim=2 + d)
    return input


def _wide(dtype: Any) -> Any:
    """The type that weights and places are computed in."""
    return dtype if dtype in (dtypes.float32, dtypes.float64) else dtypes.float32


def _repeated(input: Any, size: Sizes, target: Sizes) -> Any:
    """Each element repeated a whole number of times."""
    lead = tuple(input.shape[:2])
    apart = [m for n in size for m in (n, 1)]
    wide = [m for n, t in zip(size, target, strict=True) for m in (n, t // n)]
    out = ops.expand(ops.reshape(input, shape=(*lead, *apart)), shape=(*lead, *wide))
    return ops.view(ops.copy(out), shape=(*lead, *target))


def _weighted(
    input: Any,
    target: Sizes,
    scales: tuple[float, ...] | None,
    mode: str,
    align_corners: bool,
    antialias: bool,
) -> Any:
    dtype, wide = input.dtype, _wide(input.dtype)
    out = input if dtype is wide else ops.cast(input, dtype=wide)
    cubic = mode == "bicubic"
    table = _antialiased if antialias else (_cubic if cubic else _linear)
    for d, (n, t) in enumerate(zip(input.shape[2:], target, strict=True)):
        scale = _scale(n, t, scales[d] if scales else None, align_corners)
        if n == t and scale == 1:
            continue
        out = along(out, 2 + d, table(n, t, scale, align_corners, cubic, wide, input.device))
    if dtype is wide:
        return ops.copy(out) if out is input else out
    if not dtype.is_floating_point:
        out = ops.clamp(ops.round(out), 0, 255)
    return ops.cast(out, dtype=dtype)


def _scale(n: int, t: int, given: float | None, align_corners: bool) -> float:
    """How many source steps one step of the result takes."""
    if align_corners:
        return (n - 1) / (t - 1) if t > 1 else 0.0
    return 1 / given if given else n / t


def _sources(t: int, scale: float, align_corners: bool, dtype: Any, device: Any) -> Any:
    place = _counted(t, dtype, device)
    if align_corners:
        return ops.mul(place, scale)
    return ops.sub(ops.mul(ops.add(place, 0.5), scale), 0.5)


def _tap(index: Any, weight: Any, n: int) -> Any:
    """The (t, n) matrix with weight[i] at index[i] of row i, indices clamped to the data."""
    index = ops.clamp(index, 0, n - 1)
    column = ops.view(index, shape=(index.shape[0], 1))
    hit = ops.eq(ops.arange(end=n, dtype=dtypes.int64, device=index.device), column)
    return ops.mul(ops.cast(hit, dtype=weight.dtype), ops.view(weight, shape=(weight.shape[0], 1)))


def _linear(n: int, t: int, scale: float, align_corners: bool, cubic: bool, dtype: Any, device: Any) -> Any:
    source = ops.maximum(_sources(t, scale, align_corners, dtype, device), 0.0)
    low = ops.minimum(ops.floor(source), float(n - 1))
    share = ops.clamp(ops.sub(source, low), 0.0, 1.0)
    index = ops.cast(low, dtype=dtypes.int64)
    return ops.add(_tap(index, ops.sub(1.0, share), n), _tap(ops.add(index, 1), share, n))


def cubic_weights(t: Any) -> tuple[Any, Any, Any, Any]:
    """The weights of the four neighbours of a point at t in [0, 1) between the middle two."""
    a = -0.75

    def near(x: Any) -> Any:
        return ops.add(ops.mul(ops.mul(ops.sub(ops.mul(x, a + 2), a + 3), x), x), 1.0)

    def far(x: Any) -> Any:
        return ops.sub(ops.mul(ops.add(ops.mul(ops.sub(ops.mul(x, a), 5 * a), x), 8 * a), x), 4 * a)

    rest = ops.sub(1.0, t)
    return far(ops.add(t, 1.0)), near(t), near(rest), far(ops.add(rest, 1.0))


def _cubic(n: int, t: int, scale: float, align_corners: bool, cubic: bool, dtype: Any, device: Any) -> Any:
    source = _sources(t, scale, align_corners, dtype, device)
    low = ops.floor(source)
    index = ops.cast(low, dtype=dtypes.int64)
    weights = cubic_weights(ops.sub(source, low))
    out = _tap(ops.sub(index, 1), weights[0], n)
    for i, weight in enumerate(weights[1:]):
        out = ops.add(out, _tap(ops.add(index, i), weight, n))
    return out


def _antialiased(
    n: int, t: int, scale: float, align_corners: bool, cubic: bool, dtype: Any, device: Any
) -> Any:
    """Filters as wide as the step, normalised."""
    stretch = max(scale, 1.0)
    support = (2.0 if cubic else 1.0) * stretch
    center = ops.view(ops.mul(ops.add(_counted(t, dtype, device), 0.5), scale), shape=(t, 1))
    place = _counted(n, dtype, device)
    first = ops.maximum(ops.trunc(ops.add(ops.sub(center, support), 0.5)), 0.0)
    last = ops.minimum(ops.trunc(ops.add(ops.add(center, support), 0.5)), float(n))
    inside = ops.logical_and(ops.ge(place, first), ops.lt(place, last))
    distance = ops.abs(ops.mul(ops.add(ops.sub(place, center), 0.5), 1 / stretch))
    shape: Callable[[Any], Any] = _keys if cubic else _triangle
    weight = ops.mul(shape(distance), ops.cast(inside, dtype=dtype))
    return ops.div(weight, ops.sum(weight, dim=(1,), keepdim=True))


def _triangle(x: Any) -> Any:
    return ops.maximum(ops.sub(1.0, x), 0.0)


def _keys(x: Any) -> Any:
    a = -0.5
    near = ops.add(ops.mul(ops.mul(ops.sub(ops.mul(x, a + 2), a + 3), x), x), 1.0)
    far = ops.sub(ops.mul(ops.add(ops.mul(ops.sub(ops.mul(x, a), 5 * a), x), 8 * a), x), 4 * a)
    return ops.where(ops.lt(x, 1.0), near, ops.where(ops.lt(x, 2.0), far, ops.mul(x, 0.0)))


def upsample(
    input: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Any:
    """interpolate under its older name."""
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input: Any, size: Any = None, scale_factor: Any = None) -> Any:
    """interpolate with mode "nearest"."""
    return interpolate(input, size, scale_factor, mode="nearest")


def upsample_bilinear(input: Any, size: Any = None, scale_factor: Any = None) -> Any:
    """interpolate with mode "bilinear" and align_corners."""
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)
