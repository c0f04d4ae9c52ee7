"""Bugs that need more than one call: caches, stale buffers, randomness, races."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from unison_conformance.mutants.mutant import PYTORCH, Kernel, first, mutant

__all__: list[str] = []


@mutant("relu", "softmax", "matmul")
def caches_by_shape(right: Kernel) -> Kernel:
    """The first result for a shape is returned for every later input of that shape."""
    seen: dict[Any, Any] = {}

    def wrong(*arrays: Any, **attrs: Any) -> Any:
        key = (tuple((a.shape, a.dtype) for a in arrays), repr(attrs))
        if key not in seen:
            seen[key] = right(*arrays, **attrs)
        return seen[key]

    return wrong


@mutant("add", "exp", like=PYTORCH + "132086")
def output_buffer_reused(right: Kernel) -> Kernel:
    """Results of one shape share one buffer: the next call overwrites the last result."""
    buffers: dict[Any, Any] = {}

    def reuse(out: Any, *_: Any, **__: Any) -> Any:
        buffer = buffers.setdefault((out.shape, out.dtype), np.array(out))
        buffer[...] = out
        return buffer

    return first(reuse, right)


@mutant("relu", "neg", "sigmoid")
def writes_into_its_input(right: Kernel) -> Kernel:
    """The result is written over the input."""

    def overwrite(out: Any, x: Any, **_: Any) -> Any:
        if x.flags.writeable and x.dtype == out.dtype and x.shape == out.shape:
            x[...] = out
        return out

    return first(overwrite, right)


@mutant("scatter_add", "sum", "index_add")
def order_of_addition_varies(right: Kernel) -> Kernel:
    """Every second call differs in the last place."""
    calls = itertools.count()

    def vary(out: Any, *_: Any, **__: Any) -> Any:
        if next(calls) % 2 and out.dtype.kind == "f":
            return np.nextafter(out, out.dtype.type(np.inf))
        return out

    return first(vary, right)


@mutant("random_bits", like="https://github.com/ooples/AiDotNet.Tensors/pull/684")
def seed_by_call(right: Kernel) -> Kernel:
    """The seed depends on what ran before, as a thread's number would."""
    calls = itertools.count()

    def wrong(**attrs: Any) -> Any:
        return right(**{**attrs, "seed": attrs["seed"] + next(calls) % 3})

    return wrong


@mutant("random_bits", like="https://github.com/PaddlePaddle/Paddle/issues/7796")
def stream_ignored(right: Kernel) -> Kernel:
    """Every call draws the same numbers."""
    return lambda **attrs: right(**{**attrs, "stream": 0})


@mutant("random_bits")
def lanes_exchanged(right: Kernel) -> Kernel:
    """Words of a Philox block come in another order."""

    def exchange(out: Any, **_: Any) -> Any:
        flat = np.array(out).reshape(-1)
        flat[1:] = flat[1:][::-1]
        return flat.reshape(out.shape)

    return first(exchange, right)


@mutant("uniform")
def uniform_reaches_one(right: Kernel) -> Kernel:
    """Random bits are divided by the largest, not by one more."""
    return first(lambda out, **_: (out.astype(np.float64) * (1 + 2.0**-20)).astype(out.dtype), right)


@mutant("normal")
def normal_of_exchanged_uniforms(right: Kernel) -> Kernel:
    """Radius and angle of the Box-Muller transform are exchanged."""
    return first(lambda out, **_: np.array(out).reshape(-1)[::-1].reshape(out.shape), right)


@mutant("dropout")
def dropout_without_the_scale(right: Kernel) -> Kernel:
    """What is kept is not divided by 1 - p."""

    def unscaled(out: Any, x: Any, *, p: float, **_: Any) -> Any:
        return (out * out.dtype.type(1 - p)).astype(out.dtype) if p < 1 else out

    return first(unscaled, right)


@mutant("dropout", like="https://github.com/facebookresearch/xformers/issues/173")
def dropout_seed_not_read(right: Kernel) -> Kernel:
    """The mask does not depend on the seed."""
    return lambda x, **attrs: right(x, **{**attrs, "seed": 12345})


@mutant("empty", "full")
def full_once(right: Kernel) -> Kernel:
    """Constants of one shape share memory."""
    made: dict[Any, Any] = {}

    def share(out: Any, **attrs: Any) -> Any:
        return made.setdefault((out.shape, out.dtype, repr(attrs.get("value"))), out)

    return first(share, right)
