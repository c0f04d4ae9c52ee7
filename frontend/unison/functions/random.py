"""Random tensors. Every call takes one stream of its generator, so the same seed gives the same numbers on every
device, whatever was drawn where (Note [Random streams] in core's ops.random).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from unison.functions._common import sizes, write_out
from unison.functions.creation import finish
from unison_core import devices, dtypes, ops
from unison_core.dtypes import DType
from unison_core.errors import OperatorError
from unison_core.handle import Handle

__all__ = [
    "Generator",
    "bernoulli",
    "default_generator",
    "fork_rng",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "multinomial",
    "next_stream",
    "normal",
    "poisson",
    "rand",
    "rand_like",
    "randint",
    "randint_like",
    "randn",
    "randn_like",
    "randperm",
    "seed",
    "set_rng_state",
]

_MASK = 2**64 - 1


class Generator:
    """A seed and the number of the next stream.

    Args:
        device: kept for programs that ask; the numbers do not depend on it.
    """

    def __init__(self, device: Any = "cpu") -> None:
        self._device = device
        self._lock = threading.Lock()
        self._seed = 67280421310721
        self._next = 0

    @property
    def device(self) -> Any:
        """The device it was made for. Looked up when asked for: the default generator is made at import."""
        return devices.get(self._device)

    def next_stream(self) -> tuple[int, int]:
        """(seed, stream) for one random call."""
        with self._lock:
            stream = self._next
            self._next = stream + 1
        return self._seed, stream

    def manual_seed(self, seed: int) -> Generator:
        """Start over from a seed, any integer of 64 bits.

        Raises:
            RuntimeError: the seed does not fit.
        """
        seed = int(seed)
        if not -(2**63) <= seed <= _MASK:
            raise OperatorError(f"Overflow when unpacking long: a seed has 64 bits, got {seed}")
        self._seed, self._next = seed & _MASK, 0
        return self

    def seed(self) -> int:
        """Start over from a seed that nobody knows; returns it."""
        self.manual_seed(int.from_bytes(os.urandom(8), "little"))
        return self._seed

    def initial_seed(self) -> int:
        """The seed it started from."""
        return self._seed

    def get_state(self) -> Any:
        """Seed and stream as a uint8 tensor of 16 elements."""
        from unison.functions.conversion import tensor

        raw = self._seed.to_bytes(8, "little") + self._next.to_bytes(8, "little")
        return tensor(list(raw), dtype=dtypes.uint8, device="cpu")

    def set_state(self, new_state: Any) -> None:
        """Go on from a state that `get_state` gave.

        Raises:
            RuntimeError: it is not such a state.
        """
        if (
            not isinstance(new_state, Handle)
            or new_state.dtype is not dtypes.uint8
            or new_state.shape != (16,)
        ):
            raise OperatorError("RNG state must be a uint8 tensor of 16 elements, as get_state() gives")
        raw = bytes(new_state.tolist())
        self._seed, self._next = int.from_bytes(raw[:8], "little"), int.from_bytes(raw[8:], "little")

    def clone_state(self) -> Generator:
        """Another generator in the same state."""
        twin = Generator(self._device)
        twin._seed, twin._next = self._seed, self._next
        return twin


default_generator = Generator()


def next_stream(generator: Generator | None = None) -> tuple[int, int]:
    """(seed, stream) of the generator given, else of the default one."""
    return (generator or default_generator).next_stream()


def manual_seed(seed: int) -> Generator:
    """Start the default generator over from a seed; returns it."""
    return default_generator.manual_seed(seed)


def seed() -> int:
    """Start the default generator over from an unknown seed; returns it."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed the default generator started from."""
    return default_generator.initial_seed()


def get_rng_state() -> Any:
    """The state of the default generator."""
    return default_generator.get_state()


def set_rng_state(new_state: Any) -> None:
    """Put the default generator into a state."""
    default_generator.set_state(new_state)


@contextmanager
def fork_rng(devices: Any = None, enabled: bool = True, **_: Any) -> Iterator[None]:
    """Within the block the default generator may be used freely; afterwards it is where it was."""
    state = default_generator.get_state() if enabled else None
    try:
        yield
    finally:
        if state is not None:
            default_generator.set_state(state)


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
    return finish(uniform(sizes(size), dtype, device, generator), requires_grad, out)


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
    return finish(normal_numbers(sizes(size), dtype, device, generator), requires_grad, out)


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
    return finish(result, requires_grad, out)


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
    return finish(order if dtype is dtypes.int64 else ops.cast(order, dtype=dtype), requires_grad, out)


def rand_like(
    input: Any,
    *,
    dtype: DType | None = None,
    device: Any = None,
    requires_grad: bool = False,
    generator: Any = None,
    **_: Any,
) -> Any:
    """Uniform numbers of input's shape, dtype and device."""
    return finish(
        uniform(input.shape, dtype or input.dtype, device or input.device, generator), requires_grad
    )


def randn_like(
    input: Any,
    *,
    dtype: DType | None = None,
    device: Any = None,
    requires_grad: bool = False,
    generator: Any = None,
    **_: Any,
) -> Any:
    """Standard normal numbers of input's shape, dtype and device."""
    return finish(
        normal_numbers(input.shape, dtype or input.dtype, device or input.device, generator), requires_grad
    )


def randint_like(
    input: Any,
    low: Any,
    high: Any = None,
    *,
    dtype: DType | None = None,
    device: Any = None,
    generator: Any = None,
    **_: Any,
) -> Any:
    """Integers in [low, high), or [0, low), of input's shape, dtype and device."""
    low, high = (0, low) if high is None else (low, high)
    return integers(input.shape, int(low), int(high), dtype or input.dtype, device or input.device, generator)


def normal(
    mean: Any,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Generator | None = None,
    out: Any = None,
    **settings: Any,
) -> Any:
    """Normal numbers of the given mean and standard deviation, each a tensor or a number.

    Raises:
        RuntimeError: std is negative.
    """
    if not isinstance(std, Handle) and std < 0:
        raise OperatorError(f"normal expects std >= 0.0, but found std {std}")
    if size is not None:
        draw = randn(size, generator=generator, **settings)
    else:
        like = mean if isinstance(mean, Handle) else std
        shape = (
            ops.mul(mean, std).shape if isinstance(mean, Handle) and isinstance(std, Handle) else like.shape
        )
        draw = normal_numbers(shape, like.dtype, like.device, generator)
    result = ops.add(ops.mul(draw, std), mean)
    return result if out is None else write_out(out, result)


def bernoulli(
    input: Any, p: float | None = None, *, generator: Generator | None = None, out: Any = None
) -> Any:
    """1 with probability input (or p everywhere), else 0, in input's dtype.

    Raises:
        RuntimeError: input is not floating, if its elements are the probabilities.
        RuntimeError: a probability is not in [0, 1].
    """
    if p is None and input.dtype not in dtypes.FLOATING:
        raise OperatorError(f"bernoulli takes probabilities of a floating dtype, not {input.dtype.name}")
    chance = input if p is None else p
    draw = uniform(
        input.shape,
        dtypes.float64 if input.dtype is dtypes.float64 else dtypes.float32,
        input.device,
        generator,
    )
    if p is None:
        outside = ops.logical_or(ops.lt(input, 0), ops.gt(input, 1))
        if bool(ops.any(ops.logical_or(outside, ops.isnan(input)))):
            raise OperatorError(
                "Expected p_in >= 0 && p_in <= 1 to be true, but a probability is outside [0, 1]"
            )
    elif not 0 <= p <= 1:
        raise OperatorError(f"bernoulli_ expects p to be in [0, 1], but got p={p}")
    result = ops.cast(ops.lt(draw, chance), dtype=input.dtype)
    if input.tracked:
        # A part of the graph as in torch, with slope 0.
        result = ops.add(result, ops.mul(input, 0))
    return result if out is None else write_out(out, result)


def multinomial(
    input: Any,
    num_samples: int,
    replacement: bool = False,
    *,
    generator: Generator | None = None,
    out: Any = None,
) -> Any:
    """Indices drawn by the weights in input's rows: with replacement by the cumulated weights, without it by the
    exponential race of Efraimidis and Spirakis (2006).

    Raises:
        RuntimeError: weights are negative or sum to zero, or more samples than weights are wanted.
    """
    if input.array.ndim not in (1, 2):
        raise OperatorError(f"prob_dist must be 1 or 2 dim, but it has {input.array.ndim}")
    if num_samples <= 0:
        raise OperatorError(f"cannot sample n_sample <= 0 samples, got {num_samples}")
    count = input.array.shape[-1]
    if not replacement and num_samples > count:
        raise OperatorError("cannot sample n_sample > prob_dist.size(-1) samples without replacement")
    weights = ops.cast(input, dtype=dtypes.float64)
    if not bool(ops.all(ops.logical_and(ops.ge(weights, 0), ops.isfinite(weights)))):
        raise OperatorError("probability tensor contains either `inf`, `nan` or element < 0")
    total = ops.sum(weights, dim=(weights.ndim - 1,), keepdim=True)
    if not bool(ops.all(ops.gt(total, 0))):
        raise OperatorError("invalid multinomial distribution (sum of probabilities <= 0)")
    if replacement:
        result = _with_replacement(weights, total, num_samples, generator)
    else:
        race = ops.div(
            ops.neg(ops.log1p(ops.neg(uniform(input.shape, dtypes.float64, input.device, generator)))),
            weights,
        )
        order = ops.sort(race, dim=weights.ndim - 1, descending=False)[1]
        result = ops.copy(ops.slice(order, key=(..., slice(0, num_samples))))
    return result if out is None else write_out(out, result)


def _with_replacement(weights: Any, total: Any, count: int, generator: Any) -> Any:
    """For each draw, how many cumulated shares lie at or below it."""
    last = weights.ndim - 1
    shares = ops.div(ops.cumsum(weights, dim=last), total)
    draw = uniform((*weights.shape[:-1], count), dtypes.float64, weights.device, generator)
    below = ops.le(ops.slice(shares, key=(..., None, slice(None))), ops.slice(draw, key=(..., None)))
    found = ops.sum(below, dim=(last + 1,), keepdim=False)
    positive = ops.cast(ops.gt(weights, 0), dtype=dtypes.int64)
    place = ops.mul(positive, ops.arange(end=weights.shape[-1], dtype=dtypes.int64, device=weights.device))
    return ops.minimum(found, ops.amax(place, dim=(last,), keepdim=True))


def poisson(input: Any, generator: Generator | None = None) -> Any:
    """Poisson numbers of the given rates, by inverting the distribution function on the host."""
    import numpy as np

    rate = input.device.backend.to_host(input.array).astype(np.float64)
    if (rate < 0).any():
        raise OperatorError("invalid Poisson rate, expected rate to be non-negative")
    number, stream = next_stream(generator)
    drawn = np.random.Generator(np.random.Philox(key=number, counter=stream << 128)).poisson(rate)
    host = np.asarray(drawn, dtype=np.float64)
    from unison.functions.conversion import from_numpy

    return from_numpy(host).to(device=input.device, dtype=input.dtype)
