"""Sampling images at points, and moving elements between channels and pixels."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any

from unison.nn.functional.interpolation import cubic_weights
from unison_core import dtypes, ops
from unison_core.errors import NotSupportedError, OperatorError, OperatorValueError

__all__ = [
    "affine_grid",
    "channel_shuffle",
    "grid_sample",
    "native_channel_shuffle",
    "pixel_shuffle",
    "pixel_unshuffle",
]


def pixel_shuffle(input: Any, upscale_factor: int) -> Any:
    """(*, c r^2, h, w) as (*, c, h r, w r): channels become pixels (Shi et al., 2016).

    Raises:
        RuntimeError: fewer than three dimensions, or channels that r^2 does not divide.
    """
    shape, r = tuple(input.shape), upscale_factor
    _check_shuffle("pixel_shuffle", shape, "upscale_factor", r)
    lead, (channels, h, w) = shape[:-3], shape[-3:]
    if channels % (r * r):
        raise OperatorError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of "
            f"upscale_factor, but input.size(-3)={channels} is not divisible by {r * r}"
        )
    n = len(lead)
    apart = ops.reshape(input, shape=(*lead, channels // (r * r), r, r, h, w))
    moved = ops.permute(apart, dims=(*range(n), n, n + 3, n + 1, n + 4, n + 2))
    return ops.reshape(moved, shape=(*lead, channels // (r * r), h * r, w * r))


def pixel_unshuffle(input: Any, downscale_factor: int) -> Any:
    """(*, c, h r, w r) as (*, c r^2, h, w): the inverse of pixel_shuffle.

    Raises:
        RuntimeError: fewer than three dimensions, or lengths that r does not divide.
    """
    shape, r = tuple(input.shape), downscale_factor
    _check_shuffle("pixel_unshuffle", shape, "downscale_factor", r)
    lead, (channels, h, w) = shape[:-3], shape[-3:]
    if h % r or w % r:
        raise OperatorError(
            f"pixel_unshuffle expects height and width to be divisible by downscale_factor, but {h} x {w} is "
            f"not by {r}"
        )
    n = len(lead)
    apart = ops.reshape(input, shape=(*lead, channels, h // r, r, w // r, r))
    moved = ops.permute(apart, dims=(*range(n), n, n + 2, n + 4, n + 1, n + 3))
    return ops.reshape(moved, shape=(*lead, channels * r * r, h // r, w // r))


def _check_shuffle(name: str, shape: tuple[int, ...], what: str, factor: int) -> None:
    if len(shape) < 3:
        raise OperatorError(
            f"{name} expects input to have at least 3 dimensions, but got input with {len(shape)} "
            "dimension(s)"
        )
    if factor <= 0:
        raise OperatorError(f"{name} expects a positive {what}, but got {factor}")


def channel_shuffle(input: Any, groups: int) -> Any:
    """The channels of input (n, c, *) dealt out in turns: those of each group lie `groups` apart (Zhang et al., 2018).

    Raises:
        RuntimeError: fewer than three dimensions, or channels that groups do not divide.
    """
    shape = tuple(input.shape)
    if len(shape) < 3:
        raise OperatorError(
            f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(shape)}"
        )
    if groups <= 0:
        raise OperatorError(
            f"Number of groups to divide channels in must be positive. Value of groups:{groups}"
        )
    if shape[1] % groups:
        raise OperatorError(
            f"Number of channels must be divisible by groups. Got {shape[1]} channels and {groups} groups."
        )
    apart = ops.reshape(input, shape=(shape[0], groups, shape[1] // groups, prod(shape[2:])))
    return ops.reshape(ops.permute(apart, dims=(0, 2, 1, 3)), shape=shape)


native_channel_shuffle = channel_shuffle


def affine_grid(theta: Any, size: Any, align_corners: bool | None = None) -> Any:
    """The points (n, h, w, 2) or (n, d, h, w, 3) that matrices theta map an image of `size` from, in [-1, 1].

    Raises:
        RuntimeError: theta's dtype or shape does not fit.
        NotImplementedError: another number of dimensions than four or five.
    """
    size = tuple(int(n) for n in size)
    spatial = len(size) - 2
    if theta.dtype not in dtypes.FLOATING:
        raise OperatorValueError(f"Expected theta to have floating point type, but got {theta.dtype.name}")
    if spatial not in (2, 3):
        raise NotSupportedError(
            f"affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms; got {size}"
        )
    if tuple(theta.shape) != (size[0], spatial, spatial + 1):
        raise OperatorValueError(
            f"Expected a batch of {size[0]} matrices of shape {spatial}x{spatial + 1} for size {size}, got "
            f"{list(theta.shape)}"
        )
    if min(size) <= 0:
        raise OperatorValueError(f"Expected non-zero, positive output size. Got {size}")
    lengths = size[2:]
    one = ops.full(shape=(), value=1, dtype=theta.dtype, device=theta.device)
    parts = [_ticks(n, d, spatial, bool(align_corners), theta) for d, n in reversed(list(enumerate(lengths)))]
    columns = [ops.reshape(ops.expand(p, shape=lengths), shape=(prod(lengths), 1)) for p in (*parts, one)]
    base = ops.cat(*columns, dim=1)
    return ops.view(ops.matmul(base, ops.transpose_last(theta)), shape=(size[0], *lengths, spatial))


def _ticks(n: int, d: int, spatial: int, align_corners: bool, like: Any) -> Any:
    """Coordinates along dimension d, shaped to broadcast over the others."""
    place = ops.cast(ops.arange(end=n, dtype=dtypes.int64, device=like.device), dtype=like.dtype)
    if n <= 1:
        place = ops.mul(place, 0.0)
    elif align_corners:
        place = ops.sub(ops.mul(place, 2 / (n - 1)), 1.0)
    else:
        place = ops.sub(ops.mul(ops.add(ops.mul(place, 2.0), 1.0), 1 / n), 1.0)
    return ops.view(place, shape=tuple(n if i == d else 1 for i in range(spatial)))


def grid_sample(
    input: Any,
    grid: Any,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Any:
    """input (n, c, *spatial) at the points of grid (n, *out, dims): coordinates in [-1, 1], last dimension first.

    mode: "bilinear", "nearest", "bicubic" (four dimensions only). padding_mode, for points outside: "zeros", "border",
    "reflection". With align_corners -1 and 1 are the centres of the corner pixels, else their outer edges.

    Raises:
        ValueError: an unknown mode.
        RuntimeError: the shapes or dtypes do not fit.
    """
    if mode not in ("bilinear", "nearest", "bicubic"):
        raise OperatorValueError(
            "nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: "
            f"'{mode}'"
        )
    if padding_mode not in ("zeros", "border", "reflection"):
        raise OperatorValueError(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or 'reflection', "
            f"but got: '{padding_mode}'"
        )
    _check_grid(input, grid, mode)
    size = tuple(input.shape[2:])
    spatial = len(size)
    points = [
        _pixels(ops.slice(grid, key=(..., spatial - 1 - d)), size[d], bool(align_corners))
        for d in range(spatial)
    ]
    sampler = _Sampler(input, size, padding_mode, bool(align_corners))
    if mode == "nearest":
        out = sampler.at([ops.round(sampler.kept(p, d)) for d, p in enumerate(points)])
        out = ops.add(out, _nothing_of(points[0])) if grid.tracked else out
    elif mode == "bilinear":
        out = _bilinear(sampler, [sampler.kept(p, d) for d, p in enumerate(points)])
    else:
        out = _bicubic(sampler, points)
    return ops.view(out, shape=(*input.shape[:2], *grid.shape[1:-1]))


def _nothing_of(p: Any) -> Any:
    """Zeros that depend on p: the gradient of a grid whose points are rounded is zero, not absent."""
    zero = ops.full(shape=(), value=0, dtype=p.dtype, device=p.device)
    return ops.mul(ops.where(ops.isfinite(p), p, zero), zero)


def _check_grid(input: Any, grid: Any, mode: str) -> None:
    spatial = input.array.ndim - 2
    if spatial not in (2, 3) or grid.array.ndim != input.array.ndim:
        raise OperatorError(
            "grid_sampler(): expected 4D or 5D input and grid with same number of dimensions, but got input "
            f"with sizes {list(input.shape)} and grid with sizes {list(grid.shape)}"
        )
    if grid.shape[0] != input.shape[0]:
        raise OperatorError(
            "grid_sampler(): expected grid and input to have same batch size, but got input with sizes "
            f"{list(input.shape)} and grid with sizes {list(grid.shape)}"
        )
    if grid.shape[-1] != spatial:
        raise OperatorError(
            f"grid_sampler(): expected grid to have size {spatial} in last dimension, but got grid with "
            f"sizes {list(grid.shape)}"
        )
    if 0 in input.shape[2:]:
        raise OperatorError(
            "grid_sampler(): expected input to have non-empty spatial dimensions, but input has sizes "
            f"{list(input.shape)}"
        )
    if mode == "bicubic" and spatial != 2:
        raise OperatorError("grid_sampler(): bicubic interpolation only supports 4D input")
    if grid.dtype is not input.dtype:
        raise OperatorError(
            f"grid_sampler(): expected input and grid to have same dtype, but input has {input.dtype.name} "
            f"and grid has {grid.dtype.name}"
        )


def _pixels(c: Any, n: int, align_corners: bool) -> Any:
    """Coordinates in [-1, 1] as places between 0 and n - 1."""
    c = ops.reshape(c, shape=(c.shape[0], 1, prod(c.shape[1:])))
    if align_corners:
        return ops.mul(ops.add(c, 1.0), (n - 1) / 2)
    return ops.mul(ops.sub(ops.mul(ops.add(c, 1.0), float(n)), 1.0), 0.5)


class _Sampler:
    """Reads an image at integral points (n, 1, points), with a rule for points outside."""

    def __init__(self, input: Any, size: tuple[int, ...], padding: str, align_corners: bool) -> None:
        self.size, self.padding, self.align_corners = size, padding, align_corners
        self.data = ops.reshape(input, shape=(*input.shape[:2], prod(size)))

    def kept(self, p: Any, d: int) -> Any:
        """Points along dimension d, brought inside if the rule says so."""
        n = self.size[d]
        if self.padding == "reflection":
            low, high = (0.0, n - 1.0) if self.align_corners else (-0.5, n - 0.5)
            p = ops.mul(p, 0.0) if high <= low else _reflected(p, low, high - low)
        return p if self.padding == "zeros" else ops.clamp(p, 0.0, n - 1.0)

    def at(self, points: list[Any]) -> Any:
        """The values (n, c, points) at whole-numbered coordinates; zero outside."""
        flat = inside = None
        for n, p in zip(self.size, points, strict=True):
            fits = ops.logical_and(ops.ge(p, 0.0), ops.le(p, n - 1.0))
            index = ops.cast(ops.where(fits, p, ops.mul(fits, 0.0)), dtype=dtypes.int64)
            flat = index if flat is None else ops.add(ops.mul(flat, n), index)
            inside = fits if inside is None else ops.logical_and(inside, fits)
        lead = tuple(self.data.shape[:2])
        values = ops.gather(self.data, ops.expand(flat, shape=(*lead, flat.shape[2])), dim=2)
        return ops.where(
            inside, values, ops.full(shape=(), value=0, dtype=values.dtype, device=values.device)
        )


def _reflected(p: Any, low: float, span: float) -> Any:
    """p mirrored at low and low + span until it lies between them."""
    away = ops.abs(ops.sub(p, low))
    turns = ops.floor(ops.mul(away, 1 / span))
    extra = ops.sub(away, ops.mul(turns, span))
    even = ops.eq(ops.remainder(turns, 2.0), 0.0)
    return ops.add(ops.where(even, extra, ops.sub(span, extra)), low)


def _bilinear(sampler: _Sampler, points: list[Any]) -> Any:
    lows = [ops.floor(p) for p in points]
    shares = [ops.sub(p, low) for p, low in zip(points, lows, strict=True)]
    out = None
    for corner in product((0, 1), repeat=len(points)):
        weight = None
        for side, share in zip(corner, shares, strict=True):
            part = share if side else ops.sub(1.0, share)
            weight = part if weight is None else ops.mul(weight, part)
        place = [ops.add(low, float(side)) if side else low for side, low in zip(corner, lows, strict=True)]
        value = ops.mul(sampler.at(place), weight)
        out = value if out is None else ops.add(out, value)
    return out


def _bicubic(sampler: _Sampler, points: list[Any]) -> Any:
    lows = [ops.floor(p) for p in points]
    rows, columns = (cubic_weights(ops.sub(p, low)) for p, low in zip(points, lows, strict=True))
    out = None
    for i, j in product(range(4), range(4)):
        place = [
            sampler.kept(ops.add(low, float(k - 1)), d)
            for d, (low, k) in enumerate(zip(lows, (i, j), strict=True))
        ]
        value = ops.mul(sampler.at([ops.round(p) for p in place]), ops.mul(rows[i], columns[j]))
        out = value if out is None else ops.add(out, value)
    return out
