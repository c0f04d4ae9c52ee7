"""Make the module names `torch` and `torch.*` mean `unison` and `unison.*`.

# Note [Two names, one module]
`torch.nn` and `unison.nn` must be the same module object, or a class would exist twice and `isinstance` would
fail between a program and its libraries. So the loader hands out Unison's own module under the second name. The
import system writes the new name's spec into a module that it loads; the loader puts the module's own back.
"""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from types import ModuleType

import unison

__all__ = ["ALIAS", "install", "missing_name"]

ALIAS = "torch"
OWN = "unison"


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Answers for `torch` and everything below it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        root, _, rest = fullname.partition(".")
        if root != ALIAS:
            return None
        own = f"{OWN}.{rest}" if rest else OWN
        if own not in sys.modules and importlib.util.find_spec(own) is None:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, loader_state=own)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        module = importlib.import_module(spec.loader_state)
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Give the module its own spec back; it has been executed under its own name."""
        module.__spec__ = module.__spec__.loader_state


def install() -> None:
    """Let `import torch` give Unison, in this process, from now on."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    sys.modules[ALIAS] = unison


def missing_name(error: AttributeError | ImportError) -> str:
    """Explain an error that a program met because Unison lacks a name that PyTorch has, else ""."""
    name = _name_of_attribute(error) if isinstance(error, AttributeError) else _name_of_import(error)
    root, _, rest = name.partition(".")
    if root not in (OWN, ALIAS):
        return ""
    return (
        f"The program asks for '{ALIAS}.{rest}'; Unison {unison.__version__} has no such name. "
        "Write it with other functions, or see docs/torch.md for what is there."
    )


def _name_of_attribute(error: AttributeError) -> str:
    if isinstance(error.obj, ModuleType):
        return f"{error.obj.__name__}.{error.name}"
    return f"{OWN}.Tensor.{error.name}" if isinstance(error.obj, unison.Tensor) else ""


def _name_of_import(error: ImportError) -> str:
    """Read the name off the error; before Python 3.12 only the text has that of `from module import name`."""
    if isinstance(error, ModuleNotFoundError):
        return error.name or ""
    quoted = str(error).split("'")
    return f"{error.name}.{quoted[1]}" if len(quoted) > 1 else ""
