"""Module, the base class of everything in nn: named parameters, buffers and children around a forward method."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, NoReturn, Self

from unison.nn.modules._attributes import ModuleAttributes
from unison.nn.modules._convert import ModuleConversion
from unison.nn.modules._hooks import (
    ModuleHooks,
    _global_backward_hooks,
    _global_backward_pre_hooks,
    _global_forward_hooks,
    _global_forward_pre_hooks,
    call_with_hooks,
    register_module_buffer_registration_hook,
    register_module_forward_hook,
    register_module_forward_pre_hook,
    register_module_full_backward_hook,
    register_module_full_backward_pre_hook,
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)
from unison.nn.modules._state_dict import ModuleState

__all__ = [
    "Module",
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]


# Note [Reading parameters]
# A parameter is not in the module's __dict__, so that ``self.weight`` fails once before __getattr__ finds it:
# several times the cost of a dictionary look-up. The layers that run most look into ``_parameters`` themselves and
# fall back to ``self.weight`` when the name is not there, as when parametrize or weight_norm computes it.


class Module(ModuleAttributes, ModuleHooks, ModuleState, ModuleConversion):
    """A part of a model: subclass it, create parameters and children in ``__init__``, compute in ``forward``.

    >>> import unison
    >>> class Double(unison.nn.Module):
    ...     def forward(self, x):
    ...         return 2 * x
    >>> Double()(unison.ones(2)).tolist()
    [2.0, 2.0]
    """

    training: bool
    call_super_init: ClassVar[bool] = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if (args or kwargs) and not self.call_super_init:
            got = (
                f"keyword argument {next(iter(kwargs))!r}"
                if kwargs
                else f"{len(args)} positional argument(s)"
            )
            raise TypeError(f"{type(self).__name__}.__init__() got an unexpected {got}: Module takes none")
        self._init_attributes()
        self._init_hooks()
        self._init_state()
        self.__dict__["training"] = True
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    def forward(self, *input: Any) -> Any:
        """Compute the output; every subclass overrides it. Call the module itself, so that hooks run."""
        raise NotImplementedError(
            f'Module [{type(self).__name__}] is missing the required "forward" function'
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if (
            self._forward_hooks
            or self._forward_pre_hooks
            or self._backward_hooks
            or self._backward_pre_hooks
            or _global_forward_hooks
            or _global_forward_pre_hooks
            or _global_backward_hooks
            or _global_backward_pre_hooks
        ):
            return call_with_hooks(self, args, kwargs)
        return self.forward(*args, **kwargs)

    def apply(self, fn: Callable[[Module], None]) -> Self:
        """Call fn on every module of the tree, children first, and return this module."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def train(self, mode: bool = True) -> Self:
        """Put the tree in training mode (dropout drops, batch norm uses the batch), or out of it.

        Raises ValueError when mode is not a bool.
        """
        if not isinstance(mode, bool):
            raise ValueError(f"training mode is expected to be boolean, got {mode!r}")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Self:
        """Put the tree in evaluation mode."""
        return self.train(False)

    def compile(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Not available: modules run eagerly."""
        raise NotImplementedError("Module.compile: there is no compiler yet; call the module as it is")

    def _get_name(self) -> str:
        return type(self).__name__

    def extra_repr(self) -> str:
        """What repr shows between the parentheses, on one line or several; override it."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        if not self._modules and len(lines) <= 1:
            return f"{self._get_name()}({extra})"
        lines += [f"({name}): {_indented(repr(module))}" for name, module in self._modules.items()]
        body = "".join(f"\n  {line}" for line in lines)
        return f"{self._get_name()}({body}\n)"


def _indented(text: str) -> str:
    """Text whose lines after the first are moved two columns to the right."""
    return text.replace("\n", "\n  ")
