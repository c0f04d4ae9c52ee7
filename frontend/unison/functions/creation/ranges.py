"""Numbers in steps."""

from __future__ import annotations

import math
from typing import Any

from unison.functions._precision import reckoning_place
from unison.functions.creation.filled import finish, place
from unison_core import dtypes, ops
from unison_core.dtypes import DType
from unison_core.errors import NotSupportedError, OperatorError, OperatorValueError
from unison_core.handle import Handle

__all__ = ["arange", "linspace", "logspace", "range"]


def arange(
    start: Any,
    end: Any = None,
    step: Any = 1,
    *,
    out: Any = None,
    dtype: DType | None = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Any:
    """start, start + step, ... up to but without end; int64 if all are integers.

    Raises:
        NotImplementedError: dtype is bool or complex.
        RuntimeError: an end is not finite, or step leads away from the end.
        ValueError: step is zero.
    """
    if end is None:
        start, end = 0, start
    numbers = [_number(n) for n in (start, end, step)]
    if any(isinstance(n, float) and not math.isfinite(n) for n in numbers[:2]):
        raise OperatorError(f"unsupported range: {numbers[0]} -> {numbers[1]}")
    if dtype is None and out is not None:
        dtype = out.dtype
    if dtype is None:
        dtype = dtypes.int64 if all(isinstance(n, int) for n in numbers) else dtypes.get_default_dtype()
    _refuse_unordered("arange", dtype)
    if dtype is dtypes.int64:
        # torch counts in the integers themselves when they are to be int64.
        if int(numbers[2]) == 0 != numbers[2]:
            raise OperatorValueError(f"step must be nonzero, but {numbers[2]} is 0 in int64")
        numbers = [int(n) for n in numbers]
    start, end, step = numbers
    made = ops.arange(start=start, end=end, step=step, dtype=dtype, device=place(device))
    return finish(made, requires_grad, out, pin_memory=pin_memory)


def _refuse_unordered(name: str, dtype: DType) -> None:
    if dtype is dtypes.bool_ or dtype.is_complex:
        raise NotSupportedError(f"{name}() has no {dtype.name}: it counts in integers and floating numbers")


def linspace(
    start: Any,
    end: Any,
    steps: int,
    *,
    out: Any = None,
    dtype: DType | None = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Any:
    """`steps` numbers from start to end, both included."""
    start, end = _ends("linspace", start, end, steps)
    kind = dtype or dtypes.get_default_dtype()
    if isinstance(start, complex) or isinstance(end, complex):
        kind = dtype or kind.to_complex()
    if kind in dtypes.INTEGER:
        # The ends are whole before the steps are taken.
        start, end = int(start), int(end)
    made = ops.linspace(start=start, end=end, steps=steps, dtype=kind, device=place(device))
    return finish(made, requires_grad, out, pin_memory=pin_memory)


def _number(n: Any) -> Any:
    return n.item() if hasattr(n, "item") else n


def _ends(name: str, start: Any, end: Any, steps: Any) -> tuple[Any, Any]:
    """The ends as numbers.

    Raises:
        RuntimeError: one is a tensor with dimensions, or steps is negative.
        TypeError: steps is no integer.
    """
    if not hasattr(steps, "__index__"):
        raise TypeError(f"{name}(): argument 'steps' must be int, not {type(steps).__name__}")
    for end_name, value in (("start", start), ("end", end)):
        if isinstance(value, Handle) and value.array.shape:
            raise OperatorError(
                f"{name} only supports 0-dimensional start and end tensors, but got {end_name} with "
                f"{value.array.ndim} dimension(s)."
            )
    if steps < 0:
        raise OperatorError("number of steps must be non-negative")
    return _number(start), _number(end)


def logspace(
    start: Any,
    end: Any,
    steps: int,
    base: float = 10.0,
    *,
    out: Any = None,
    dtype: DType | None = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Any:
    """`steps` numbers from base^start to base^end, each the same factor from the next."""
    start, end = _ends("logspace", start, end, steps)
    is_complex = any(isinstance(n, complex) for n in (start, end, base))
    kind = dtype or (dtypes.get_default_dtype().to_complex() if is_complex else dtypes.get_default_dtype())
    wide = dtypes.complex128 if kind.is_complex or is_complex else dtypes.float64
    where = reckoning_place(device)
    if kind in dtypes.INTEGER:
        # The ends are whole before they become exponents.
        start, end = int(start), int(end)
    exponents = ops.linspace(start=start, end=end, steps=steps, dtype=wide, device=where)
    powers = ops.pow(base if not isinstance(base, int) else float(base), exponents)
    made = ops.cast(powers, dtype=kind)
    return finish(made, requires_grad, out, device=place(device), pin_memory=pin_memory)


def range(
    start: Any = 0,
    end: Any = None,
    step: Any = 1,
    *,
    out: Any = None,
    dtype: DType | None = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Any:
    """start, start + step, ... up to and with end; `arange` stops before it, as Python does.

    Raises:
        RuntimeError: step is zero or leads away from end.
        NotImplementedError: dtype is bool or complex.
    """
    if end is None:
        start, end = 0, start
    start, end, step = (_number(n) for n in (start, end, step))
    if step == 0:
        raise OperatorError("step must be nonzero")
    if (end - start) * step < 0:
        raise OperatorError("upper bound and lower bound inconsistent with step sign")
    count = int((end - start) / step) + 1
    kind = dtype or dtypes.get_default_dtype()
    _refuse_unordered("range", kind)
    steps = ops.arange(start=0, end=count, step=1, dtype=dtypes.int64, device=reckoning_place(device))
    wide = dtypes.int64 if all(isinstance(n, int) for n in (start, step)) else dtypes.float64
    numbers = ops.add(ops.mul(ops.cast(steps, dtype=wide), step), start)
    made = ops.cast(numbers, dtype=kind)
    return finish(made, requires_grad, out, device=place(device), pin_memory=pin_memory)
