"""Tensors of a module as functions of other tensors, which are the ones that train."""

from __future__ import annotations

import copyreg
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import Any, NoReturn

import unison
from unison._tensor import Tensor
from unison.nn.modules.container import ModuleDict, ModuleList
from unison.nn.modules.module import Module
from unison.nn.parameter import Parameter
from unison.nn.utils._parametrization_checks import check_alike, check_tensor, inverse_of

__all__ = [
    "ParametrizationList",
    "cached",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "transfer_parametrizations_and_params",
    "type_before_parametrizations",
]

# How many ``cached()`` blocks are open, and what was computed inside them.
_cache_depth = 0
_cache: dict[tuple[int, str], Tensor] = {}

# Note [Parametrized classes]
# A property can only live in a class, so a parametrized module gets a subclass of its own class with a property for
# each parametrized name. These classes are made anew for every change and never altered: copies of a module share
# one, and what happens to one copy does not reach the others.


@contextmanager
def cached() -> Iterator[None]:
    """Inside this block, each parametrized tensor is computed once and then remembered."""
    global _cache_depth
    _cache_depth += 1
    try:
        yield
    finally:
        _cache_depth -= 1
        if not _cache_depth:
            _cache.clear()


class ParametrizationList(ModuleList):
    """The functions that make one tensor of a module, and the tensors they start from.

    Those are ``original`` or, where a right_inverse gives several, ``original0``, ``original1`` and so on. Unless
    unsafe, ValueError when shape or dtype of the tensor would change.
    """

    def __init__(self, modules: Sequence[Module], original: Tensor, unsafe: bool = False) -> None:
        if len(modules) == 0:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        start = original
        with unison.no_grad():
            for module in reversed(list(self)):
                start = inverse_of(module, start)
        self.is_tensor = isinstance(start, Tensor)
        if not self.is_tensor and not isinstance(start, Sequence):
            raise ValueError(
                "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). "
                f"Got {type(start).__name__}"
            )
        self.ntensors = 1 if self.is_tensor else len(start)
        shape, dtype = original.shape, original.dtype
        if self.is_tensor:
            self._keep_original(original, start)
        else:
            self._create_originals(original, start)
        if not unsafe:
            check_alike("the tensor", self(), shape, dtype)

    def _keep_original(self, original: Tensor, start: Tensor) -> None:
        """The same parameter with the data of start, so that an optimizer that holds it keeps working."""
        for what in ("dtype", "device"):
            if getattr(start, what) != getattr(original, what):
                raise ValueError(
                    f"When `right_inverse` outputs one tensor, it may not change the {what}.\n"
                    f"original.{what}: {getattr(original, what)}\n"
                    f"right_inverse(original).{what}: {getattr(start, what)}"
                )
        _set_data(original, start)
        _register(self, "original", original)

    def _create_originals(self, original: Tensor, starts: Sequence[Any]) -> None:
        for index, start in enumerate(starts):
            check_tensor(start, f"'right_inverse' must return tensors; element {index}")
            made = Parameter(start) if isinstance(original, Parameter) else start
            _register(self, f"original{index}", made.requires_grad_(original.requires_grad))

    def _originals(self) -> list[Any]:
        if self.is_tensor:
            return [self.original]
        return [getattr(self, f"original{index}") for index in range(self.ntensors)]

    def right_inverse(self, value: Any) -> None:
        """Set the originals so that value comes out; what assigning to the parametrized tensor does.

        RuntimeError when a function has no right_inverse, ValueError when one returns something else than before.
        """
        with unison.no_grad():
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(
                        f"parametrization {type(module).__name__} does not implement right_inverse."
                    )
                value = module.right_inverse(value)
            values = [value] if self.is_tensor else value
            if not isinstance(values, Sequence):
                raise ValueError(
                    f"'right_inverse' must return a sequence of tensors. Got {type(value).__name__}."
                )
            if len(values) != self.ntensors:
                raise ValueError(
                    f"'right_inverse' must return a sequence of tensors of length {self.ntensors}. "
                    f"Got a sequence of length {len(values)}."
                )
            for index, (original, new) in enumerate(zip(self._originals(), values, strict=True)):
                check_tensor(new, f"`right_inverse` should return a tensor; element {index}")
                if new.dtype != original.dtype:
                    raise ValueError(
                        f"Tensor {index} returned by `right_inverse` has dtype {new.dtype} while the original has "
                        f"dtype {original.dtype}"
                    )
                _set_data(original, new)

    def forward(self) -> Any:
        """Compute the tensor."""
        first, *rest = self._modules.values()
        value = first(*self._originals())
        for module in rest:
            value = module(value)
        return value


def _set_data(target: Tensor, source: Tensor) -> None:
    if source is not target:
        target.data = source.detach()


def _register(module: Module, name: str, tensor: Tensor) -> None:
    if isinstance(tensor, Parameter):
        module.register_parameter(name, tensor)
    else:
        module.register_buffer(name, tensor)


def _computed(name: str) -> property:
    """The property that computes a tensor when it is read, and inverts when it is set."""

    def compute(module: Any) -> Any:
        parametrization = module.parametrizations[name]
        if not _cache_depth:
            return parametrization()
        key = (id(module), name)
        if key not in _cache:
            _cache[key] = parametrization()
        return _cache[key]

    def invert(module: Any, value: Any) -> None:
        module.parametrizations[name].right_inverse(value)

    return property(compute, invert)


def _refuse_pickling(module: Any) -> NoReturn:
    raise RuntimeError(
        "Serialization of parametrized modules is only supported through state_dict(): save that, and load it into "
        "a module that is parametrized in the same way."
    )


def _copy_parametrized(module: Any, memo: dict[int, Any]) -> Any:
    if id(module) not in memo:
        memo[id(module)] = copy = module.__new__(type(module))
        copy.__dict__.update(deepcopy(module.__dict__, memo))
        for slot in copyreg._slotnames(type(module)):  # type: ignore[attr-defined]
            if hasattr(module, slot):
                setattr(copy, slot, deepcopy(getattr(module, slot), memo))
    return memo[id(module)]


def _set_class(module: Module, names: Sequence[str]) -> None:
    """Give module the class in which these names are computed: see Note [Parametrized classes]."""
    base = type_before_parametrizations(module)
    if not names:
        module.__class__ = base
        return
    members: dict[str, Any] = {name: _computed(name) for name in names}
    members |= {"__getstate__": _refuse_pickling, "_class_before_parametrizations": base}
    if not hasattr(base, "__deepcopy__"):
        members["__deepcopy__"] = _copy_parametrized
    module.__class__ = type(f"Parametrized{base.__name__}", (base,), members)


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Make parameter or buffer tensor_name of module the result of ``parametrization(original)``, and return module.

    The original stands in ``module.parametrizations[tensor_name].original`` and trains in its place. A second
    parametrization takes the result of the first. An optional method ``right_inverse`` finds the original for a
    value. ValueError for an unknown name or, unless unsafe, when shape or dtype would change.

    >>> import unison
    >>> class Symmetric(unison.nn.Module):
    ...     def forward(self, x):
    ...         return x.triu() + x.triu(1).t()
    >>> layer = register_parametrization(unison.nn.Linear(3, 3), "weight", Symmetric())
    >>> unison.equal(layer.weight, layer.weight.t())
    True
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        _append(module, tensor_name, parametrization, unsafe)
    elif tensor_name in module._buffers or tensor_name in module._parameters:
        parametrizations = ParametrizationList([parametrization], getattr(module, tensor_name), unsafe)
        delattr(module, tensor_name)
        if not is_parametrized(module):
            module.parametrizations = ModuleDict()
        module.parametrizations[tensor_name] = parametrizations
        _set_class(module, list(module.parametrizations))
    else:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element with name "
            f"'{tensor_name}'"
        )
    return module


def _append(module: Any, name: str, parametrization: Any, unsafe: bool) -> None:
    """Add one more function behind those that compute a tensor already."""
    if not unsafe:
        before = getattr(module, name)
        after = parametrization(before)
        check_alike(f"module.{name}", after, before.shape, before.dtype)
        back = inverse_of(parametrization, after)
        check_alike("what parametrization.right_inverse returns", back, before.shape, before.dtype)
    parametrizations = module.parametrizations[name]
    parametrizations.append(parametrization)
    parametrizations.unsafe |= unsafe


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether this tensor of module, or any when no name is given, is parametrized."""
    parametrizations = getattr(module, "parametrizations", None)
    if not isinstance(parametrizations, ModuleDict):
        return False
    return len(parametrizations) > 0 if tensor_name is None else tensor_name in parametrizations


def remove_parametrizations(module: Module, tensor_name: str, leave_parametrized: bool = True) -> Module:
    """Make tensor_name an ordinary parameter or buffer again, and return module.

    It keeps its present value or, with leave_parametrized=False, gets that of the original. ValueError when it is
    not parametrized, or when there are several originals to choose from.
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    parametrizations = module.parametrizations[tensor_name]
    if parametrizations.is_tensor:
        original = parametrizations.original
        if leave_parametrized:
            with unison.no_grad():
                _set_data(original, getattr(module, tensor_name))
    elif leave_parametrized:
        value = getattr(module, tensor_name)
        original = Parameter(value) if value.requires_grad else value
    else:
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is parametrized in terms of a "
            "sequence of tensors."
        )
    del module.parametrizations[tensor_name]
    _set_class(module, list(module.parametrizations))
    if not module.parametrizations:
        del module.parametrizations
    _register(module, tensor_name, original)
    return module


def type_before_parametrizations(module: Module) -> type:
    """The class that module had before it was parametrized."""
    return getattr(module, "_class_before_parametrizations", type(module))


def transfer_parametrizations_and_params(
    from_module: Module, to_module: Module, tensor_name: str | None = None
) -> Module:
    """Parametrize to_module like from_module, all tensors or one, with the same originals; return to_module."""
    if not is_parametrized(from_module):
        return to_module
    for name in list(from_module.parametrizations) if tensor_name is None else [tensor_name]:
        source = from_module.parametrizations[name]
        if not hasattr(to_module, name):
            setattr(to_module, name, Parameter(getattr(from_module, name)))
        for parametrization in source:
            register_parametrization(to_module, name, parametrization)
        target = to_module.parametrizations[name]
        names = ["original"] if source.is_tensor else [f"original{index}" for index in range(source.ntensors)]
        for original in names:
            setattr(target, original, getattr(source, original))
    return to_module
