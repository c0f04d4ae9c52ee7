"""Hooks around a module's forward and backward: registering them, and the call that runs them."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from unison.autograd.hooks import RemovableHandle
from unison.nn.modules._backward_hooks import BackwardHooks

if TYPE_CHECKING:
    from unison.nn.modules.module import Module

__all__ = [
    "ModuleHooks",
    "add_hook",
    "call_with_hooks",
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]

_Hook = Callable[..., Any]
_Hooks = OrderedDict[int, _Hook]

# Hooks of every module. Module.__call__ reads the first four by these names.
_global_forward_pre_hooks: _Hooks = OrderedDict()
_global_forward_hooks: _Hooks = OrderedDict()
_global_backward_pre_hooks: _Hooks = OrderedDict()
_global_backward_hooks: _Hooks = OrderedDict()
_global_forward_hooks_with_kwargs: OrderedDict[int, bool] = OrderedDict()
_global_forward_hooks_always_called: OrderedDict[int, bool] = OrderedDict()
_global_parameter_registration_hooks: _Hooks = OrderedDict()
_global_buffer_registration_hooks: _Hooks = OrderedDict()
_global_module_registration_hooks: _Hooks = OrderedDict()


class ModuleHooks:
    """The part of Module that takes hooks."""

    _forward_pre_hooks: _Hooks
    _forward_pre_hooks_with_kwargs: OrderedDict[int, bool]
    _forward_hooks: _Hooks
    _forward_hooks_with_kwargs: OrderedDict[int, bool]
    _forward_hooks_always_called: OrderedDict[int, bool]
    _backward_pre_hooks: _Hooks
    _backward_hooks: _Hooks

    def _init_hooks(self) -> None:
        for name in ModuleHooks.__annotations__:
            self.__dict__[name] = OrderedDict()

    def register_forward_pre_hook(
        self, hook: _Hook, *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before forward; what it returns, if not None, replaces args.

        With with_kwargs it is ``hook(module, args, kwargs)`` and returns None or ``(args, kwargs)``.
        """
        extra = [self._forward_pre_hooks_with_kwargs] if with_kwargs else []
        return add_hook(self._forward_pre_hooks, hook, prepend, extra)

    def register_forward_hook(
        self, hook: _Hook, *, prepend: bool = False, with_kwargs: bool = False, always_call: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after forward; what it returns, if not None, replaces output.

        With with_kwargs it is ``hook(module, args, kwargs, output)``; with always_call it also runs when the call
        has raised.
        """
        extra = [self._forward_hooks_with_kwargs] if with_kwargs else []
        if always_call:
            extra.append(self._forward_hooks_always_called)
        return add_hook(self._forward_hooks, hook, prepend, extra)

    def register_full_backward_pre_hook(self, hook: _Hook, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` before the module's backward; its result replaces grad_output."""
        return add_hook(self._backward_pre_hooks, hook, prepend)

    def register_full_backward_hook(self, hook: _Hook, prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` after the module's backward; its result replaces grad_input.

        Both are tuples with None for what is no tensor or needs no gradient.
        """
        return add_hook(self._backward_hooks, hook, prepend)

    def register_backward_hook(self, hook: _Hook) -> RemovableHandle:
        """Refused: PyTorch's deprecated hook, which missed gradients of modules with several operations."""
        raise NotImplementedError(
            "register_backward_hook is deprecated in PyTorch because it sees only the module's last operation; "
            "use register_full_backward_hook, which takes the same hook."
        )


class _FlaggedHandle(RemovableHandle):
    """A handle that also takes out what was noted about the hook."""

    def __init__(self, hooks: Any, flags: list[OrderedDict[int, bool]]) -> None:
        super().__init__(hooks)
        self._flags = flags

    def remove(self) -> None:
        """Take the hook off."""
        super().remove()
        for flags in self._flags:
            flags.pop(self.id, None)


def add_hook(
    hooks: _Hooks, hook: _Hook, prepend: bool = False, extra: list[OrderedDict[int, bool]] | None = None
) -> RemovableHandle:
    """Put a hook into its table, and its flags into theirs; the handle takes all out again."""
    handle = _FlaggedHandle(hooks, extra or [])
    while handle.id in hooks:  # a module that was unpickled brings numbers from another process
        handle = _FlaggedHandle(hooks, extra or [])
    hooks[handle.id] = hook
    for flags in extra or ():
        flags[handle.id] = True
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


def register_module_forward_pre_hook(hook: _Hook) -> RemovableHandle:
    """Call ``hook(module, args)`` before the forward of every module, ahead of the module's own hooks."""
    return add_hook(_global_forward_pre_hooks, hook)


def register_module_forward_hook(
    hook: _Hook, *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call ``hook(module, args, output)`` after the forward of every module, ahead of the module's own hooks."""
    extra = [_global_forward_hooks_with_kwargs] if with_kwargs else []
    if always_call:
        extra.append(_global_forward_hooks_always_called)
    return add_hook(_global_forward_hooks, hook, extra=extra)


def register_module_full_backward_pre_hook(hook: _Hook) -> RemovableHandle:
    """Call ``hook(module, grad_output)`` before the backward of every module."""
    return add_hook(_global_backward_pre_hooks, hook)


def register_module_full_backward_hook(hook: _Hook) -> RemovableHandle:
    """Call ``hook(module, grad_input, grad_output)`` after the backward of every module."""
    return add_hook(_global_backward_hooks, hook)


def register_module_parameter_registration_hook(hook: _Hook) -> RemovableHandle:
    """Call ``hook(module, name, parameter)`` when any module registers a parameter; its result replaces it."""
    return add_hook(_global_parameter_registration_hooks, hook)


def register_module_buffer_registration_hook(hook: _Hook) -> RemovableHandle:
    """Call ``hook(module, name, buffer)`` when any module registers a buffer; its result replaces it."""
    return add_hook(_global_buffer_registration_hooks, hook)


def register_module_module_registration_hook(hook: _Hook) -> RemovableHandle:
    """Call ``hook(module, name, submodule)`` when any module registers a child; its result replaces it."""
    return add_hook(_global_module_registration_hooks, hook)


def call_with_hooks(module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """``module(*args, **kwargs)`` when some hook may have to run."""
    done: set[int] = set()
    state = _Call(args, kwargs)
    try:
        return _run(module, state, done)
    except Exception:
        _run_always_called(module, state, done)
        raise


class _Call:
    """What one call knows when it fails: the arguments after the pre-hooks, and the result so far."""

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.args, self.kwargs, self.result = args, kwargs, None


def _run(module: Module, call: _Call, done: set[int]) -> Any:
    backward_hooks = [*_global_backward_hooks.values(), *module._backward_hooks.values()]
    backward_pre_hooks = [*_global_backward_pre_hooks.values(), *module._backward_pre_hooks.values()]
    _run_pre_hooks(module, call)
    taps = None
    if backward_hooks or backward_pre_hooks:
        taps = BackwardHooks(module, backward_hooks, backward_pre_hooks)
        call.args = taps.tap_inputs(call.args)
    call.result = module.forward(*call.args, **call.kwargs)
    for key, hook, with_kwargs, _ in _forward_hooks(module):
        done.add(key)
        _run_forward_hook(module, hook, with_kwargs, call)
    return call.result if taps is None else taps.tap_output(call.result)


def _run_pre_hooks(module: Module, call: _Call) -> None:
    for hook in _global_forward_pre_hooks.values():
        _replace_args(call, hook(module, call.args))
    # A copy, because a lazy module's hook removes itself while it runs.
    for key, hook in list(module._forward_pre_hooks.items()):
        if key not in module._forward_pre_hooks_with_kwargs:
            _replace_args(call, hook(module, call.args))
            continue
        changed = hook(module, call.args, call.kwargs)
        if changed is None:
            continue
        if not (isinstance(changed, tuple) and len(changed) == 2):
            raise RuntimeError(
                f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {changed}."
            )
        call.args, call.kwargs = changed


def _replace_args(call: _Call, changed: Any) -> None:
    if changed is not None:
        call.args = changed if isinstance(changed, tuple) else (changed,)


def _forward_hooks(module: Module) -> list[tuple[int, _Hook, bool, bool]]:
    """(key, hook, takes kwargs, is always called) of the forward hooks, in calling order."""
    return [
        (key, hook, key in with_kwargs, key in always)
        for hooks, with_kwargs, always in (
            (_global_forward_hooks, _global_forward_hooks_with_kwargs, _global_forward_hooks_always_called),
            (module._forward_hooks, module._forward_hooks_with_kwargs, module._forward_hooks_always_called),
        )
        for key, hook in hooks.items()
    ]


def _run_forward_hook(module: Module, hook: _Hook, with_kwargs: bool, call: _Call) -> None:
    if with_kwargs:
        changed = hook(module, call.args, call.kwargs, call.result)
    else:
        changed = hook(module, call.args, call.result)
    if changed is not None:
        call.result = changed


def _run_always_called(module: Module, call: _Call, done: set[int]) -> None:
    """Run the forward hooks that must see failed calls too, and keep their own errors from hiding the first."""
    for key, hook, with_kwargs, always in _forward_hooks(module):
        if not always or key in done:
            continue
        try:
            _run_forward_hook(module, hook, with_kwargs, call)
        except Exception as error:  # noqa: BLE001 - the first error is the one to report
            warnings.warn(
                "module forward hook with ``always_call=True`` raised an exception that was silenced as another "
                f"error was raised in forward: {error}",
                stacklevel=4,
            )
