"""The candidate's counterpart of one of PyTorch's functions.

Most entries of the database name a public function, and the counterpart has the same name. The others wrap
calls in Python (`lambda x: torch.where(...)`); they are made again with `torch` standing for the candidate.
"""

import functools
import types
from collections.abc import Callable, Iterator
from typing import Any

import torch

from tests.parity.harness.candidate import Candidate

__all__ = ["Missing", "attribute", "counterpart", "is_absence"]

# Where public functions live; the first to hold a function gives it its name.
HOMES = ("", "Tensor", "nn.functional", "linalg", "fft", "special", "signal.windows", "masked")
# Python code that speaks about torch by the global name `torch`, or about other such code.
WRAPPERS = ("torch.testing._internal.common_methods_invocations", "torch.testing._internal.opinfo")


class Missing(Exception):  # noqa: N818 - it is an outcome
    """The candidate has no counterpart of that name."""


def attribute(candidate: Candidate, path: str) -> Any:
    """What stands under a dotted path in the candidate; Missing if nothing does."""
    value = candidate.module
    for name in filter(None, path.split(".")):
        try:
            value = getattr(value, name)
        except (AttributeError, ModuleNotFoundError) as error:
            if not is_absence(error, candidate, name):
                raise
            raise Missing(f"{candidate.name} has no {path}") from None
    return value


def is_absence(error: Exception, candidate: Candidate, name: str | None = None) -> bool:
    """Whether error says that the candidate or its Tensor lacks a name; a broken import says no such thing.

    With name, only that attribute counts: an import may fail because another one is absent.
    """
    match error:
        case Missing():
            return True
        case ModuleNotFoundError():
            # A namespace that is loaded when first used; any other module is one that such a one imports.
            path = str(error.name).removeprefix(f"{candidate.name}.")
            return any(f"{home}.".startswith(f"{path}.") for home in HOMES)
        case AttributeError():
            holders = (types.ModuleType, type(candidate.module), candidate.module.Tensor)
            at_fault = isinstance(error.obj, holders) or error.obj is candidate.module.Tensor
            return at_fault and name in {None, error.name}
    return False


def counterpart(value: Any, candidate: Candidate, name: str = "") -> Any:
    """What the candidate has in place of value; name is tried before other names that value goes by."""
    name = name.removeprefix("torch.")
    if name and _torch(name) is value:
        return attribute(candidate, name)
    return _Rebinding(candidate)(value)


class _Rebinding:
    def __init__(self, candidate: Candidate) -> None:
        self.candidate = candidate
        self.done: dict[int, Any] = {}

    def __call__(self, value: Any) -> Any:
        if id(value) in self.done:
            return self.done[id(value)]
        if getattr(value, "__name__", "") == "wrapper_set_seed":
            return _call
        if isinstance(value, types.ModuleType):
            return self._module(value)
        if isinstance(value, functools.partial):
            return functools.partial(self(value.func), *value.args, **value.keywords)
        if isinstance(value, (torch._ops.OpOverload, torch._ops.OpOverloadPacket)):
            return attribute(self.candidate, "ops." + _name_of(value))
        if isinstance(value, types.FunctionType) and value.__module__.startswith(WRAPPERS):
            return self._function(value)
        path = _public_paths().get(id(value))
        return value if path is None else attribute(self.candidate, path)

    def _module(self, module: types.ModuleType) -> Any:
        root, _, path = module.__name__.partition(".")
        return attribute(self.candidate, path) if root == "torch" else module

    def _function(self, function: types.FunctionType) -> Callable[..., Any]:
        outer = dict(function.__globals__)
        made = types.FunctionType(
            function.__code__, outer, function.__name__, function.__defaults__, function.__closure__
        )
        self.done[id(function)] = made
        outer |= {n: self(outer[n]) for n in _names(function.__code__) if n in outer}
        if function.__closure__:
            cells = tuple(types.CellType(self(cell.cell_contents)) for cell in function.__closure__)
            made = types.FunctionType(
                function.__code__, outer, function.__name__, function.__defaults__, cells
            )
        made.__kwdefaults__ = function.__kwdefaults__
        self.done[id(function)] = made
        return made


def _call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    # PyTorch pins the seed of its random operators; here a second seed has to show which they are.
    return function(*args, **kwargs)


def _torch(path: str) -> Any:
    value: Any = torch
    for name in path.split("."):
        value = getattr(value, name, None)
    return value


def _name_of(operator: Any) -> str:
    # aten::slice.Tensor stands at torch.ops.aten.slice.Tensor.
    return str(operator).replace("::", ".")


@functools.cache
def _public_paths() -> dict[int, str]:
    paths: dict[int, str] = {}
    homes = [(home, _torch(home) if home else torch) for home in HOMES]
    homes += [("Tensor", owner) for owner in torch.Tensor.__mro__[1:-1]]
    for home, holder in homes:
        for name, value in vars(holder).items():
            # Of several names, the one that a function gives itself: abs, not __abs__.
            if callable(value) and (id(value) not in paths or name == getattr(value, "__name__", None)):
                paths[id(value)] = f"{home}.{name}".removeprefix(".")
    return paths


def _names(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)
