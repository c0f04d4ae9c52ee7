"""Samples: example calls of an operator, as data, that tests and conformance turn into arrays of any device."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from unison_core.dtypes import DType

__all__ = ["Arg", "Sample", "arg", "bad", "binary", "good", "unary"]


@dataclass(frozen=True, slots=True)
class Arg:
    """One tensor of a sample.

    dtype None is the dtype under test. Values lie in [low, high], integers inclusive; `distinct` values differ
    pairwise; `away` keeps that distance from the integers (for operators with jumps or kinks there);
    `make` names a special construction: "symmetric", "positive_definite", "permutation", "triangular".
    """

    shape: tuple[int, ...]
    dtype: DType | None = None
    low: float = -3.0
    high: float = 3.0
    distinct: bool = False
    away: float = 0.0
    make: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """One call: inputs (`Arg`, a number or None), attributes, and for erroneous ones the error expected."""

    inputs: tuple[Any, ...]
    attrs: Mapping[str, Any] = field(default_factory=dict)
    error: type[Exception] | None = None
    match: str = ""
    gradient: bool = True
    """False where the function is not differentiable at the sample, or has no finite difference."""


def arg(*shape: int, **settings: Any) -> Arg:
    """An `Arg` of that shape."""
    return Arg(shape, **settings)


def good(*inputs: Any, gradient: bool = True, **attrs: Any) -> Sample:
    """A call that must work."""
    return Sample(inputs, attrs, gradient=gradient)


def bad(error: type[Exception], match: str, *inputs: Any, **attrs: Any) -> Sample:
    """A call that must raise `error` with text that the regular expression `match` finds."""
    return Sample(inputs, attrs, error, match, gradient=False)


def unary(low: float = -3.0, high: float = 3.0, away: float = 0.0) -> Callable[[], Iterator[Sample]]:
    """The samples of an elementwise operator of one tensor whose domain is [low, high]."""

    def samples() -> Iterator[Sample]:
        for shape in ((), (5,), (2, 3), (0,), (2, 0, 3), (3, 1, 33)):
            yield Sample((Arg(shape, low=low, high=high, away=away),))

    return samples


def binary(
    low: float = -3.0, high: float = 3.0, second: tuple[float, float] | None = None, away: float = 0.0
) -> Callable[[], Iterator[Sample]]:
    """The samples of an elementwise operator of two tensors; `second` is the domain of the second if different."""
    low2, high2 = second or (low, high)

    def samples() -> Iterator[Sample]:
        pairs = (
            ((), ()),
            ((5,), (5,)),
            ((2, 3), (3,)),
            ((4, 1), (1, 5)),
            ((0, 2), (2,)),
            ((2, 3), ()),
            ((3, 33), (3, 1)),
        )
        for a, b in pairs:
            yield Sample((Arg(a, low=low, high=high, away=away), Arg(b, low=low2, high=high2, away=away)))
        yield Sample((Arg((2, 3)), Arg((4,))), error=RuntimeError, match="do not broadcast", gradient=False)

    return samples
