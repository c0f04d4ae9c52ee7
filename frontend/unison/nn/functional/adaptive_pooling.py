"""Pooling to a given size: windows that cover the data evenly, or start at random places."""

from __future__ import annotations

from math import prod
from typing import Any

from unison.nn.functional._sizes import batched, per_dimension
from unison_core import dtypes, ops
from unison_core.errors import OperatorError, OperatorValueError

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool1d",
    "adaptive_max_pool1d_with_indices",
    "adaptive_max_pool2d",
    "adaptive_max_pool2d_with_indices",
    "adaptive_max_pool3d",
    "adaptive_max_pool3d_with_indices",
    "fractional_max_pool2d",
    "fractional_max_pool2d_with_indices",
    "fractional_max_pool3d",
    "fractional_max_pool3d_with_indices",
]

Sizes = tuple[int, ...]


def adaptive_avg_pool1d(input: Any, output_size: Any) -> Any:
    """The means of output_size windows that cover the last dimension evenly."""
    return _adaptive_avg("adaptive_avg_pool1d", 1, input, output_size)


def adaptive_avg_pool2d(input: Any, output_size: Any) -> Any:
    """The means of output_size windows that cover the last two dimensions evenly; None keeps a length."""
    return _adaptive_avg("adaptive_avg_pool2d", 2, input, output_size)


def adaptive_avg_pool3d(input: Any, output_size: Any) -> Any:
    """The means of output_size windows that cover the last three dimensions evenly; None keeps a length."""
    return _adaptive_avg("adaptive_avg_pool3d", 3, input, output_size)


def adaptive_max_pool1d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """The maxima of output_size windows that cover the last dimension evenly, and with return_indices their places."""
    return _adaptive_max("adaptive_max_pool1d", 1, input, output_size, return_indices)


def adaptive_max_pool2d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """The maxima of windows that cover the last two dimensions evenly, and with return_indices their flat places."""
    return _adaptive_max("adaptive_max_pool2d", 2, input, output_size, return_indices)


def adaptive_max_pool3d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """The maxima of windows that cover the last three dimensions evenly, and with return_indices their flat places."""
    return _adaptive_max("adaptive_max_pool3d", 3, input, output_size, return_indices)


def adaptive_max_pool1d_with_indices(input: Any, output_size: Any, return_indices: bool = True) -> Any:
    """adaptive_max_pool1d and the int64 places of the maxima."""
    return _adaptive_max("adaptive_max_pool1d", 1, input, output_size, True)


def adaptive_max_pool2d_with_indices(input: Any, output_size: Any, return_indices: bool = True) -> Any:
    """adaptive_max_pool2d and the int64 flat places of the maxima."""
    return _adaptive_max("adaptive_max_pool2d", 2, input, output_size, True)


def adaptive_max_pool3d_with_indices(input: Any, output_size: Any, return_indices: bool = True) -> Any:
    """adaptive_max_pool3d and the int64 flat places of the maxima."""
    return _adaptive_max("adaptive_max_pool3d", 3, input, output_size, True)


def _target(name: str, spatial: int, input: Any, output_size: Any) -> tuple[Sizes, Sizes]:
    """The spatial lengths of the data and of the result.

    Raises:
        RuntimeError: a length is negative, or the data are empty.
    """
    size = tuple(input.shape)[-spatial:]
    if isinstance(output_size, (tuple, list)):
        if len(output_size) == 1:
            output_size = tuple(output_size) * spatial
        if len(output_size) != spatial:
            raise OperatorError(
                f"{name}: output_size must have {spatial} elements, but got {list(output_size)}"
            )
        given = [n if want is None else want for want, n in zip(output_size, size, strict=True)]
    else:
        given = list(size) if output_size is None else [output_size] * spatial
    target = per_dimension(name, "output_size", given, spatial)
    if any(n < 0 for n in target):
        raise OperatorError(
            f"{name}: elements of output_size must be greater than or equal to 0, but got {target}"
        )
    if 0 in size:
        raise OperatorError(
            f"{name}: Expected input to have non-zero size for non-batch dimensions, but input has sizes "
            f"{list(input.shape)}"
        )
    return size, target


def _check_dimensions(spatial: int, input: Any, output_size: Any) -> None:
    """A ValueError, as PyTorch has it, where a sequence of sizes meets too few dimensions."""
    if spatial > 1 and isinstance(output_size, (tuple, list)) and input.array.ndim <= len(output_size):
        raise OperatorValueError(
            f"Input dimension should be at least {len(output_size) + 1}, but input has shape {list(input.shape)}"
        )


def _is_even(size: Sizes, target: Sizes) -> bool:
    return all(t > 0 and n % t == 0 for n, t in zip(size, target, strict=True))


def _edges(length: int, count: int, device: Any) -> tuple[Any, Any]:
    """Where the windows that cover `length` evenly start and end: floor(i n / m), ceil((i + 1) n / m)."""
    i = ops.arange(end=count, dtype=dtypes.int64, device=device)
    start = ops.floor_divide(ops.mul(i, length), max(count, 1))
    end = ops.floor_divide(ops.add(ops.mul(ops.add(i, 1), length), max(count, 1) - 1), max(count, 1))
    return start, end


def _adaptive_avg(name: str, spatial: int, input: Any, output_size: Any) -> Any:
    _check_dimensions(spatial, input, output_size)
    input, single = batched(name, input, spatial)
    size, target = _target(name, spatial, input, output_size)
    if all(n == 1 for n in target):
        out = ops.mean(input, dim=tuple(range(2, 2 + spatial)), keepdim=True)
    elif _is_even(size, target):
        kernel = tuple(n // t for n, t in zip(size, target, strict=True))
        out = ops.avg_pool(
            input,
            kernel=kernel,
            stride=kernel,
            padding=(0,) * spatial,
            ceil_mode=False,
            count_include_pad=True,
            divisor=None,
        )
    else:
        wide = dtypes.float32 if input.dtype.bits == 16 else input.dtype
        out = ops.cast(input, dtype=wide) if wide is not input.dtype else input
        for d, (n, t) in enumerate(zip(size, target, strict=True)):
            out = along(out, 2 + d, _averaging(n, t, wide, input.device))
        out = ops.cast(out, dtype=input.dtype) if wide is not input.dtype else out
    return ops.slice(out, key=(0,)) if single else out


def _averaging(length: int, count: int, dtype: Any, device: Any) -> Any:
    """The (count, length) matrix of the windows' means."""
    start, end = _edges(length, count, device)
    place = ops.arange(end=length, dtype=dtypes.int64, device=device)
    start, end = ops.view(start, shape=(count, 1)), ops.view(end, shape=(count, 1))
    inside = ops.logical_and(ops.ge(place, start), ops.lt(place, end))
    return ops.div(ops.cast(inside, dtype=dtype), ops.cast(ops.sub(end, start), dtype=dtype))


def along(x: Any, dim: int, matrix: Any) -> Any:
    """matrix (m, n) applied to dimension `dim` of x, of length n."""
    shape = tuple(x.shape)
    before, after = prod(shape[:dim]), prod(shape[dim + 1 :])
    if after == 1:
        out = ops.matmul(ops.reshape(x, shape=(before, shape[dim])), ops.transpose_last(matrix))
    else:
        out = ops.matmul(matrix, ops.reshape(x, shape=(before, shape[dim], after)))
    return ops.reshape(out, shape=(*shape[:dim], matrix.shape[0], *shape[dim + 1 :]))


def _adaptive_max(name: str, spatial: int, input: Any, output_size: Any, return_indices: bool) -> Any:
    if not isinstance(output_size, (int, tuple, list)) or (
        not isinstance(output_size, int) and len(output_size) not in (1, spatial)
    ):
        raise OperatorError(f"{name}: output_size must have {spatial} elements, but got {output_size!r}")
    _check_dimensions(spatial, input, output_size)
    input, single = batched(name, input, spatial)
    size, target = _target(name, spatial, input, output_size)
    if _is_even(size, target):
        kernel = tuple(n // t for n, t in zip(size, target, strict=True))
        values, indices = ops.max_pool_with_indices(
            input,
            kernel=kernel,
            stride=kernel,
            padding=(0,) * spatial,
            dilation=(1,) * spatial,
            ceil_mode=False,
        )
    else:
        values, indices = _max_of(
            input, size, [_adaptive_taps(n, t, input.device) for n, t in zip(size, target, strict=True)]
        )
    if single:
        values, indices = ops.slice(values, key=(0,)), ops.slice(indices, key=(0,))
    return (values, indices) if return_indices else values


def _adaptive_taps(length: int, count: int, device: Any) -> Any:
    """(count, widest) places of each window's elements; narrower windows repeat their last."""
    start, end = _edges(length, count, device)
    widest = max((-((-(i + 1) * length) // count) - i * length // count for i in range(count)), default=1)
    taps = ops.add(
        ops.view(start, shape=(count, 1)), ops.arange(end=widest, dtype=dtypes.int64, device=device)
    )
    return ops.minimum(taps, ops.view(ops.sub(end, 1), shape=(count, 1)))


def _max_of(input: Any, size: Sizes, taps: list[Any]) -> tuple[Any, Any]:
    """The maxima over windows given by their places along each dimension, and their flat places.

    taps: for each dimension (count, width), or (n, c, count, width) where windows differ between channels.
    """
    lead = tuple(input.shape[:2])
    spatial = len(size)
    flat = None
    for d, t in enumerate(taps):
        ones = tuple(1 if i != d else None for i in range(spatial))
        own = tuple(t.shape[:-2])
        shape = (
            *own,
            *(t.shape[-2] if n is None else 1 for n in ones),
            *(t.shape[-1] if n is None else 1 for n in ones),
        )
        placed = ops.view(t, shape=shape)
        flat = placed if flat is None else ops.add(ops.mul(flat, size[d]), placed)
    counts = tuple(t.shape[-2] for t in taps)
    width = prod(t.shape[-1] for t in taps)
    windows = ops.reshape(flat, shape=(*flat.shape[: -2 * spatial], prod(counts), width))
    places = ops.expand(windows, shape=(*lead, prod(counts), width))
    data = ops.reshape(input, shape=(*lead, prod(size)))
    parts = ops.reshape(places, shape=(*lead, prod(counts) * width))
    parts = ops.view(ops.gather(data, parts, dim=2), shape=(*lead, prod(counts), width))
    best = ops.argmax(parts, dim=3, keepdim=True)
    values = ops.view(ops.gather(parts, best, dim=3), shape=(*lead, *counts))
    return values, ops.view(ops.gather(places, best, dim=3), shape=(*lead, *counts))


def fractional_max_pool2d(
    input: Any,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Any = None,
) -> Any:
    """Maxima of windows whose starts advance by a random mix of two steps (Graham, Fractional Max-Pooling, 2014).

    Raises:
        ValueError: neither output_size nor output_ratio is given, or a ratio is not in (0, 1).
    """
    return _fractional(
        "fractional_max_pool2d",
        2,
        input,
        kernel_size,
        output_size,
        output_ratio,
        return_indices,
        _random_samples,
    )


def fractional_max_pool3d(
    input: Any,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Any = None,
) -> Any:
    """Maxima over three dimensions of windows at random places; see fractional_max_pool2d."""
    return _fractional(
        "fractional_max_pool3d",
        3,
        input,
        kernel_size,
        output_size,
        output_ratio,
        return_indices,
        _random_samples,
    )


def fractional_max_pool2d_with_indices(
    input: Any,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = True,
    _random_samples: Any = None,
) -> Any:
    """fractional_max_pool2d and the int64 flat places of the maxima."""
    return fractional_max_pool2d(input, kernel_size, output_size, output_ratio, True, _random_samples)


def fractional_max_pool3d_with_indices(
    input: Any,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = True,
    _random_samples: Any = None,
) -> Any:
    """fractional_max_pool3d and the int64 flat places of the maxima."""
    return fractional_max_pool3d(input, kernel_size, output_size, output_ratio, True, _random_samples)


def _fractional(
    name: str,
    spatial: int,
    input: Any,
    kernel_size: Any,
    output_size: Any,
    output_ratio: Any,
    return_indices: bool,
    samples: Any,
) -> Any:
    if (output_size is None) == (output_ratio is None):
        raise OperatorValueError(f"{name} requires specifying either an output_size or an output_ratio")
    input, single = batched(name, input, spatial)
    size = tuple(input.shape[2:])
    kernel = per_dimension(name, "kernel_size", kernel_size, spatial)
    if output_size is None:
        ratios = (output_ratio,) * spatial if isinstance(output_ratio, (int, float)) else tuple(output_ratio)
        if any(not 0 < r < 1 for r in ratios):
            raise OperatorValueError(f"{name}: output_ratio must be between 0 and 1, but got {output_ratio}")
        output_size = tuple(int(n * r) for n, r in zip(size, ratios, strict=True))
    target = per_dimension(name, "output_size", output_size, spatial)
    if any(t < 1 or t + k - 1 > n for t, k, n in zip(target, kernel, size, strict=True)):
        raise OperatorError(
            f"{name}(): windows {kernel} and output_size {target} do not fit the input {list(size)}"
        )
    samples = _samples(name, input, spatial, samples)
    taps = [
        _fractional_taps(samples, _SAMPLE_OF[spatial][d], size[d], target[d], kernel[d])
        for d in range(spatial)
    ]
    values, indices = _max_of(input, size, taps)
    if single:
        values, indices = ops.slice(values, key=(0,)), ops.slice(indices, key=(0,))
    return (values, indices) if return_indices else values


# Which of a channel's random numbers serves which dimension, as in PyTorch.
_SAMPLE_OF = {2: (1, 0), 3: (0, 1, 2)}


def _samples(name: str, input: Any, spatial: int, samples: Any) -> Any:
    shape = (input.shape[0], input.shape[1], spatial)
    if samples is None:
        from unison.functions.random import rand

        return rand(*shape, dtype=input.dtype, device=input.device)
    # More than the batch needs are allowed, as PyTorch reads only those it needs.
    if tuple(samples.shape[1:]) != shape[1:] or samples.shape[0] < shape[0]:
        raise OperatorError(
            f"{name}: _random_samples must have shape {list(shape)}, but has {list(samples.shape)}"
        )
    return samples if tuple(samples.shape) == shape else ops.slice(samples, key=(slice(0, shape[0]),))


def _fractional_taps(samples: Any, which: int, length: int, count: int, width: int) -> Any:
    """(n, c, count, width) places: from int((i + u) a) - int(u a) on, a = (length - width) / (count - 1)."""
    u = ops.slice(samples, key=(slice(None), slice(None), slice(which, which + 1)))
    alpha = (length - width) / (count - 1) if count > 1 else 0.0
    i = ops.cast(ops.arange(end=count, dtype=dtypes.int64, device=samples.device), dtype=samples.dtype)
    start = ops.sub(ops.trunc(ops.mul(ops.add(i, u), alpha)), ops.trunc(ops.mul(u, alpha)))
    start = ops.cast(start, dtype=dtypes.int64)
    last = ops.eq(ops.arange(end=count, dtype=dtypes.int64, device=samples.device), count - 1)
    start = ops.where(
        last, ops.full(shape=(), value=length - width, dtype=dtypes.int64, device=samples.device), start
    )
    start = ops.view(start, shape=(*start.shape, 1))
    return ops.add(start, ops.arange(end=width, dtype=dtypes.int64, device=samples.device))
