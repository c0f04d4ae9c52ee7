"""Switching recording on and off: per thread, as context managers and decorators."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import TracebackType
from typing import Any

from unison_core import state

__all__ = [
    "enable_grad",
    "inference_mode",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "set_grad_enabled",
]


def is_grad_enabled() -> bool:
    """Whether this thread records operations on tensors that require a gradient."""
    return state.grad_enabled()


def is_inference_mode_enabled() -> bool:
    """Whether this thread is in inference mode."""
    return state.inference_enabled()


class _Switch:
    """A block, or every call of a decorated function, with recording on or off."""

    enabled: bool

    def __init__(self) -> None:
        self._before: list[bool] = []

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Used as a bare decorator, the class is called with the function."""
        if args and callable(args[0]):
            return cls()(args[0])
        return super().__new__(cls)

    def __enter__(self) -> None:
        self._before.append(state.set_grad(self.enabled))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        state.set_grad(self._before.pop())

    def clone(self) -> _Switch:
        """A fresh one with the same setting."""
        return type(self)()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        import inspect

        if inspect.isgeneratorfunction(function):
            return _around_generator(self, function)

        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self.clone():
                return function(*args, **kwargs)

        return wrapped


def _around_generator(switch: _Switch, function: Callable[..., Any]) -> Callable[..., Any]:
    """A generator is inside the block only while its own code runs."""

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        generator = function(*args, **kwargs)
        resume: Callable[[], Any] = functools.partial(generator.send, None)
        while True:
            try:
                with switch.clone():
                    item = resume()
            except StopIteration as stop:
                return stop.value
            try:
                resume = functools.partial(generator.send, (yield item))
            except GeneratorExit:
                with switch.clone():
                    generator.close()
                raise
            except BaseException as error:  # noqa: BLE001 - it is the generator's to handle
                resume = functools.partial(generator.throw, error)

    return wrapped


class no_grad(_Switch):
    """Within the block, nothing is recorded.

    >>> import unison
    >>> x = unison.ones(2, requires_grad=True)
    >>> with unison.no_grad():
    ...     y = x * 2
    >>> y.requires_grad
    False
    """

    enabled = False


class enable_grad(_Switch):
    """Within the block, operations are recorded, even inside `no_grad`."""

    enabled = True


class set_grad_enabled(_Switch):
    """Switch recording on or off: at once when called, until the block ends when used with `with`."""

    def __new__(cls, mode: bool) -> Any:
        return object.__new__(cls)

    def __init__(self, mode: bool) -> None:
        super().__init__()
        self.enabled = mode
        self._outer = state.set_grad(mode)

    def __enter__(self) -> None:
        state.set_grad(self.enabled)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        state.set_grad(self._outer)

    def clone(self) -> _Switch:
        """A fresh one with the same setting."""
        return set_grad_enabled(self.enabled)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        state.set_grad(self._outer)
        return super().__call__(function)


class inference_mode(_Switch):
    """Like `no_grad`, and `is_inference_mode_enabled()` says so; its tensors are ordinary ones here."""

    def __new__(cls, mode: Any = True) -> Any:
        if callable(mode):
            return cls()(mode)
        return object.__new__(cls)

    def __init__(self, mode: bool = True) -> None:
        super().__init__()
        self.mode = mode
        self._inference: list[bool] = []

    def __enter__(self) -> None:
        self._inference.append(state.local.inference)
        self._before.append(state.set_grad(False) if self.mode else state.grad_enabled())
        state.local.inference = self.mode

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        state.local.inference = self._inference.pop()
        state.set_grad(self._before.pop())

    def clone(self) -> _Switch:
        """A fresh one with the same setting."""
        return inference_mode(self.mode)
