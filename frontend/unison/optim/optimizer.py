"""Optimizer: parameter groups, their options, the state per parameter, and saving both."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import unison
from unison._tensor import Tensor
from unison.optim._checkpoint import pack, unpack
from unison.optim._hooks import (
    Hooks,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
    with_step_hooks,
)

__all__ = [
    "Group",
    "Optimizer",
    "Params",
    "State",
    "register_optimizer_step_post_hook",
    "register_optimizer_step_pre_hook",
    "required",
]

Params = Iterable[Tensor] | Iterable[dict[str, Any]] | Iterable[tuple[str, Tensor]]
Group = dict[str, Any]
State = dict[str, Any]


class _Required:
    def __repr__(self) -> str:
        return "<required parameter>"


required = _Required()
"""The default of an option that every parameter group must name itself."""


class Optimizer(Hooks):
    """The base of all optimisers: holds parameter groups and state; ``step`` belongs to the subclass.

    ``params`` is an iterable of tensors, of ``(name, tensor)`` pairs, or of dicts with a ``params`` entry and
    options of their own; ``defaults`` are the options that a group does not name.

    Raises:
        TypeError: params is a tensor or no iterable, or holds something else than tensors.
        ValueError: there are no parameters, one is not a leaf or stands in two groups, or only some have names.
    """

    state: defaultdict[Tensor, State]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in cls.__dict__:
            cls.step = with_step_hooks(cls.__dict__["step"])

    def __init__(self, params: Params, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self._make_hook_tables()
        self.state = defaultdict(dict)
        self.param_groups: list[Group] = []
        for group in _as_groups(params):
            self.add_param_group(group)

    def __getstate__(self) -> dict[str, Any]:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)
        self._make_hook_tables()
        self.defaults.setdefault("differentiable", False)

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
        return "\n".join([*lines, ")"])

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient, once; return what ``closure``, if given, returned.

        ``closure`` evaluates the model again, with gradients enabled, and returns the loss.
        """
        raise NotImplementedError(f"{type(self).__name__} must define step(closure=None)")

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients, or fill them with zeros when ``set_to_none`` is False.

        The two differ in the next step: a parameter without gradient is left alone, a zero gradient is not.
        """
        for group in self.param_groups:
            for param in group["params"]:
                if set_to_none:
                    param.grad = None
                elif param.grad is not None:
                    _zero(param.grad)

    def state_dict(self) -> dict[str, Any]:
        """The options of all groups and the state of all parameters, in which parameters are numbered.

        ``{"state": {0: {...}, ...}, "param_groups": [{"lr": ..., "params": [0, ...]}, ...]}``. The tensors
        are the optimiser's own, not copies.
        """
        for hook in self._state_dict_pre_hooks.values():
            hook(self)
        packed = pack(self.state, self.param_groups)
        for hook in self._state_dict_post_hooks.values():
            packed = _replaced(hook(self, packed), packed)
        return packed

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what another optimiser's state_dict gave; parameters are matched by position.

        Tensors are converted to the dtype and device of their parameter (a step count keeps its own) and
        shared with ``state_dict`` where nothing needs converting.

        Raises:
            KeyError: ``state`` or ``param_groups`` is missing.
            ValueError: the groups differ in number or size. The optimiser is then unchanged.
        """
        state_dict = state_dict.copy()
        for hook in self._load_state_dict_pre_hooks.values():
            state_dict = _replaced(hook(self, state_dict), state_dict)
        state, param_groups = unpack(state_dict, self.param_groups)
        self.__setstate__({"state": state, "param_groups": param_groups})
        for hook in self._load_state_dict_post_hooks.values():
            hook(self)

    def add_param_group(self, param_group: Group) -> None:
        """Optimise further parameters, with options of their own where ``param_group`` names some.

        Raises:
            TypeError: param_group is not a dict, or its params are a set or not all tensors.
            ValueError: a parameter is no leaf or belongs to a group already, a required option is missing,
                or some parameters have names and others have none.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        if "params" not in param_group:
            raise KeyError(f"param_group has no entry 'params', only {sorted(param_group)}")
        _separate_names(param_group)
        for param in param_group["params"]:
            self._check_parameter(param)
        for name, default in self.defaults.items():
            if default is required and name not in param_group:
                raise ValueError(
                    f"parameter group didn't specify a value of required optimization parameter {name}"
                )
            param_group.setdefault(name, default)
        self._check_against_others(param_group)
        self.param_groups.append(param_group)

    def _check_parameter(self, param: Any) -> None:
        if not isinstance(param, Tensor):
            raise TypeError(
                f"optimizer can only optimize Tensors, but one of the params is {type(param).__name__}"
            )
        if not (self.defaults.get("differentiable") or param.is_leaf or param.retains_grad):
            raise ValueError(
                "can't optimize a non-leaf Tensor: pass the tensor it was computed from, or its detach()"
            )

    def _check_against_others(self, param_group: Group) -> None:
        params = set(param_group["params"])
        if len(params) != len(param_group["params"]):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; each is updated as often as it is "
                "listed",
                stacklevel=4,
            )
        named = "param_names" in param_group
        if any(named != ("param_names" in group) for group in self.param_groups):
            raise ValueError(
                "all optimizer param groups should be with/without names. cannot add param group "
                f"{'with' if named else 'without'} names to the optimizer"
            )
        if any(not params.isdisjoint(group["params"]) for group in self.param_groups):
            raise ValueError("some parameters appear in more than one parameter group")


def _as_groups(params: Any) -> list[Group]:
    if isinstance(params, Tensor) or not isinstance(params, Iterable):
        raise TypeError(
            "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
            f"{type(params).__name__}"
        )
    items = list(params)
    if not items:
        raise ValueError("optimizer got an empty parameter list")
    return items if isinstance(items[0], dict) else [{"params": items}]


def _separate_names(group: Group) -> None:
    """Make params a list of what is to be optimised, and param_names the names if there are any."""
    given = group["params"]
    if isinstance(given, set):
        raise TypeError(
            "optimizer parameters need to be organized in ordered collections: a set has another order in every "
            "run, and state is saved by position. Please use a list instead."
        )
    given = [given] if isinstance(given, Tensor) else list(given)
    names = [item[0] for item in given if isinstance(item, tuple)]
    if names and len(names) != len(given):
        raise ValueError("all optimizer params should be with/without names. Some param names are missing")
    group["params"] = [item[1] for item in given] if names else given
    if names:
        group["param_names"] = names


def _zero(grad: Tensor) -> None:
    if grad.grad_fn is not None:
        grad.detach_()
    else:
        grad.requires_grad_(False)
    with unison.no_grad():
        grad.zero_()


def _replaced(result: dict[str, Any] | None, given: dict[str, Any]) -> dict[str, Any]:
    return given if result is None else result
