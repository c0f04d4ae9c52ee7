"""Random numbers: pure functions of (seed, stream, element index), the same bits on every device.

# Note [Random streams]
All random operators read one sequence of bits. For a seed (64 bits) and a stream (64 bits: the number of the call,
counted by the generator) it is Philox4x64-10 of Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3 (2011),
with key (seed, 0) and counter (block, 0, stream, 0); the block's four 64-bit words are cut into eight 32-bit words,
low half first. Element i of `random_bits` takes word i. Nothing depends on how a device splits the work.
"""

from __future__ import annotations

from math import pi
from typing import Any

from unison_core import ops
from unison_core.dtypes import FLOATING, DType, float32, float64, int32, int64
from unison_core.operator import Array, composite, primitive
from unison_core.ops._shared import scalar_like
from unison_core.samples import arg, good
from unison_core.spec import Shape, Spec

__all__ = ["dropout", "normal", "randint", "random_bits", "uniform"]


@primitive(differentiable=False, tags=("random",))
def random_bits(*, shape: Shape, seed: int, stream: int, dtype: DType) -> Array:
    """Random int32 or int64 bit patterns: element i is the i-th 32-bit, or 64-bit, word of the stream."""


@random_bits.infer
def random_bits_infer(*, shape: Shape, seed: int, stream: int, dtype: DType) -> Spec:
    return Spec(shape, dtype)


@random_bits.samples
def random_bits_samples() -> Any:
    yield good(shape=(13,), seed=1, stream=0, dtype=int32)
    yield good(shape=(3, 5), seed=2**63 + 5, stream=7, dtype=int64)


@composite(differentiable=False, tags=("random",))
def uniform(*, shape: Shape, seed: int, stream: int, dtype: DType, device: Any = None) -> Array:
    """Numbers in [0, 1): the top 53 bits of 64-bit words for float64, else the top 24 of 32-bit words."""
    word, drop, keep = (int64, 11, 53) if dtype is float64 else (int32, 8, 24)
    bits = random_bits(shape=shape, seed=seed, stream=stream, dtype=word, device=device)
    top = ops.bitwise_and(
        ops.bitwise_right_shift(bits, scalar_like(drop, bits)), scalar_like(2**keep - 1, bits)
    )
    wide = ops.cast(top, dtype=float64 if dtype is float64 else float32)
    scaled = ops.mul(wide, scalar_like(2.0**-keep, wide))
    return scaled if dtype in (float32, float64) else _below_one(scaled, dtype)


def _below_one(x: Any, dtype: DType) -> Any:
    """Cast to a half type without ever rounding up to 1: keep the bits the type has."""
    bits = 11 if dtype.name == "float16" else 8
    scale = scalar_like(2.0**bits, x)
    return ops.cast(ops.div(ops.floor(ops.mul(x, scale)), scale), dtype=dtype)


@uniform.infer
def uniform_infer(*, shape: Shape, seed: int, stream: int, dtype: DType) -> Spec:
    return Spec(shape, dtype)


@uniform.samples
def uniform_samples() -> Any:
    for dtype in sorted(FLOATING, key=lambda d: d.name):
        yield good(shape=(3, 11), seed=3, stream=1, dtype=dtype)


@composite(differentiable=False, tags=("random",))
def normal(*, shape: Shape, seed: int, stream: int, dtype: DType, device: Any = None) -> Array:
    """Standard normal numbers by Box and Muller (1958): element i from words 2i and 2i + 1 of the stream."""
    wide = float64 if dtype is float64 else float32
    pairs = uniform(shape=(*shape, 2), seed=seed, stream=stream, dtype=wide, device=device)
    first, second = ops.slice(pairs, key=(..., 0)), ops.slice(pairs, key=(..., 1))
    radius = ops.sqrt(ops.mul(ops.log1p(ops.neg(first)), scalar_like(-2.0, first)))
    out = ops.mul(radius, ops.cos(ops.mul(second, scalar_like(2 * pi, second))))
    return out if dtype is wide else ops.cast(out, dtype=dtype)


@normal.infer
def normal_infer(*, shape: Shape, seed: int, stream: int, dtype: DType) -> Spec:
    return Spec(shape, dtype)


normal.samples(uniform_samples)


@composite(differentiable=False, tags=("random",))
def randint(*, shape: Shape, low: int, high: int, seed: int, stream: int, device: Any = None) -> Array:
    """int64 numbers in [low, high): 63 random bits modulo the width."""
    bits = random_bits(shape=shape, seed=seed, stream=stream, dtype=int64, device=device)
    positive = ops.bitwise_and(bits, scalar_like(2**63 - 1, bits))
    return ops.add(ops.remainder(positive, scalar_like(high - low, bits)), scalar_like(low, bits))


@randint.infer
def randint_infer(*, shape: Shape, low: int, high: int, seed: int, stream: int) -> Spec:
    return Spec(shape, int64)


@randint.samples
def randint_samples() -> Any:
    yield good(shape=(40,), low=-3, high=9, seed=3, stream=1)
    yield good(shape=(2, 3), low=0, high=2**40, seed=3, stream=2)


@composite(dtypes=FLOATING, tags=("random",))
def dropout(x: Array, *, p: float, seed: int, stream: int) -> Array:
    """x / (1 - p) where the element's uniform number is at least p, else 0. The gradient draws the mask again."""
    draw = uniform(shape=tuple(x.shape), seed=seed, stream=stream, dtype=float32, device=x.device)
    keep = ops.ge(draw, scalar_like(p, draw))
    scale = 0.0 if p >= 1 else 1 / (1 - p)
    return ops.where(keep, ops.mul(x, scalar_like(scale, x)), scalar_like(0, x))


@dropout.infer
def dropout_infer(x: Spec, *, p: float, seed: int, stream: int) -> Spec:
    return x


@dropout.vjp()
def dropout_vjp(g: Any, out: Any, x: Any, *, p: float, seed: int, stream: int) -> Any:
    return dropout(g, p=p, seed=seed, stream=stream)


@dropout.samples
def dropout_samples() -> Any:
    yield good(arg(40), p=0.5, seed=3, stream=1)
    yield good(arg(3, 7), p=0.1, seed=3, stream=2)
    yield good(arg(), p=0.5, seed=0, stream=0)
