"""Modes: everything unusual that wants to see operator calls, on one thread-local stack.

# Note [How modes stack]
The mode entered last sees a call first. While its `dispatch` runs, the stack holds only the modes below it, so a
mode never sees its own calls, and what it passes on reaches the next one. Below the last mode lies the ordinary
path with its recording, so gradients are recorded for what the modes finally asked for.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from unison_core import state

__all__ = ["Mode", "current_modes", "through"]

Proceed = Callable[..., Any]


class Mode(ABC):
    """A context manager that sees every operator call of its thread while it is entered."""

    @abstractmethod
    def dispatch(self, op: Any, inputs: tuple[Any, ...], attrs: dict[str, Any], proceed: Proceed) -> Any:
        """Handle one call: return `proceed(*inputs, **attrs)`, changed or not, or something else."""

    def __enter__(self) -> Self:
        state.set_modes((*state.local.modes, self))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        stack = state.local.modes
        if not stack or stack[-1] is not self:
            raise RuntimeError(f"{type(self).__name__} is left in another order than modes were entered")
        state.set_modes(stack[:-1])


def current_modes() -> tuple[Mode, ...]:
    """The modes of this thread, the one entered last at the end."""
    return state.local.modes


def through(op: Any, inputs: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
    """Send a call through this thread's modes and then down the ordinary path."""
    stack = state.local.modes
    if not stack:
        return op.direct(*inputs, **attrs)
    before = state.set_modes(stack[:-1])
    try:
        return stack[-1].dispatch(op, inputs, attrs, op.call)
    finally:
        state.set_modes(before)
