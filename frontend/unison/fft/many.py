"""Transforms of several dimensions: `s` are the lengths, -1 leaves one as it is; `dim` the dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from unison.fft._shared import as_complex, as_real, axes, check_norm, resized, scaled
from unison.fft.one import to_real
from unison.functions._common import with_out
from unison_core import ops
from unison_core.errors import OperatorError

__all__ = [
    "fft2",
    "fftn",
    "hfft2",
    "hfftn",
    "ifft2",
    "ifftn",
    "ihfft2",
    "ihfftn",
    "irfft2",
    "irfftn",
    "rfft2",
    "rfftn",
]

Sizes = Sequence[int] | None
Dims = Sequence[int] | int | None


@with_out
def fftn(input: Any, s: Sizes = None, dim: Dims = None, norm: str | None = None) -> Any:
    """`fft` over dim, or over all dimensions (of s, the last ones).

    Raises:
        RuntimeError: a half type, no data, s and dim that do not go together, or an unknown norm.
        IndexError: a dimension is out of range.
    """
    return _whole("fftn", input, s, dim, norm, inverse=False)


@with_out
def ifftn(input: Any, s: Sizes = None, dim: Dims = None, norm: str | None = None) -> Any:
    """The inverse of `fftn`."""
    return _whole("ifftn", input, s, dim, norm, inverse=True)


@with_out
def rfftn(input: Any, s: Sizes = None, dim: Dims = None, norm: str | None = None) -> Any:
    """`fftn` of real input; of the last dimension the elements 0 ... n // 2.

    Raises:
        RuntimeError: complex or half input, no data or dimension, s and dim that do not go together, or an unknown
            norm.
        IndexError: a dimension is out of range.
    """
    return _from_real("rfftn", input, s, dim, norm, inverse=False)


@with_out
def irfftn(input: Any, s: Sizes = None, dim: Dims = None, norm: str | None = None) -> Any:
    """The inverse of `rfftn`: real."""
    return _to_real("irfftn", input, s, dim, norm, inverse=True)


@with_out
def hfftn(input: Any, s: Sizes = None, dim: Dims = None, norm: str | None = None) -> Any:
    """`hfft` over the last of the dimensions, `fft` over the others."""
    return _to_real("hfftn", input, s, dim, norm, inverse=False)


@with_out
def ihfftn(input: Any, s: Sizes = None, dim: Dims = None, norm: str | None = None) -> Any:
    """The inverse of `hfftn`, of real input."""
    return _from_real("ihfftn", input, s, dim, norm, inverse=True)


@with_out
def fft2(input: Any, s: Sizes = None, dim: Dims = (-2, -1), norm: str | None = None) -> Any:
    """`fftn` over two dimensions."""
    return _whole("fft2", input, s, dim, norm, inverse=False)


@with_out
def ifft2(input: Any, s: Sizes = None, dim: Dims = (-2, -1), norm: str | None = None) -> Any:
    """`ifftn` over two dimensions."""
    return _whole("ifft2", input, s, dim, norm, inverse=True)


@with_out
def rfft2(input: Any, s: Sizes = None, dim: Dims = (-2, -1), norm: str | None = None) -> Any:
    """`rfftn` over two dimensions."""
    return _from_real("rfft2", input, s, dim, norm, inverse=False)


@with_out
def irfft2(input: Any, s: Sizes = None, dim: Dims = (-2, -1), norm: str | None = None) -> Any:
    """`irfftn` over two dimensions."""
    return _to_real("irfft2", input, s, dim, norm, inverse=True)


@with_out
def hfft2(input: Any, s: Sizes = None, dim: Dims = (-2, -1), norm: str | None = None) -> Any:
    """`hfftn` over two dimensions."""
    return _to_real("hfft2", input, s, dim, norm, inverse=False)


@with_out
def ihfft2(input: Any, s: Sizes = None, dim: Dims = (-2, -1), norm: str | None = None) -> Any:
    """`ihfftn` over two dimensions."""
    return _from_real("ihfft2", input, s, dim, norm, inverse=True)


def _whole(name: str, input: Any, s: Sizes, dim: Dims, norm: str | None, *, inverse: bool) -> Any:
    check_norm(norm)
    out, count = as_complex(name, input), 1
    for d, n in axes(name, out, s, dim):
        out = ops.fft_c2c(resized(out, d, n), dim=d, inverse=inverse)
        count *= out.array.shape[d]
    return scaled(out, count, norm, inverse=inverse)


def _from_real(name: str, input: Any, s: Sizes, dim: Dims, norm: str | None, *, inverse: bool) -> Any:
    """The last dimension from real numbers, then the others; inverse: the conjugates' exponents."""
    check_norm(norm)
    x, over = _some(name, as_real(name, input), s, dim)
    (last, n), others = over[-1], over[:-1]
    x = resized(x, last, n)
    count = x.array.shape[last]
    out = ops.fft_r2c(x, dim=last)
    out = ops.conj(out) if inverse else out
    for d, length in others:
        out = ops.fft_c2c(resized(out, d, length), dim=d, inverse=inverse)
        count *= out.array.shape[d]
    return scaled(out, count, norm, inverse=inverse)


def _to_real(name: str, input: Any, s: Sizes, dim: Dims, norm: str | None, *, inverse: bool) -> Any:
    """The other dimensions first, then the last to real numbers."""
    check_norm(norm)
    out, over = _some(name, as_complex(name, input), s, dim)
    (last, n), others = over[-1], over[:-1]
    count = 1
    for d, length in others:
        out = ops.fft_c2c(resized(out, d, length), dim=d, inverse=inverse)
        count *= out.array.shape[d]
    out = to_real(out if inverse else ops.conj(out), n, last)
    return scaled(out, count * out.array.shape[last], norm, inverse=inverse)


def _some(name: str, x: Any, s: Sizes, dim: Dims) -> tuple[Any, list[tuple[int, int | None]]]:
    over = axes(name, x, s, dim)
    if not over:
        raise OperatorError(f"{name} must transform at least one axis")
    return x, over
