"""Transforms of one dimension.

`norm` is where 1/n stands: "backward" in the inverse transform, "forward" in the forward one, "ortho" its root in
both.
"""

from __future__ import annotations

from typing import Any

from unison.fft._shared import as_complex, as_real, axis, check_norm, resized, scaled
from unison.functions._common import with_out
from unison_core import ops
from unison_core.errors import OperatorError

__all__ = ["fft", "hfft", "ifft", "ihfft", "irfft", "rfft", "to_real"]


@with_out
def fft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """X[k] = sum of x[j] exp(-2 pi i j k / n), of input cut or zero-padded to n along dim; complex.

    Raises:
        RuntimeError: a half type, no data, or an unknown norm.
        IndexError: dim is out of range.
    """
    return _whole("fft", input, n, dim, norm, inverse=False)


@with_out
def ifft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The inverse of `fft`: x[j] = 1/n sum of X[k] exp(2 pi i j k / n)."""
    return _whole("ifft", input, n, dim, norm, inverse=True)


def _whole(name: str, input: Any, n: int | None, dim: int, norm: str | None, *, inverse: bool) -> Any:
    check_norm(norm)
    x = as_complex(name, input)
    d = axis(x, dim)
    x = resized(x, d, n)
    return scaled(ops.fft_c2c(x, dim=d, inverse=inverse), x.array.shape[d], norm, inverse=inverse)


@with_out
def rfft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The elements 0 ... n // 2 of `fft` of real input; the others are their conjugates.

    Raises:
        RuntimeError: complex or half input, no data, or an unknown norm.
        IndexError: dim is out of range.
    """
    check_norm(norm)
    x = as_real("rfft", input)
    d = axis(x, dim)
    x = resized(x, d, n)
    return scaled(ops.fft_r2c(x, dim=d), x.array.shape[d], norm, inverse=False)


@with_out
def ihfft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The inverse of `hfft`: the elements 0 ... n // 2 of `ifft` of real input."""
    check_norm(norm)
    x = as_real("ihfft", input)
    d = axis(x, dim)
    x = resized(x, d, n)
    return scaled(ops.conj(ops.fft_r2c(x, dim=d)), x.array.shape[d], norm, inverse=True)


@with_out
def irfft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The inverse of `rfft`: the real signal of length n (2 (m - 1) of m elements) with that half of a spectrum.

    Raises:
        RuntimeError: a half type, no data, or an unknown norm.
        IndexError: dim is out of range.
    """
    check_norm(norm)
    x = as_complex("irfft", input)
    d = axis(x, dim)
    out = to_real(x, n, d)
    return scaled(out, out.array.shape[d], norm, inverse=True)


@with_out
def hfft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The real spectrum of length n of a signal that equals its conjugate backwards, of which one half is given."""
    check_norm(norm)
    x = as_complex("hfft", input)
    d = axis(x, dim)
    out = to_real(ops.conj(x), n, d)
    return scaled(out, out.array.shape[d], norm, inverse=False)


def to_real(x: Any, n: int | None, d: int) -> Any:
    """The real inverse transform, not scaled, of a half spectrum cut or zero-padded to n // 2 + 1 elements.

    Raises:
        RuntimeError: n is below 1.
    """
    length = 2 * (x.array.shape[d] - 1) if n is None else n
    if length < 1:
        raise OperatorError(f"Invalid number of data points ({length}) specified")
    return ops.fft_c2r(resized(x, d, length // 2 + 1), dim=d, length=length)
