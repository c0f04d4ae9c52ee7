"""Helpers around training: `data` (datasets, samplers, DataLoader), `checkpoint`, `hooks`; `dlpack` to share memory.

Submodules are loaded on first access, so that `import unison` pays for none of them.
"""

import importlib
from types import ModuleType

__all__ = ["checkpoint", "data", "dlpack", "hooks"]


def __getattr__(name: str) -> ModuleType:
    if name in __all__:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
