"""Random numbers written into a tensor. Each call takes one stream of the generator, as the functions do."""

from __future__ import annotations

from math import pi
from typing import Any

from unison.functions import random
from unison.functions.limits import finfo, iinfo
from unison.functions.random import Generator
from unison_core import dtypes, ops
from unison_core.dispatch import inplace
from unison_core.dtypes import DType
from unison_core.errors import OperatorError
from unison_core.handle import Handle, alias

__all__ = ["Random"]


class Random:
    """`x.uniform_()` and the others fill x and return it; while recording, x may not be a leaf that requires grad."""

    __slots__ = ()

    array: Any
    device: Any
    dtype: DType

    bernoulli = random.bernoulli
    multinomial = random.multinomial

    def uniform_(
        self, from_: float = 0.0, to: float = 1.0, *, generator: Generator | None = None, **named: float
    ) -> Any:
        """Uniform numbers in [from, to).

        Raises:
            RuntimeError: from is greater than to, or the tensor is not floating.
        """
        low = named.pop("from", from_)
        if low > to:
            raise OperatorError(
                f"uniform_ expects to return a [from, to) range, but found from={low} > to={to}"
            )
        draw = random.uniform_like(self, "uniform_", generator)
        if (low, to) != (0.0, 1.0):
            draw = ops.add(ops.mul(draw, to - low), low)
        return inplace.assign(self, draw)

    def normal_(self, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None) -> Any:
        """Normal numbers of that mean and standard deviation.

        Raises:
            RuntimeError: std is negative, or the tensor is neither floating nor complex.
        """
        if std < 0:
            raise OperatorError(f"normal expects std >= 0.0, but found std {std}")
        draw = random.normal_like(self, "normal_", generator)
        if (mean, std) != (0.0, 1.0):
            draw = ops.add(ops.mul(draw, std), mean)
        return inplace.assign(self, draw)

    def random_(
        self, from_: int = 0, to: int | None = None, *, generator: Generator | None = None, **named: int
    ) -> Any:
        """Integers in [from, to), `random_(to)` from 0; without bounds all that the dtype counts exactly.

        Raises:
            RuntimeError: the range is empty.
        """
        low = named.pop("from", None)
        if low is None:
            low, to = (0, from_) if to is None and from_ else (from_, to)
        high = _largest(self.dtype) + 1 if to is None else to
        if self.dtype is dtypes.int64 and high == 2**63:
            high -= 1
        return inplace.assign(
            self, random.integers(tuple(self.array.shape), low, high, dtypes.int64, self.device, generator)
        )

    def bernoulli_(self, p: Any = 0.5, *, generator: Generator | None = None) -> Any:
        """1 with probability p (a number, or a tensor that broadcasts), else 0.

        Raises:
            RuntimeError: a probability is not in [0, 1].
        """
        if not isinstance(p, Handle):
            return inplace.assign(self, random.bernoulli(alias(self), p, generator=generator))
        chance = ops.expand(p, shape=tuple(self.array.shape))
        return inplace.assign(self, random.bernoulli(chance, generator=generator))

    def exponential_(self, lambd: float = 1.0, *, generator: Generator | None = None) -> Any:
        """Exponential numbers of rate lambd: -log(1 - u) / lambd.

        Raises:
            RuntimeError: lambd is not positive, or the tensor is not floating.
        """
        if not lambd > 0:
            raise OperatorError(f"exponential_ expects lambda > 0.0, but found lambda={lambd}")
        draw = random.uniform_like(self, "exponential_", generator)
        return inplace.assign(self, ops.div(ops.neg(ops.log1p(ops.neg(draw))), float(lambd)))

    def geometric_(self, p: float, *, generator: Generator | None = None) -> Any:
        """How many trials of success p it takes to succeed: ceil(log(1 - u) / log(1 - p)), at least 1.

        Raises:
            RuntimeError: p is not in (0, 1).
        """
        if not 0 < p < 1:
            raise OperatorError(f"geometric_ expects p to be in (0, 1), but got p={p}")
        from math import log1p

        kind = dtypes.float64 if self.dtype is dtypes.float64 else dtypes.float32
        draw = random.uniform(tuple(self.array.shape), kind, self.device, generator)
        trials = ops.ceil(ops.div(ops.log1p(ops.neg(draw)), log1p(-p)))
        return inplace.assign(self, ops.maximum(trials, 1.0))

    def cauchy_(self, median: float = 0.0, sigma: float = 1.0, *, generator: Generator | None = None) -> Any:
        """Cauchy numbers: median + sigma * tan(pi * (u - 1/2)).

        Raises:
            RuntimeError: sigma is not positive, or the tensor is not floating.
        """
        if not sigma > 0:
            raise OperatorError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma}")
        draw = random.uniform_like(self, "cauchy_", generator)
        return inplace.assign(self, ops.add(ops.mul(ops.tan(ops.mul(ops.sub(draw, 0.5), pi)), sigma), median))

    def log_normal_(self, mean: float = 1.0, std: float = 2.0, *, generator: Generator | None = None) -> Any:
        """exp of normal numbers of that mean and standard deviation.

        Raises:
            RuntimeError: std is not positive, or the tensor is not floating.
        """
        if not std > 0:
            raise OperatorError(f"log_normal_ expects std > 0.0, but found std={std}")
        draw = random.normal_like(self, "log_normal_", generator)
        return inplace.assign(self, ops.exp(ops.add(ops.mul(draw, std), mean)))


def _largest(dtype: DType) -> int:
    """The largest n such that the dtype has all integers from 0 to n."""
    if dtype is dtypes.bool_:
        return 1
    return iinfo(dtype).max if dtype in dtypes.INTEGER else round(2 / finfo(dtype).eps)
