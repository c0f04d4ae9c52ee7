"""Modules that learn the shapes of their parameters from the first input."""

from __future__ import annotations

from typing import Any

import unison
from unison.nn.modules.module import Module
from unison.nn.parameter import is_lazy

__all__ = ["LazyModuleMixin"]


class LazyModuleMixin(Module):
    """Base of the Lazy* modules: put it before the module class, whose place the object takes once it is shaped.

    A subclass creates UninitializedParameters and materializes them in ``initialize_parameters``, which gets the
    arguments of the first call. Loading a state dict materializes them too.
    """

    cls_to_become: type[Module] | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._load_hook = self._register_load_state_dict_pre_hook(_materialize_from_state, with_module=True)
        self._initialize_hook = self.register_forward_pre_hook(_initialize_from_input, with_kwargs=True)

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Materialize the parameters for these arguments of forward."""
        raise NotImplementedError(f"initialize_parameters is not implemented for {type(self).__name__}")

    def has_uninitialized_params(self) -> bool:
        """Whether some parameter or buffer still has no shape."""
        return any(map(is_lazy, self._parameters.values())) or any(map(is_lazy, self._buffers.values()))


def _initialize_from_input(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """The forward pre-hook of a lazy module: shape it, then make it an ordinary module."""
    module.initialize_parameters(*args, **kwargs)
    if module.has_uninitialized_params():
        raise RuntimeError(f"module {module._get_name()} has not been fully initialized")
    module._initialize_hook.remove()
    module._load_hook.remove()
    del module._initialize_hook, module._load_hook
    if module.cls_to_become is not None:
        module.__class__ = module.cls_to_become


def _materialize_from_state(module: Any, state_dict: Any, prefix: str, *rest: Any) -> None:
    """The load hook of a lazy module: take the shapes from the state that is about to be copied in."""
    for members in (module._parameters, module._buffers):
        for name, tensor in members.items():
            value = state_dict.get(prefix + name)
            if is_lazy(tensor) and value is not None and not is_lazy(value):
                with unison.no_grad():
                    tensor.materialize(value.shape)
