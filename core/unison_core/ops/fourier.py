"""Discrete Fourier transforms along one dimension, not normalised: scales are the caller's."""

from __future__ import annotations

from math import pi
from typing import Any

from unison_core import ops
from unison_core.dtypes import COMPLEX, DType, float32, float64, int64
from unison_core.errors import OperatorError
from unison_core.operator import Array, composite
from unison_core.ops._shared import scalar_like
from unison_core.samples import arg, bad, good
from unison_core.spec import Spec, wrap_dim

__all__ = ["fft_c2c", "fft_c2r", "fft_r2c"]

_PRODUCT = 32
"""Lengths up to which, and odd lengths for which, the transform is a product with the matrix of roots."""


def _along(name: str, x: Spec, dim: int, length: int) -> tuple[int, ...]:
    d = wrap_dim(dim, x.ndim)
    if length < 1 or x.shape[d] < 1:
        raise OperatorError(f"{name}: Invalid number of data points ({min(length, x.shape[d])}) specified")
    return tuple(length if i == d else n for i, n in enumerate(x.shape))


def _last(x: Any, dim: int) -> Any:
    """x with that dimension moved to the end; its own inverse is `_back`."""
    d, n = wrap_dim(dim, len(x.shape)), len(x.shape)
    return x if d == n - 1 else ops.permute(x, dims=(*(i for i in range(n) if i != d), d))


def _back(x: Any, dim: int) -> Any:
    d, n = wrap_dim(dim, len(x.shape)), len(x.shape)
    return x if d == n - 1 else ops.permute(x, dims=(*range(d), n - 1, *range(d, n - 1)))


def _key(dim: int, ndim: int, part: slice) -> tuple[Any, ...]:
    return (*(slice(None),) * wrap_dim(dim, ndim), part, ...)


def _roots(steps: Any, length: int, real: DType, inverse: bool) -> Any:
    """exp(-+ 2 pi i steps / length), of integers: whole turns, and half ones, are taken off before anything rounds."""
    turn, half = scalar_like(length, steps), scalar_like(length // 2, steps)
    steps = ops.sub(ops.remainder(ops.add(steps, half), turn), half)
    steps = ops.cast(steps, dtype=real)
    angle = ops.mul(steps, scalar_like((2 if inverse else -2) * pi / length, steps))
    return ops.complex(ops.cos(angle), ops.sin(angle))


def _count(n: int, x: Any) -> Any:
    return ops.arange(start=0, end=n, step=1, dtype=int64, device=x.device)


def _transform(x: Any, inverse: bool) -> Any:
    """Along the last dimension: even lengths from the halves of even and odd places (Cooley and Tukey, 1965).

    Both halves are one batch, so that the number of calls grows like the logarithm of the length.
    """
    n, real = x.shape[-1], x.dtype.to_real()
    if n <= _PRODUCT or n % 2:
        steps = ops.mul(ops.slice(_count(n, x), key=(slice(None), None)), _count(n, x))
        return ops.matmul(x, _roots(steps, n, real, inverse))
    lead = len(x.shape) - 1
    pairs = ops.reshape(x, shape=(*x.shape[:-1], n // 2, 2))
    halves = _transform(ops.permute(pairs, dims=(*range(lead), lead + 1, lead)), inverse)
    even, odd = (ops.slice(halves, key=(..., part, slice(None))) for part in (0, 1))
    odd = ops.mul(odd, _roots(_count(n // 2, x), n, real, inverse))
    return ops.cat(ops.add(even, odd), ops.sub(even, odd), dim=lead)


@composite(dtypes=COMPLEX)
def fft_c2c(x: Array, *, dim: int, inverse: bool = False) -> Array:
    """X[k] = sum of x[n] exp(-2 pi i n k / N) over dim, of N elements; inverse: with + in the exponent, no 1/N.

    Raises:
        RuntimeError: nothing along dim.
    """
    moved = _last(x, dim)
    rows = moved if len(moved.shape) > 1 else ops.slice(moved, key=(None,))
    out = _transform(rows, inverse)
    return _back(out if len(moved.shape) > 1 else ops.slice(out, key=(0,)), dim)


@fft_c2c.infer
def fft_c2c_infer(x: Spec, *, dim: int, inverse: bool) -> Spec:
    return x.like(_along("fft_c2c", x, dim, x.shape[wrap_dim(dim, x.ndim)]))


@fft_c2c.vjp()
def fft_c2c_vjp(g: Any, out: Any, x: Any, *, dim: int, inverse: bool) -> Any:
    return fft_c2c(g, dim=dim, inverse=not inverse)


@fft_c2c.samples
def fft_c2c_samples() -> Any:
    for inverse in (False, True):
        yield good(arg(8), dim=0, inverse=inverse)
        yield good(arg(3, 5), dim=1, inverse=inverse)
        yield good(arg(2, 6, 3), dim=1, inverse=inverse)
    yield good(arg(1, 40), dim=-1, inverse=False)
    yield bad(RuntimeError, "number of data points", arg(2, 0), dim=1, inverse=False)
    yield bad(IndexError, "Dimension out of range", arg(2, 3), dim=2, inverse=False)


@composite(dtypes=(float32, float64))
def fft_r2c(x: Array, *, dim: int) -> Array:
    """The elements 0 ... N // 2 of the transform of real x along dim; the others are their conjugates.

    Raises:
        RuntimeError: nothing along dim.
    """
    n = x.shape[wrap_dim(dim, len(x.shape))]
    whole = fft_c2c(ops.complex(x, ops.mul(x, scalar_like(0, x))), dim=dim, inverse=False)
    return ops.slice(whole, key=_key(dim, len(x.shape), slice(0, n // 2 + 1)))


@fft_r2c.infer
def fft_r2c_infer(x: Spec, *, dim: int) -> Spec:
    n = x.shape[wrap_dim(dim, x.ndim)]
    shape = _along("fft_r2c", x, dim, n // 2 + 1)
    return x.like(shape, x.dtype.to_complex())


@fft_r2c.vjp(specs="x")
def fft_r2c_vjp(g: Any, out: Any, x: Any, *, dim: int) -> Any:
    """The real part of the inverse transform of g, followed by zeros."""
    d = wrap_dim(dim, len(x.shape))
    rest = x.shape[d] - g.shape[d]
    padded = ops.pad(g, widths=tuple((0, rest if i == d else 0) for i in range(len(x.shape))), value=0)
    return ops.real(fft_c2c(padded, dim=dim, inverse=True))


@fft_r2c.samples
def fft_r2c_samples() -> Any:
    for n in (1, 2, 7, 8):
        yield good(arg(n), dim=0)
    yield good(arg(3, 6, 2), dim=1)
    yield good(arg(2, 50), dim=-1)
    yield bad(RuntimeError, "number of data points", arg(2, 0), dim=1)


@composite(dtypes=COMPLEX)
def fft_c2r(x: Array, *, dim: int, length: int) -> Array:
    """The real inverse transform, not divided, of the elements 0 ... length // 2 along dim.

    The imaginary parts of element 0, and of the last if length is even, are left out: they belong to no real signal.

    Raises:
        RuntimeError: length is below 1, or there are not length // 2 + 1 elements.
    """
    d = wrap_dim(dim, len(x.shape))
    upper = ops.slice(x, key=_key(d, len(x.shape), slice(1, (length + 1) // 2)))
    whole = ops.cat(x, ops.conj(ops.flip(upper, dims=(d,))), dim=d)
    return ops.real(fft_c2c(whole, dim=d, inverse=True))


@fft_c2r.infer
def fft_c2r_infer(x: Spec, *, dim: int, length: int) -> Spec:
    shape = _along("fft_c2r", x, dim, length)
    have = x.shape[wrap_dim(dim, x.ndim)]
    if have != length // 2 + 1:
        raise OperatorError(
            f"fft_c2r: a real signal of length {length} has {length // 2 + 1} elements, but dimension {dim} has {have}"
        )
    return x.like(shape, x.dtype.to_real())


@fft_c2r.vjp(specs="x")
def fft_c2r_vjp(g: Any, out: Any, x: Any, *, dim: int, length: int) -> Any:
    """The transform of g; the elements that stand for their conjugates as well count twice."""
    d, ndim = wrap_dim(dim, len(x.shape)), len(x.shape)
    back = fft_r2c(g, dim=dim)
    n, mirrored = back.shape[d], (length - 1) // 2
    first, middle, last = (
        ops.slice(back, key=_key(d, ndim, part))
        for part in (slice(0, 1), slice(1, 1 + mirrored), slice(1 + mirrored, n))
    )
    return ops.cat(first, ops.mul(middle, scalar_like(2, middle)), last, dim=d)


@fft_c2r.samples
def fft_c2r_samples() -> Any:
    for length in (1, 2, 7, 8):
        yield good(arg(length // 2 + 1), dim=0, length=length)
    yield good(arg(3, 4, 2), dim=1, length=6)
    yield good(arg(2, 26), dim=-1, length=50)
    yield bad(RuntimeError, "has 4 elements", arg(2, 3), dim=1, length=6)
    yield bad(RuntimeError, "number of data points", arg(2, 1), dim=1, length=0)
