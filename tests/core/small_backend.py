"""A backend of eight kernels on NumPy, for what the dispatcher does where kernels are missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np

from unison_core import arraykit, devices, dtypes, plugins
from unison_core.backend import Backend
from unison_core.dispatch.table import invalidate

NAME = "small"
HAS = ("add", "mul", "full", "cast", "copy", "sigmoid", "view", "expand")


class SmallArray(np.ndarray[Any, Any]):
    """Tells this backend's arrays from the host's."""


class SmallBackend(Backend):
    """NumPy with little else."""

    name = NAME
    array_class: ClassVar[type] = SmallArray
    indexed = False

    def native_dtypes(self) -> Mapping[Any, Any]:
        return {d: np.dtype(d.name) for d in (dtypes.bool_, dtypes.int64, dtypes.float32, dtypes.float64)}

    def kernels(self) -> Mapping[str, Any]:
        table = arraykit.kernels(np, self.native_dtypes())
        return {name: table[name] for name in HAS if name in table}

    def adopt(self, result: Any) -> Any:
        return np.asarray(result).view(SmallArray)

    def from_host(self, array: Any, device: Any) -> Any:
        return np.array(array, order="C").view(SmallArray)

    def to_host(self, array: Any) -> Any:
        return np.array(array)

    def assign(self, target: Any, source: Any) -> None:
        target[...] = source

    def strides(self, array: Any) -> tuple[int, ...]:
        return tuple(s // array.dtype.itemsize for s in array.strides)

    def offset(self, array: Any) -> int:
        return 0


def manifest_module(**changes: Any) -> Any:
    """What an entry point of this backend would name."""
    settings = {"name": NAME, "contract": 1, "load": f"{__name__}:SmallBackend", **changes}

    @plugins.hookimpl
    def unison_backend() -> Any:
        return plugins.BackendManifest(**settings)

    return SimpleNamespace(unison_backend=unison_backend)


@contextmanager
def registered(name: str = NAME, **changes: Any) -> Iterator[None]:
    """The backend, or one that differs in its manifest, is there within the block, and forgotten afterwards."""
    plugins.register(manifest_module(name=name, **changes), name)
    try:
        yield
    finally:
        plugins.unregister(name)
        for key in [key for key in devices._interned if key[0] == name]:
            del devices._interned[key]
        invalidate()
