"""Uniform, normal and integer numbers of a shape, and random orders."""

from __future__ import annotations

from typing import Any

from unison.functions._common import sizes
from unison.functions.creation import finish
from unison.functions.random.generator import Generator, next_stream
from unison_core import devices, dtypes, ops
from unison_core.dtypes import DType
from unison_core.errors import OperatorError

__all__ = [
    "integers",
    "normal_like",
    "normal_numbers",
    "rand",
    "rand_like",
    "randint",
    "randint_like",
    "randn",
    "randn_like",
    "randperm",
    "uniform",
    "uniform_like",
]


def _where(device: Any) -> Any:
    return devices.default() if device is None else device


def rand(
    *size: Any,
    generator: Generator | None = None,
    out: Any = None,
    dtype: DType | None = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Any:
    """Uniform numbers in [0, 1)."""
    made = uniform(sizes(size), dtype, device, generator)
    return finish(made, requires_grad, out, pin_memory=pin_memory)


def uniform(shape: tuple[int, ...], dtype: DType | None, device: Any, generator: Generator | None) -> Any:
    """Uniform numbers in [0, 1) of a shape.

    Raises:
        NotImplementedError: the dtype is neither floating nor complex.
    """
    kind = dtype or dtypes.get_default_dtype()
    if kind.is_complex:
        parts = uniform((*shape, 2), kind.to_real(), device, generator)
        return ops.complex(ops.slice(parts, key=(..., 0)), ops.slice(parts, key=(..., 1)))
    if not kind.is_floating_point:
        raise NotImplementedError(f"uniform numbers are floating, not {kind.name}")
    number, stream = next_stream(generator)
    return ops.uniform(shape=shape, seed=number, stream=stream, dtype=kind, device=_where(device))


def randn(
    *size: Any,
    generator: Generator | None = None,
    out: Any = None,
    dtype: DType | None = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Any:
    """Standard normal numbers; complex ones have variance 1 in all."""
    made = normal_numbers(sizes(size), dtype, device, generator)
    return finish(made, requires_grad, out, pin_memory=pin_memory)


def uniform_like(t: Any, name: str, generator: Generator | None) -> Any:
    """Uniform numbers of t's shape, dtype and device, for the in-place function called name.

    Raises:
        NotImplementedError: t is not floating.
    """
    if t.dtype not in dtypes.FLOATING:
        raise NotImplementedError(f"{name} writes floating-point numbers, and the tensor is {t.dtype.name}")
    return uniform(tuple(t.array.shape), t.dtype, t.device, generator)


def normal_like(t: Any, name: str, generator: Generator | None) -> Any:
    """Standard normal numbers of t's shape, dtype and device, for the in-place function called name.

    Raises:
        NotImplementedError: t is neither floating nor complex.
    """
    if t.dtype not in dtypes.INEXACT:
        raise NotImplementedError(f"{name} writes floating-point numbers, and the tensor is {t.dtype.name}")
    return normal_numbers(tuple(t.array.shape), t.dtype, t.device, generator)


def normal_numbers(
    shape: tuple[int, ...], dtype: DType | None, device: Any, generator: Generator | None
) -> Any:
    """Standard normal numbers of a shape.

    Raises:
        NotImplementedError: the dtype is neither floating nor complex.
    """
    kind = dtype or dtypes.get_default_dtype()
    if kind.is_complex:
        parts = ops.mul(normal_numbers((*shape, 2), kind.to_real(), device, generator), 0.5**0.5)
        return ops.complex(ops.slice(parts, key=(..., 0)), ops.slice(parts, key=(..., 1)))
    if not kind.is_floating_point:
        raise NotImplementedError(f"normal numbers are floating, not {kind.name}")
    number, stream = next_stream(generator)
    return ops.normal(shape=shape, seed=number, stream=stream, dtype=kind, device=_where(device))


def randint(
    low: Any,
    high: Any = None,
    size: Any = None,
    *,
    generator: Generator | None = None,
    out: Any = None,
    dtype: DType | None = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Any:
    """Integers in [low, high), or [0, high) as `randint(high, size)`.

    Raises:
        RuntimeError: the range is empty.
    """
    if size is None:
        low, high, size = 0, low, high
    if high is None or size is None:
        raise TypeError("randint takes (high, size) or (low, high, size)")
    result = integers(sizes((size,)), int(low), int(high), dtype or dtypes.int64, device, generator)
    return finish(result, requires_grad, out, pin_memory=pin_memory)


def integers(shape: tuple[int, ...], low: int, high: int, dtype: DType, device: Any, generator: Any) -> Any:
    """Integers in [low, high) of a shape.

    Raises:
        RuntimeError: the range is empty.
    """
    if low >= high:
        raise OperatorError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    number, stream = next_stream(generator)
    drawn = ops.randint(shape=shape, low=low, high=high, seed=number, stream=stream, device=_where(device))
    return drawn if dtype is dtypes.int64 else ops.cast(drawn, dtype=dtype)


def randperm(
    n: int,
    *,
    generator: Generator | None = None,
    out: Any = None,
    dtype: DType = dtypes.int64,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Any:
    """A random order of 0, ..., n - 1: the stable order of n random 64-bit words."""
    if n < 0:
        raise OperatorError(f"n must be non-negative, got {n}")
    number, stream = next_stream(generator)
    words = ops.random_bits(shape=(n,), seed=number, stream=stream, dtype=dtypes.int64, device=_where(device))
    order = ops.sort(words, dim=0, descending=False)[1]
    made = order if dtype is dtypes.int64 else ops.cast(order, dtype=dtype)
    return finish(made, requires_grad, out, pin_memory=pin_memory)


def rand_like(
    input: Any,
    *,
    dtype: DType | None = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    generator: Any = None,
    **_: Any,
) -> Any:
    """Uniform numbers of input's shape, dtype and device."""
    made = uniform(input.shape, dtype or input.dtype, device or input.device, generator)
    return finish(made, requires_grad, pin_memory=pin_memory)


def randn_like(
    input: Any,
    *,
    dtype: DType | None = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    generator: Any = None,
    **_: Any,
) -> Any:
    """Standard normal numbers of input's shape, dtype and device."""
    made = normal_numbers(input.shape, dtype or input.dtype, device or input.device, generator)
    return finish(made, requires_grad, pin_memory=pin_memory)


def randint_like(
    input: Any,
    low: Any,
    high: Any = None,
    *,
    dtype: DType | None = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    generator: Any = None,
    **_: Any,
) -> Any:
    """Integers in [low, high), or [0, low), of input's shape, dtype and device."""
    low, high = (0, low) if high is None else (low, high)
    kind, where = dtype or input.dtype, device or input.device
    made = integers(input.shape, int(low), int(high), kind, where, generator)
    return finish(made, requires_grad, pin_memory=pin_memory)
