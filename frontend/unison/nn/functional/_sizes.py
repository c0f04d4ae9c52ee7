"""Numbers that mean one length per spatial dimension."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from unison_core import ops
from unison_core.errors import OperatorError, OperatorTypeError

__all__ = ["batched", "per_dimension"]


def per_dimension(name: str, what: str, value: Any, count: int, default: Any = None) -> tuple[int, ...]:
    """A number for each of `count` dimensions, from a number, a sequence of one or of `count`; None is the default.

    Raises:
        RuntimeError: a sequence of another length.
        TypeError: something else than integers.
    """
    if value.__class__ is int:
        return (value,) * count
    if value is None or (isinstance(value, Sequence) and not len(value)):
        if default is None:
            raise OperatorTypeError(
                f"{name}(): argument '{what}' must be int or tuple of ints, not {value!r}"
            )
        return default  # type: ignore[no-any-return]
    if hasattr(value, "__index__"):
        return (value.__index__(),) * count
    if isinstance(value, (str, float)) or not isinstance(value, Sequence):
        raise OperatorTypeError(
            f"{name}(): argument '{what}' must be int or tuple of ints, not {type(value).__name__}"
        )
    if any(not hasattr(v, "__index__") for v in value):
        raise OperatorTypeError(f"{name}(): argument '{what}' must be tuple of ints, but got {value!r}")
    found = tuple(v.__index__() for v in value)
    if len(found) == 1:
        return found * count
    if len(found) != count:
        raise OperatorError(
            f"{name}: {what} must either be a single int, or a tuple of {count} ints, but got {list(found)}"
        )
    return found


def batched(name: str, input: Any, spatial: int) -> tuple[Any, bool]:
    """input with a batch dimension, and whether it had none.

    Raises:
        RuntimeError: neither (channels, *spatial) nor (batch, channels, *spatial).
    """
    ndim = input.array.ndim
    if ndim == spatial + 2:
        return input, False
    if ndim == spatial + 1:
        return ops.slice(input, key=(None,)), True
    raise OperatorError(
        f"Expected {spatial + 1}D (unbatched) or {spatial + 2}D (batched) input to {name}, but got input of "
        f"size: {list(input.shape)}"
    )
