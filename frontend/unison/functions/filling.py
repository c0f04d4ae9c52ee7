"""Copies, and writing into tensors, as functions; the methods are the same."""

from __future__ import annotations

from typing import Any

from unison.functions._common import tensor_like
from unison_core import dtypes, ops
from unison_core.errors import OperatorError
from unison_core.handle import Handle

__all__ = ["clone", "detach", "detach_", "fill", "fill_", "replaced", "resize_as_", "zero_"]


def clone(input: Any, *, memory_format: Any = None) -> Any:
    """A copy in fresh memory, in the graph."""
    return ops.copy(input)


def detach(input: Any) -> Any:
    """The same memory outside the graph."""
    return input.detach()


def detach_(input: Any) -> Any:
    """Take input out of the graph.

    Raises:
        RuntimeError: it is a view.
    """
    return input.detach_()


def fill(input: Any, value: Any) -> Any:
    """A tensor like input with one number, or the element of a 0-d tensor, everywhere.

    Raises:
        RuntimeError: value is a tensor with dimensions.
    """
    if isinstance(value, Handle) and value.array.shape:
        raise OperatorError(
            f"fill only supports 0-dimension value tensor but got tensor with {len(value.array.shape)} dimensions."
        )
    source = tensor_like(value, input)
    if source.dtype in dtypes.COMPLEX and input.dtype not in dtypes.COMPLEX:
        raise OperatorError("value cannot be converted to a real type without overflow: it is complex")
    return replaced(input, source)


def replaced(input: Any, source: Any) -> Any:
    """source, cast and broadcast, in the place of input, which stays in the graph with slope 0 as in torch."""
    source = source if source.dtype is input.dtype else ops.cast(source, dtype=input.dtype)
    if source.device is not input.device:
        source = ops.to_device(source, device=input.device)
    never = ops.full(shape=tuple(input.array.shape), value=False, dtype=dtypes.bool_, device=input.device)
    return ops.where(never, input, source)


def fill_(input: Any, value: Any) -> Any:
    """Write one number into every element."""
    return input.fill_(value)


def zero_(input: Any) -> Any:
    """Write zeros into every element."""
    return input.zero_()


def resize_as_(input: Any, the_template: Any, *, memory_format: Any = None) -> Any:
    """Give input the shape of another tensor."""
    return input.resize_as_(the_template)
