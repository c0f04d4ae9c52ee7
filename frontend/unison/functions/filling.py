"""Copies, and writing into tensors, as functions; the methods are the same."""

from __future__ import annotations

from typing import Any

from unison_core import ops

__all__ = ["clone", "detach", "detach_", "fill", "fill_", "resize_as_", "zero_"]


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
    # A copy with slope 0 towards input, as in torch; value keeps its gradient.
    return ops.copy(input).fill_(value)


def fill_(input: Any, value: Any) -> Any:
    """Write one number into every element."""
    return input.fill_(value)


def zero_(input: Any) -> Any:
    """Write zeros into every element."""
    return input.zero_()


def resize_as_(input: Any, the_template: Any, *, memory_format: Any = None) -> Any:
    """Give input the shape of another tensor."""
    return input.resize_as_(the_template)
