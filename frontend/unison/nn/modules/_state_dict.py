"""The state of a module as a dictionary: writing it, reading it back, and reporting all that does not fit."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, NamedTuple

import unison
from unison._tensor import Tensor
from unison.autograd.hooks import RemovableHandle
from unison.nn.modules._hooks import add_hook
from unison.nn.modules._tree import ModuleTree
from unison.nn.parameter import Parameter, is_lazy

__all__ = ["IncompatibleKeys", "ModuleState"]

_Hook = Callable[..., Any]
_EXTRA_STATE = "_extra_state"


class IncompatibleKeys(NamedTuple):
    """What ``load_state_dict`` returns: the keys that were missing and those it had no use for."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"

    __str__ = __repr__


class ModuleState(ModuleTree):
    """The part of Module that saves and loads."""

    _version: ClassVar[int] = 1
    _non_persistent_buffers_set: set[str]
    _state_dict_pre_hooks: OrderedDict[int, _Hook]
    _state_dict_hooks: OrderedDict[int, _Hook]
    _load_state_dict_pre_hooks: OrderedDict[int, _Hook]
    _load_state_dict_post_hooks: OrderedDict[int, _Hook]

    def _init_state(self) -> None:
        attributes = self.__dict__
        attributes["_non_persistent_buffers_set"] = set()
        attributes["_state_dict_pre_hooks"] = OrderedDict()
        attributes["_state_dict_hooks"] = OrderedDict()
        attributes["_load_state_dict_pre_hooks"] = OrderedDict()
        attributes["_load_state_dict_post_hooks"] = OrderedDict()

    def get_extra_state(self) -> Any:
        """Return what state_dict should hold beside the tensors; override it together with set_extra_state."""
        raise RuntimeError(f"{type(self).__name__} has no extra state: get_extra_state is not overridden")

    def set_extra_state(self, state: Any) -> None:
        """Take back what get_extra_state returned."""
        raise RuntimeError(f"{type(self).__name__} has no extra state: set_extra_state is not overridden")

    def register_state_dict_pre_hook(self, hook: _Hook) -> RemovableHandle:
        """Call ``hook(module, prefix, keep_vars)`` before this module's state is collected."""
        return add_hook(self._state_dict_pre_hooks, hook)

    def register_state_dict_post_hook(self, hook: _Hook) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, local_metadata)`` after; it changes state_dict in place."""
        hook._from_public_api = True  # type: ignore[attr-defined]
        return add_hook(self._state_dict_hooks, hook)

    def _register_state_dict_hook(self, hook: _Hook) -> RemovableHandle:
        """As register_state_dict_post_hook, but the hook may return another dictionary."""
        if getattr(hook, "_from_public_api", False):
            raise RuntimeError(
                "Cannot register the same function as the state dict post hook that was previously registered "
                "via register_state_dict_post_hook"
            )
        return add_hook(self._state_dict_hooks, hook)

    def register_load_state_dict_pre_hook(self, hook: _Hook) -> RemovableHandle:
        """Call hook before this module loads, with the arguments of _load_from_state_dict after the module."""
        return self._register_load_state_dict_pre_hook(hook, with_module=True)

    def _register_load_state_dict_pre_hook(self, hook: _Hook, with_module: bool = False) -> RemovableHandle:
        # with_module is kept as data, not bound to self, so that a copied module calls the hook with the copy.
        return add_hook(self._load_state_dict_pre_hooks, _WithModule(hook) if with_module else hook)

    def register_load_state_dict_post_hook(self, hook: _Hook) -> RemovableHandle:
        """Call ``hook(module, incompatible_keys)`` after this module has loaded; it changes the keys in place."""
        return add_hook(self._load_state_dict_post_hooks, hook)

    def state_dict(
        self, *args: Any, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> Any:
        """Return parameters and persistent buffers of the whole tree by dotted name, detached unless keep_vars.

        The tensors share storage with the module. The ``_metadata`` attribute holds each module's ``_version``.
        """
        if args:
            warnings.warn(
                "state_dict takes destination, prefix and keep_vars by keyword; positions are deprecated",
                FutureWarning,
                stacklevel=2,
            )
            destination, prefix, keep_vars = (*args, *(destination, prefix, keep_vars)[len(args) :])
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()
        metadata = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = metadata
        for hook in self._state_dict_pre_hooks.values():
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        for hook in self._state_dict_hooks.values():
            result = hook(self, destination, prefix, metadata)
            if result is None:
                continue
            if getattr(hook, "_from_public_api", False):
                raise RuntimeError("state_dict post-hook must return None")
            destination = result
        return destination

    def _own_state(self) -> Iterator[tuple[str, Tensor]]:
        """Parameters, then persistent buffers, of this module alone."""
        for name, parameter in self._parameters.items():
            if parameter is not None:
                yield name, parameter
        for name, buffer in self._buffers.items():
            if buffer is not None and name not in self._non_persistent_buffers_set:
                yield name, buffer

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        """Write this module's own state, without its children's; modules override it for a layout of their own."""
        for name, tensor in self._own_state():
            destination[prefix + name] = tensor if keep_vars or is_lazy(tensor) else tensor.detach()
        if type(self).get_extra_state is not ModuleState.get_extra_state:
            destination[prefix + _EXTRA_STATE] = self.get_extra_state()

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> IncompatibleKeys:
        """Copy a state into the tree; with assign the tensors of state_dict take the place of the module's.

        Raises RuntimeError naming all that does not fit: shapes always, missing and unexpected keys when strict.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        incompatible = IncompatibleKeys([], [])
        errors: list[str] = []
        # A copy, since hooks may rename and drop keys; it carries the versions along.
        copy: Any = OrderedDict(state_dict)
        metadata = getattr(state_dict, "_metadata", None)
        if metadata is not None:
            copy._metadata = metadata
        _load(self, copy, "", metadata or {}, assign, incompatible, errors)
        if strict:
            _report(errors, "Unexpected", incompatible.unexpected_keys)
            _report(errors, "Missing", incompatible.missing_keys)
        if errors:
            listing = "\n\t".join(errors)
            raise RuntimeError(f"Error(s) in loading state_dict for {type(self).__name__}:\n\t{listing}")
        return incompatible

    def _load_from_state_dict(
        self,
        state_dict: Any,
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Load this module's own state, without its children's, and add to the three lists what is wrong."""
        arguments = (state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)
        for hook in self._load_state_dict_pre_hooks.values():
            hook(*((self, *arguments) if isinstance(hook, _WithModule) else arguments))
        own = dict(self._own_state())
        assign = local_metadata.get("assign_to_params_buffers", False)
        for name, tensor in own.items():
            key = prefix + name
            if key in state_dict:
                error_msgs.extend(_load_tensor(self, name, tensor, key, state_dict[key], assign))
            elif strict:
                missing_keys.append(key)
        self._load_extra_state(state_dict, prefix + _EXTRA_STATE, strict, missing_keys, unexpected_keys)
        if strict:
            unexpected_keys.extend(_unexpected(state_dict, prefix, own, self._modules))

    def _load_extra_state(
        self, state_dict: Any, key: str, strict: bool, missing_keys: list[str], unexpected_keys: list[str]
    ) -> None:
        expected = type(self).set_extra_state is not ModuleState.set_extra_state
        if expected and key in state_dict:
            self.set_extra_state(state_dict[key])
        elif strict and expected:
            missing_keys.append(key)
        elif strict and key in state_dict:
            unexpected_keys.append(key)


class _WithModule:
    """Marks a hook that takes the module first."""

    def __init__(self, hook: _Hook) -> None:
        self.hook = hook

    def __call__(self, *args: Any) -> Any:
        return self.hook(*args)


def _load(
    module: Any,
    state_dict: Any,
    prefix: str,
    metadata: Mapping[str, Any],
    assign: bool,
    incompatible: IncompatibleKeys,
    errors: list[str],
) -> None:
    """Load a module and then its children, each from the part of the state that lies under its name."""
    local_metadata = metadata.get(prefix[:-1], {})
    if assign:
        local_metadata = {**local_metadata, "assign_to_params_buffers": True}
    module._load_from_state_dict(state_dict, prefix, local_metadata, True, *incompatible, errors)
    for name, child in module._modules.items():
        if child is not None:
            below = f"{prefix}{name}."
            part = OrderedDict((key, value) for key, value in state_dict.items() if key.startswith(below))
            _load(child, part, below, metadata, assign, incompatible, errors)
    for hook in module._load_state_dict_post_hooks.values():
        if hook(module, incompatible) is not None:
            raise AssertionError(
                "Hooks registered with ``register_load_state_dict_post_hook`` are not expected to return new values, "
                "if incompatible_keys need to be modified, it should be done inplace."
            )


def _load_tensor(module: Any, name: str, tensor: Tensor, key: str, value: Any, assign: bool) -> list[str]:
    """Copy or assign one tensor; return what is wrong with it."""
    if not isinstance(value, Tensor):
        problem = f"expected torch.Tensor or Tensor-like object from checkpoint but received {type(value)}"
        return [f'While copying the parameter named "{key}", {problem}']
    if not is_lazy(tensor):
        if tensor.dim() == 0 and tuple(value.shape) == (1,):
            value = value[0]  # checkpoints from before scalars existed
        if value.shape != tensor.shape:
            given = f"copying a param with shape {value.shape} from checkpoint"
            return [f"size mismatch for {key}: {given}, the shape in current model is {tensor.shape}."]
    if tensor.is_meta and not value.is_meta and not assign:
        warnings.warn(
            f"for {key}: copying from a non-meta parameter in the checkpoint to a meta parameter in the current "
            "model does nothing. Pass assign=True to put the checkpoint's tensors into the module.",
            stacklevel=2,
        )
    try:
        with unison.no_grad():
            if assign:
                _assign(module, name, tensor, value)
            elif not is_lazy(value):
                tensor.copy_(value)
    except Exception as error:  # noqa: BLE001 - reported with all that is wrong
        sizes = f"are {tensor.size()} and whose dimensions in the checkpoint are {value.size()}"
        problem = f"whose dimensions in the model {sizes}, an exception occurred : {error.args}."
        return [f'While copying the parameter named "{key}", {problem}']
    return []


def _assign(module: Any, name: str, tensor: Tensor, value: Tensor) -> None:
    if isinstance(tensor, Parameter):
        if isinstance(value, Parameter):
            value.requires_grad_(tensor.requires_grad)
        else:
            value = Parameter(value, requires_grad=tensor.requires_grad)
    setattr(module, name, value)


def _unexpected(
    state_dict: Any, prefix: str, own: Mapping[str, Any], children: Mapping[str, Any]
) -> Iterator[str]:
    """The keys under prefix that neither this module nor a child of it will take."""
    for key in state_dict:
        if not key.startswith(prefix) or key == prefix + _EXTRA_STATE:
            continue
        name, dot, _ = key[len(prefix) :].partition(".")
        if name not in (children if dot else own):
            yield key


def _report(errors: list[str], kind: str, keys: list[str]) -> None:
    if keys:
        listing = ", ".join(f'"{key}"' for key in keys)
        errors.insert(0, f"{kind} key(s) in state_dict: {listing}. ")
