"""Operators that make arrays from numbers alone; they take the device as `device`."""

from __future__ import annotations

from typing import Any

from unison_core.dtypes import DType
from unison_core.errors import OperatorError
from unison_core.operator import Array, primitive
from unison_core.samples import bad, good
from unison_core.spec import Shape, Spec

__all__ = ["arange", "empty", "eye", "full", "linspace"]


def _size(name: str, shape: Shape) -> Shape:
    if any(n < 0 for n in shape):
        raise OperatorError(f"{name}: Trying to create tensor with negative dimension: {list(shape)}")
    return shape


@primitive(differentiable=False)
def full(*, shape: Shape, value: Any, dtype: DType) -> Array:
    """An array filled with a number."""


@full.infer
def full_infer(*, shape: Shape, value: Any, dtype: DType) -> Spec:
    return Spec(_size("full", shape), dtype)


@full.samples
def full_samples() -> Any:
    from unison_core.dtypes import ALL

    for dtype in ALL:
        yield good(shape=(2, 3), value=1, dtype=dtype)
    yield good(shape=(), value=2.5, dtype=ALL[8])
    yield good(shape=(0, 4), value=0, dtype=ALL[8])
    yield bad(RuntimeError, "negative dimension", shape=(-1,), value=0, dtype=ALL[8])


@primitive(differentiable=False)
def empty(*, shape: Shape, dtype: DType) -> Array:
    """An array of whatever the memory holds."""


@empty.infer
def empty_infer(*, shape: Shape, dtype: DType) -> Spec:
    return Spec(_size("empty", shape), dtype)


@empty.samples
def empty_samples() -> Any:
    from unison_core.dtypes import ALL

    yield good(shape=(2, 3), dtype=ALL[8])
    yield bad(RuntimeError, "negative dimension", shape=(2, -1), dtype=ALL[8])


@primitive(differentiable=False)
def arange(*, start: float = 0, end: float, step: float = 1, dtype: DType) -> Array:
    """start, start + step, ... below end: start + i * step computed in float64 or int64, then rounded once.

    There are ceil((end - start) / step) of them, in float64 as in PyTorch: arange(0, 0.9, 0.3) has 3, though the
    quotient of these doubles is a little more than 3. Of integers the count is exact.
    """


@arange.infer
def arange_infer(*, start: float, end: float, step: float, dtype: DType) -> Spec:
    return Spec((arange_length(start, end, step),), dtype)


def arange_length(start: float, end: float, step: float) -> int:
    """How many numbers arange gives.

    Raises:
        RuntimeError: step is zero or leads away from end.
    """
    from math import ceil

    if step == 0:
        raise OperatorError("step must be nonzero")
    if (end - start) * step < 0:
        raise OperatorError(
            f"upper bound and lower bound inconsistent with step sign: from {start} to {end} by {step}"
        )
    if all(isinstance(v, int) for v in (start, end, step)):
        return max(0, -((int(start) - int(end)) // int(step)))
    return max(0, ceil((end - start) / step))


@arange.samples
def arange_samples() -> Any:
    from unison_core.dtypes import float32, int64

    yield good(start=0, end=5, step=1, dtype=int64)
    yield good(start=1.0, end=2.0, step=0.25, dtype=float32)
    yield good(start=5, end=-3, step=-2, dtype=int64)
    yield good(start=0, end=0, step=1, dtype=int64)
    yield bad(RuntimeError, "step must be nonzero", start=0, end=5, step=0, dtype=int64)


@primitive(differentiable=False)
def linspace(*, start: float, end: float, steps: int, dtype: DType) -> Array:
    """steps numbers from start to end inclusive, symmetric about the middle."""


@linspace.infer
def linspace_infer(*, start: float, end: float, steps: int, dtype: DType) -> Spec:
    if steps < 0:
        raise OperatorError(f"number of steps must be non-negative, got {steps}")
    return Spec((steps,), dtype)


@linspace.samples
def linspace_samples() -> Any:
    from unison_core.dtypes import float32

    yield good(start=0.0, end=1.0, steps=5, dtype=float32)
    yield good(start=3.0, end=-1.0, steps=1, dtype=float32)
    yield bad(RuntimeError, "non-negative", start=0.0, end=1.0, steps=-1, dtype=float32)


@primitive(differentiable=False)
def eye(*, rows: int, columns: int, dtype: DType) -> Array:
    """A matrix with ones on its main diagonal and zeros elsewhere."""


@eye.infer
def eye_infer(*, rows: int, columns: int, dtype: DType) -> Spec:
    return Spec(_size("eye", (rows, columns)), dtype)


@eye.samples
def eye_samples() -> Any:
    from unison_core.dtypes import float32

    yield good(rows=3, columns=3, dtype=float32)
    yield good(rows=2, columns=4, dtype=float32)
    yield bad(RuntimeError, "negative dimension", rows=-1, columns=2, dtype=float32)
