"""How assigning to a module registers parameters, buffers and children, and how reading finds them again."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from unison._tensor import Tensor
from unison.nn.modules._hooks import (
    _global_buffer_registration_hooks,
    _global_module_registration_hooks,
    _global_parameter_registration_hooks,
)
from unison.nn.parameter import Buffer, Parameter

if TYPE_CHECKING:
    from unison.nn.modules.module import Module

__all__ = ["ModuleAttributes"]


class ModuleAttributes:
    """The part of Module that keeps parameters, buffers and children apart from plain attributes."""

    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Module | None]
    _non_persistent_buffers_set: set[str]

    def _init_attributes(self) -> None:
        # Straight into __dict__, because __setattr__ looks for these very dictionaries.
        attributes = self.__dict__
        attributes["_parameters"] = {}
        attributes["_buffers"] = {}
        attributes["_modules"] = {}
        attributes["_non_persistent_buffers_set"] = set()

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter under name; None reserves the name without a parameter.

        Raises KeyError for a name that is taken or unusable, TypeError for what is no Parameter, ValueError for a
        tensor with history.
        """
        self._check_name("parameter", name, self.__dict__.get("_parameters"))
        if param is not None:
            if not isinstance(param, Parameter):
                raise TypeError(
                    f"cannot assign '{_typename(param)}' object to parameter '{name}' "
                    "(unison.nn.Parameter or None required)"
                )
            if param.grad_fn is not None:
                raise ValueError(
                    f"Cannot assign non-leaf Tensor to parameter '{name}'. A parameter has no history: to make "
                    f"'{name}' a function of another tensor, compute it in the forward() method."
                )
            param = _filtered(_global_parameter_registration_hooks, self, name, param)
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a buffer: a tensor that belongs to the state but is not trained, such as a running mean.

        ``persistent=False`` keeps it out of state_dict. Raises KeyError for a name that is taken or unusable,
        TypeError for what is no tensor.
        """
        self._check_name("buffer", name, self.__dict__.get("_buffers"))
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{_typename(tensor)}' object to buffer '{name}' (unison.Tensor or None required)"
            )
        self._buffers[name] = _filtered(_global_buffer_registration_hooks, self, name, tensor)
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a child under name; None reserves the name without a child.

        Raises KeyError for a name that is taken or unusable, TypeError for what is no module.
        """
        if module is not None and not isinstance(module, ModuleAttributes):
            raise TypeError(f"{_typename(module)} is not a Module subclass")
        self._check_name("module", name, self.__dict__.get("_modules"))
        self._modules[name] = _filtered(_global_module_registration_hooks, self, name, module)

    def register_module(self, name: str, module: Module | None) -> None:
        """The same as add_module."""
        self.add_module(name, module)

    def _check_name(self, kind: str, name: Any, members: dict[str, Any] | None) -> None:
        if members is None:
            raise AttributeError(f"cannot assign {kind} before Module.__init__() call")
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {_typename(name)}")
        if name not in members and hasattr(self, name):
            raise KeyError(f"attribute '{name}' already exists")
        if "." in name:
            raise KeyError(f'{kind} name can\'t contain ".", got: {name}')
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')

    def __getattr__(self, name: str) -> Any:
        # Runs when ordinary look-up has failed, which it does for every parameter: keep it short.
        attributes = self.__dict__
        if "_parameters" in attributes:
            members = attributes["_parameters"]
            if name in members:
                return members[name]
            members = attributes["_buffers"]
            if name in members:
                return members[name]
            members = attributes["_modules"]
            if name in members:
                return members[name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __setattr__(self, name: str, value: Any) -> None:
        attributes = self.__dict__
        if "_parameters" not in attributes:
            _refuse_before_init(value)
            super().__setattr__(name, value)
        elif isinstance(value, Parameter):
            self._forget(name, attributes["_parameters"])
            self.register_parameter(name, value)
        elif name in attributes["_parameters"]:
            _require_none(value, name, "as parameter", "unison.nn.Parameter")
            self.register_parameter(name, None)
        elif isinstance(value, ModuleAttributes):
            self._forget(name, attributes["_modules"])
            self._modules[name] = _filtered(_global_module_registration_hooks, self, name, value)
        elif name in attributes["_modules"]:
            _require_none(value, name, "as child module", "unison.nn.Module")
            self._modules[name] = _filtered(_global_module_registration_hooks, self, name, value)
        elif isinstance(value, Buffer) or name in attributes["_buffers"]:
            self._set_buffer(name, value)
        else:
            super().__setattr__(name, value)

    def _set_buffer(self, name: str, value: Any) -> None:
        if value is not None and not isinstance(value, Tensor):
            raise TypeError(
                f"cannot assign '{_typename(value)}' as buffer '{name}' "
                "(unison.nn.Buffer, unison.Tensor or None expected)"
            )
        persistent = name not in self._non_persistent_buffers_set
        if isinstance(value, Buffer):
            persistent = value.persistent
        if persistent and "persistent" not in inspect.signature(self.register_buffer).parameters:
            self.register_buffer(name, value)  # overridden in the manner of old programs
        else:
            self.register_buffer(name, value, persistent)

    def _forget(self, name: str, keep: dict[str, Any]) -> None:
        """Remove name from wherever it is registered, except from ``keep``, where it holds its place."""
        for members in (self.__dict__, self._parameters, self._buffers, self._modules):
            if members is not keep and name in members:
                del members[name]
        self._non_persistent_buffers_set.discard(name)

    def __delattr__(self, name: str) -> None:
        for members in (self._parameters, self._buffers, self._modules):
            if name in members:
                del members[name]
                self._non_persistent_buffers_set.discard(name)
                return
        super().__delattr__(name)

    def __dir__(self) -> list[str]:
        names = {*dir(type(self)), *self.__dict__, *self._parameters, *self._modules, *self._buffers}
        return sorted(name for name in names if not name[:1].isdigit())


def _filtered(hooks: Any, module: Any, name: str, value: Any) -> Any:
    """What the registration hooks make of value."""
    for hook in hooks.values():
        changed = hook(module, name, value)
        if changed is not None:
            value = changed
    return value


def _refuse_before_init(value: Any) -> None:
    for kind, what in ((Parameter, "parameters"), (Buffer, "buffers"), (ModuleAttributes, "module")):
        if isinstance(value, kind):
            raise AttributeError(
                f"cannot assign {what} before Module.__init__() call: call super().__init__() first in __init__"
            )


def _require_none(value: Any, name: str, role: str, expected: str) -> None:
    if value is not None:
        raise TypeError(f"cannot assign '{_typename(value)}' {role} '{name}' ({expected} or None expected)")


def _typename(value: Any) -> str:
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
