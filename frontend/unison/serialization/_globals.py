"""Which names in a checkpoint are known, what stands for them here, and what users add to them.

# Note [Allowlist]
A pickle names functions and classes and asks for calls. A restricted load resolves names only through `find`:
the table below, then what the user allowed. An entry without `call` is a value that nothing can call. Calls
whose arguments could do harm (`bytearray(10**12)`) go through small functions of our own.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pickle import UnpicklingError
from types import TracebackType
from typing import Any, Self

import unison
from unison.serialization import _rebuild as rebuild
from unison.serialization._format import DTYPES, STORAGES

__all__ = [
    "Known",
    "add_safe_globals",
    "clear_safe_globals",
    "find",
    "get_safe_globals",
    "is_allowed",
    "safe_globals",
    "table",
    "torch_names",
]

Safe = Callable[..., Any] | tuple[Callable[..., Any], str]

# Whatever a user allows, a restricted load calls none of these.
_BLOCKED_MODULES = {
    "_pickle",
    "ctypes",
    "importlib",
    "marshal",
    "nt",
    "os",
    "pickle",
    "posix",
    "pty",
    "runpy",
    "shutil",
    "subprocess",
    "sys",
}
_BLOCKED_BUILTINS = {"__import__", "compile", "delattr", "eval", "exec", "getattr", "open", "setattr"}
# Names that Python 2, and so pickle protocol 2, has for modules.
_RENAMED = {"__builtin__": "builtins", "copy_reg": "copyreg"}


@dataclass(frozen=True, slots=True)
class Known:
    """What a name stands for, and what calling it does; None where nothing may call it."""

    value: Any
    call: Callable[..., Any] | None = None


@cache
def table() -> dict[str, Known]:
    """The names that every load knows."""
    known = {
        "torch._utils._rebuild_tensor_v2": _function(rebuild.tensor_v2),
        "torch._utils._rebuild_tensor": _function(rebuild.tensor_v1),
        "torch._utils._rebuild_tensor_v3": _function(rebuild.tensor_v3),
        "torch._utils._rebuild_meta_tensor_no_storage": _function(rebuild.meta_tensor),
        "torch._utils._rebuild_parameter": _function(rebuild.parameter),
        "torch._utils._rebuild_parameter_with_state": _function(rebuild.parameter_with_state),
        "torch._tensor._rebuild_from_type_v2": _function(rebuild.from_type),
        "torch.Tensor": Known(unison.Tensor),
        "torch.nn.parameter.Parameter": Known(unison.nn.Parameter),
        "torch.Size": Known(unison.Size, rebuild.size),
        "torch.device": Known(unison.device, rebuild.device),
        "collections.OrderedDict": Known(OrderedDict, rebuild.ordered_dict),
        "collections.Counter": Known(Counter, rebuild.counter),
        "builtins.bytearray": Known(bytearray, rebuild.byte_array),
        "builtins.complex": Known(complex, rebuild.complex_number),
        "builtins.frozenset": Known(frozenset, rebuild.frozen_set),
        "builtins.set": Known(set, rebuild.plain_set),
        "_codecs.encode": _function(rebuild.encode),
    }
    known |= {f"torch.{name}": Known(getattr(unison, name)) for name in DTYPES}
    known |= {name: Known(kind) for name, kind in STORAGES.items()}
    return known


def _function(call: Callable[..., Any]) -> Known:
    return Known(call, call)


@cache
def torch_names() -> dict[int, tuple[str, str]]:
    """Module and name that PyTorch has for the values of the table, by identity: what `save` writes."""
    names: dict[int, tuple[str, str]] = {}
    for full, known in table().items():
        module, _, name = full.rpartition(".")
        if module.partition(".")[0] == "torch":
            names[id(known.value)] = (module, name)
    return names


def find(module: str, name: str) -> Known:
    """What a restricted load may have for a name.

    Raises:
        pickle.UnpicklingError: neither the table nor the user has it; nothing was imported.
    """
    module = _RENAMED.get(module, module)
    full = f"{module}.{name}"
    known = table().get(full)
    if known is not None:
        return known
    if full not in _allowed:
        raise UnpicklingError(_refusal(module, name))
    if module.partition(".")[0] in _BLOCKED_MODULES or (module == "builtins" and name in _BLOCKED_BUILTINS):
        raise UnpicklingError(
            f"the file asks for {full!r}, which stays refused although it was added: {_TRUST}"
        )
    return Known(_allowed[full], _allowed[full])


def is_allowed(cls: type) -> bool:
    """Whether the user allowed a class, so that its instances may be made and given a state."""
    return any(value is cls for value in _allowed.values())


_TRUST = "if you trust where the file comes from, load it with weights_only=False"


def _refusal(module: str, name: str) -> str:
    full = f"{module}.{name}"
    if module == "torch" or module.startswith("torch."):
        return f"the file asks for PyTorch's {full!r}, which has no counterpart here: save its state_dict() instead"
    return (
        f"the file asks for {full!r}, which a load with weights_only=True does not know; nothing was run. "
        f"Allow it with unison.serialization.add_safe_globals([{name}]), or, {_TRUST}"
    )


_allowed: dict[str, Any] = {}


def _name_of(entry: Safe) -> tuple[str, Any]:
    if isinstance(entry, tuple):
        value, full = entry
        return full, value
    try:
        return f"{entry.__module__}.{entry.__qualname__}", entry
    except AttributeError:
        raise TypeError(
            f"a safe global is a class, a function or a pair (object, 'module.name'), not {entry!r}"
        ) from None


def add_safe_globals(safe_globals: Iterable[Safe]) -> None:
    """Allow `load(weights_only=True)` to call these classes and functions: they run with the file's arguments.

    Each entry is the object, or a pair (object, "module.name") where the file has another name for it.

    Raises:
        TypeError: an entry is neither.
    """
    _allowed.update([_name_of(entry) for entry in safe_globals])


def get_safe_globals() -> list[Safe]:
    """What was allowed so far, pairs where the name is not the object's own."""
    return [value if _is_named(value, full) else (value, full) for full, value in _allowed.items()]


def _is_named(value: Any, full: str) -> bool:
    return full == f"{value.__module__}.{value.__qualname__}"


def clear_safe_globals() -> None:
    """Forget everything that was allowed."""
    _allowed.clear()


class safe_globals:
    """Within the block, `load(weights_only=True)` may call these too; see `add_safe_globals`."""

    def __init__(self, safe_globals: Iterable[Safe]) -> None:
        self._added = list(safe_globals)
        self._before: dict[str, Any] = {}

    def __enter__(self) -> Self:
        self._before = dict(_allowed)
        add_safe_globals(self._added)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _allowed.clear()
        _allowed.update(self._before)
