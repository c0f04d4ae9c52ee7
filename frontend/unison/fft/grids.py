"""The frequencies that the elements of a transform stand for, and moving frequency 0 to the middle."""

from __future__ import annotations

from typing import Any

from unison.functions._precision import reckoning_place
from unison.functions.creation.filled import finish, place
from unison_core import dtypes, ops
from unison_core.dtypes import DType
from unison_core.errors import NotSupportedError
from unison_core.spec import wrap_dim

__all__ = ["fftfreq", "fftshift", "ifftshift", "rfftfreq"]


def fftfreq(
    n: int,
    d: float = 1.0,
    *,
    out: Any = None,
    dtype: DType | None = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """[0, 1, ..., (n - 1) // 2, -(n // 2), ..., -1] / (d n): the frequencies of `fft`, samples being d apart.

    Raises:
        NotImplementedError: dtype is neither floating nor complex.
    """
    where = reckoning_place(device)
    up = ops.arange(start=0, end=(n + 1) // 2, step=1, dtype=dtypes.int64, device=where)
    down = ops.arange(start=-(n // 2), end=0, step=1, dtype=dtypes.int64, device=where)
    return _frequencies(ops.cat(up, down, dim=0), n, d, out, dtype, device, requires_grad)


def rfftfreq(
    n: int,
    d: float = 1.0,
    *,
    out: Any = None,
    dtype: DType | None = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """[0, 1, ..., n // 2] / (d n): the frequencies of `rfft`, samples being d apart."""
    steps = ops.arange(start=0, end=n // 2 + 1, step=1, dtype=dtypes.int64, device=reckoning_place(device))
    return _frequencies(steps, n, d, out, dtype, device, requires_grad)


def _frequencies(
    steps: Any, n: int, d: float, out: Any, dtype: DType | None, device: Any, requires_grad: bool
) -> Any:
    kind = dtype or dtypes.get_default_dtype()
    if kind not in dtypes.INEXACT:
        raise NotSupportedError(f"fftfreq requires a floating point or complex dtype, but got {kind.name}")
    numbers = ops.mul(ops.cast(steps, dtype=dtypes.float64), 1.0 / (n * d))
    return finish(ops.cast(numbers, dtype=kind), requires_grad, out, device=place(device))


def fftshift(input: Any, dim: Any = None) -> Any:
    """input turned so that its first element along each of dim (None: all) stands at n // 2."""
    return _turned(input, dim, lambda n: n // 2)


def ifftshift(input: Any, dim: Any = None) -> Any:
    """The inverse of `fftshift`."""
    return _turned(input, dim, lambda n: (n + 1) // 2)


def _turned(x: Any, dim: Any, by: Any) -> Any:
    ndim = x.array.ndim
    named = range(ndim) if dim is None else [dim] if isinstance(dim, int) else dim
    dims = tuple(wrap_dim(d, ndim) for d in named)
    return ops.roll(x, shifts=tuple(by(x.array.shape[d]) for d in dims), dims=dims) if dims else ops.copy(x)
