"""A device with one seeded bug, to show that a check notices it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from unison_conformance.checks import CHECKS, CheckFailed
from unison_core import devices, plugins
from unison_core.dispatch.table import invalidate
from unison_cpu.backend import CpuBackend

__all__ = ["FaultyBackend", "caught", "faulty", "passes"]

NAME = "faulty"


class FaultyBackend(CpuBackend):
    """The CPU backend as a device away from the host, before anybody breaks it."""

    name = NAME
    changed: Mapping[str, Callable[..., Any]] = {}

    def to_host(self, array: Any) -> Any:
        return np.array(array, order="C")

    def kernels(self) -> Mapping[str, Callable[..., Any]]:
        return {**super().kernels(), **self.changed}

    def claims(self, device: Any) -> frozenset[str]:
        return super().claims(device) - {"dlpack"}


_sound: dict[str, FaultyBackend] = {}


@contextmanager
def faulty(kernels: Mapping[str, Callable[..., Any]] | None = None, /, **methods: Any) -> Iterator[Any]:
    """Register the device `faulty` with kernels or methods of its backend replaced; yields the backend."""
    made = type("Broken", (FaultyBackend,), {"changed": kernels or {}, **methods})

    @plugins.hookimpl
    def unison_backend() -> Any:
        return plugins.BackendManifest(name=NAME, contract=1, load=f"{__name__}:current")

    globals()["current"] = made
    plugins.register(SimpleNamespace(unison_backend=unison_backend), NAME)
    try:
        yield devices.canonical(NAME).backend
    finally:
        plugins.unregister(NAME)
        devices._interned.pop((NAME, None), None)
        invalidate()


def caught(name: str, kernels: Mapping[str, Callable[..., Any]] | None = None, /, **methods: Any) -> str:
    """Run a check on a device that is broken in that way; the text of its CheckFailed.

    Fails if the check does not notice, or if it notices the same on the unbroken device.
    """
    passes(name)
    with faulty(kernels, **methods), pytest.raises(CheckFailed) as failed:
        CHECKS[name].run(NAME)
    return str(failed.value)


def passes(name: str) -> None:
    """The check passes on the device before it is broken."""
    with faulty():
        CHECKS[name].run(NAME)
