"""Hooks of optimisers: around step, around state_dict, around load_state_dict."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from unison.utils.hooks import RemovableHandle

__all__ = [
    "Hooks",
    "register_optimizer_step_post_hook",
    "register_optimizer_step_pre_hook",
    "with_step_hooks",
]

_KINDS = (
    "step_pre",
    "step_post",
    "state_dict_pre",
    "state_dict_post",
    "load_state_dict_pre",
    "load_state_dict_post",
)

_every_pre: OrderedDict[int, Callable[..., Any]] = OrderedDict()
_every_post: OrderedDict[int, Callable[..., Any]] = OrderedDict()


def register_optimizer_step_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(optimizer, args, kwargs)`` before the step of every optimiser; it may return new ones."""
    return _register(_every_pre, hook)


def register_optimizer_step_post_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(optimizer, args, kwargs)`` after the step of every optimiser."""
    return _register(_every_post, hook)


def _register(
    hooks: OrderedDict[int, Callable[..., Any]], hook: Callable[..., Any], prepend: bool = False
) -> RemovableHandle:
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


class Hooks:
    """The registration methods that every optimiser has, and the tables behind them."""

    _in_step = False
    _opt_called = False
    _scheduled_step: Any

    _step_pre_hooks: OrderedDict[int, Callable[..., Any]]
    _step_post_hooks: OrderedDict[int, Callable[..., Any]]
    _state_dict_pre_hooks: OrderedDict[int, Callable[..., Any]]
    _state_dict_post_hooks: OrderedDict[int, Callable[..., Any]]
    _load_state_dict_pre_hooks: OrderedDict[int, Callable[..., Any]]
    _load_state_dict_post_hooks: OrderedDict[int, Callable[..., Any]]

    def _make_hook_tables(self) -> None:
        for kind in _KINDS:
            self.__dict__.setdefault(f"_{kind}_hooks", OrderedDict())

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` before each step; it may return ``(new_args, new_kwargs)``.

        ``args`` begins with the optimiser itself.
        """
        return _register(self._step_pre_hooks, hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` after each step."""
        return _register(self._step_post_hooks, hook)

    def register_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer)`` before state_dict collects anything."""
        return _register(self._state_dict_pre_hooks, hook, prepend)

    def register_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` on what state_dict is about to return; it may return another."""
        return _register(self._state_dict_post_hooks, hook, prepend)

    def register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` on a shallow copy of what is to be loaded; it may return another."""
        return _register(self._load_state_dict_pre_hooks, hook, prepend)

    def register_load_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer)`` when load_state_dict is done."""
        return _register(self._load_state_dict_post_hooks, hook, prepend)

    def _hooked_step(self, step: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        args = (self, *args)
        for hook in (*_every_pre.values(), *self._step_pre_hooks.values()):
            replaced = hook(self, args, kwargs)
            if replaced is None:
                continue
            if not (isinstance(replaced, tuple) and len(replaced) == 2):
                raise RuntimeError(
                    f"{hook} must return None or a tuple of (new_args, new_kwargs), but got {replaced}."
                )
            args, kwargs = replaced
        result = step(*args, **kwargs)
        for hook in (*self._step_post_hooks.values(), *_every_post.values()):
            hook(self, args, kwargs)
        return result


def with_step_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    """The same step with hooks around it, once, however many overrides call each other."""

    @functools.wraps(step)
    def hooked(self: Hooks, *args: Any, **kwargs: Any) -> Any:
        if self._in_step:
            return step(self, *args, **kwargs)
        self._opt_called = True
        self._in_step = True
        try:
            if self._step_pre_hooks or self._step_post_hooks or _every_pre or _every_post:
                return self._hooked_step(step, args, kwargs)
            return step(self, *args, **kwargs)
        finally:
            self._in_step = False

    return hooked
