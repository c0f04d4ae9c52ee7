"""Numbers whose distribution tensors describe."""

from __future__ import annotations

from typing import Any

from unison.functions._common import need_dtype, write_out
from unison.functions.creation import finish
from unison.functions.random.drawing import normal_numbers, randn, uniform
from unison.functions.random.generator import Generator, next_stream
from unison_core import dtypes, ops
from unison_core.errors import OperatorError
from unison_core.handle import Handle

__all__ = ["bernoulli", "multinomial", "normal", "poisson"]


def normal(
    mean: Any,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Generator | None = None,
    out: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
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
    return finish(ops.add(ops.mul(draw, std), mean), requires_grad, out, pin_memory=pin_memory)


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
    draw = uniform(input.shape, _drawn(input.dtype), input.device, generator)
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


def _drawn(dtype: Any) -> Any:
    """What numbers are drawn in for a tensor of dtype: float64 for float64 alone, which not every device has."""
    return dtypes.float64 if dtype is dtypes.float64 else dtypes.float32


def multinomial(
    input: Any,
    num_samples: int,
    replacement: bool = False,
    *,
    generator: Generator | None = None,
    out: Any = None,
) -> Any:
    """Indices drawn by the weights in input's rows: with replacement by the cumulated weights, without it by the
    exponential race of Efraimidis and Spirakis (2006). Shares are reckoned in float64 for float64 weights, else in
    float32.

    Raises:
        RuntimeError: weights are negative or sum to zero, or more samples than weights are wanted.
    """
    if input.array.ndim not in (1, 2):
        raise OperatorError(f"prob_dist must be 1 or 2 dim, but it has {input.array.ndim}")
    if num_samples <= 0:
        raise OperatorError(f"cannot sample n_sample <= 0 samples, got {num_samples}")
    if input.dtype not in dtypes.FLOATING:
        raise OperatorError(
            f"multinomial only supports floating-point dtypes for input, got: {input.dtype.name}"
        )
    if out is not None and out.dtype is not dtypes.int64:
        raise OperatorError(f"multinomial expects Long tensor out, got: {out.dtype.name}")
    count = input.array.shape[-1]
    if not replacement and num_samples > count:
        raise OperatorError("cannot sample n_sample > prob_dist.size(-1) samples without replacement")
    weights = ops.cast(input, dtype=_drawn(input.dtype))
    if not bool(ops.all(ops.logical_and(ops.ge(weights, 0), ops.isfinite(weights)))):
        raise OperatorError("probability tensor contains either `inf`, `nan` or element < 0")
    total = ops.sum(weights, dim=(weights.ndim - 1,), keepdim=True)
    if not bool(ops.all(ops.gt(total, 0))):
        raise OperatorError("invalid multinomial distribution (sum of probabilities <= 0)")
    if replacement:
        result = _with_replacement(weights, total, num_samples, generator)
    else:
        race = ops.div(_exponential(weights, generator), weights)
        order = ops.sort(race, dim=weights.ndim - 1, descending=False)[1]
        result = ops.copy(ops.slice(order, key=(..., slice(0, num_samples))))
    return result if out is None else write_out(out, result)


def _exponential(like: Any, generator: Any) -> Any:
    """Exponential numbers of like's shape, positive and finite.

    Uniform numbers are multiples of a smallest step, and small weights must not profit from zeros that are too
    many: a second draw goes between the steps.
    """
    step = 2.0**-53 if like.dtype is dtypes.float64 else 2.0**-24
    coarse, fine = (uniform(like.shape, like.dtype, like.device, generator) for _ in range(2))
    return ops.neg(ops.log1p(ops.neg(ops.minimum(ops.add(coarse, ops.mul(fine, step)), 1.0 - step))))


def _with_replacement(weights: Any, total: Any, count: int, generator: Any) -> Any:
    """For each draw, how many cumulated shares lie at or below it."""
    last = weights.ndim - 1
    shares = ops.div(ops.cumsum(weights, dim=last), total)
    draw = uniform((*weights.shape[:-1], count), weights.dtype, weights.device, generator)
    below = ops.le(ops.slice(shares, key=(..., None, slice(None))), ops.slice(draw, key=(..., None)))
    found = ops.sum(below, dim=(last + 1,), keepdim=False)
    positive = ops.cast(ops.gt(weights, 0), dtype=dtypes.int64)
    place = ops.mul(positive, ops.arange(end=weights.shape[-1], dtype=dtypes.int64, device=weights.device))
    return ops.minimum(found, ops.amax(place, dim=(last,), keepdim=True))


def poisson(input: Any, generator: Generator | None = None) -> Any:
    """Poisson numbers of the given rates, by inverting the distribution function on the host."""
    import numpy as np

    need_dtype("poisson", dtypes.FLOATING, input)
    rate = input.device.backend.to_host(input.array).astype(np.float64)
    if (rate < 0).any():
        raise OperatorError("invalid Poisson rate, expected rate to be non-negative")
    number, stream = next_stream(generator)
    drawn = np.random.Generator(np.random.Philox(key=number, counter=stream << 128)).poisson(rate)
    host = np.asarray(drawn, dtype=np.float64)
    from unison.functions.conversion import from_numpy

    return from_numpy(host).to(device=input.device, dtype=input.dtype)
