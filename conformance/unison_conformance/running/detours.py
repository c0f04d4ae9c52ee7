"""Detours: work that a backend's kernel lets the host do behind the dispatcher's back.

# Note [Detours]
An operator that a device lacks falls back to the host only where the dispatcher does it, which counts every use. A
kernel that takes that way by itself would look like a device that computes. While an operator runs on a device that
is not the host's own, every Python call of the thread is looked at, and these are detours:

1. code of the host's backend: a function of its package, or a method of an object that its kernels belong to;
2. the device's own `to_host`, called from anywhere but core's dispatcher and rules, that hands out more than
   `FEW` bytes. Counts that decide a shape, and flags of indices out of range, are fewer.

A kernel that has copies and host code of its own is seen by the memory that they take: `checks.detours` looks at it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from types import CodeType, FrameType
from typing import Any

from unison_core import devices
from unison_core.devices import Device
from unison_core.operator import registry

__all__ = ["FEW", "Detour", "watched"]

FEW = 64
"""Bytes that a kernel may read back: eight counts of 64 bits."""

# Core's own reads: of rules where values decide, and of fallbacks, which are counted there.
_CORE = ("unison_core.ops", "unison_core.dispatch", "unison_core.devices")


class Detour(Exception):  # noqa: N818 - the name says it
    """The host did the device's work; the text says by which call."""


@contextmanager
def watched(device: Device) -> Iterator[None]:
    """Raise Detour at the end of the block if a detour was taken in it (Note [Detours]); the host may do anything."""
    if device.backend is devices.host().backend:
        yield
        return
    watch = _Watch(device)
    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        yield
    finally:
        sys.setprofile(before)
    if watch.found:
        raise Detour(watch.found)


class _Watch:
    """A profile function that keeps the first detour in words."""

    def __init__(self, device: Device) -> None:
        self.found = ""
        self.backend, self.host = device.backend, devices.host().backend
        self.reads = _code_of(type(device.backend).to_host)
        self.package, self.owners = _belongings(self.host)
        if any(_within(c.__module__, self.package) for c in type(self.backend).__mro__):
            # A backend derived from the host's shares its code, on objects of its own.
            self.package = ""

    def __call__(self, frame: FrameType, event: str, value: Any) -> None:
        if self.found:
            return
        if event == "call":
            module = _module(frame)
            if self.package and _within(module, self.package):
                self.found = f"called {module}.{frame.f_code.co_qualname} of the host's backend"
            elif module.startswith("unison_core.") and self._is_hosts(frame):
                self.found = f"called the host's own {frame.f_code.co_qualname}"
        elif event == "return" and frame.f_code is self.reads and frame.f_locals.get("self") is self.backend:
            self._read(value, frame.f_back)

    def _is_hosts(self, frame: FrameType) -> bool:
        names = frame.f_code.co_varnames
        if not names or names[0] != "self":
            return False
        owner = frame.f_locals.get("self")
        if owner is self.host:
            # The dispatcher asks it what it has.
            return not _is_core(frame.f_back)
        return id(owner) in self.owners

    def _read(self, array: Any, caller: FrameType | None) -> None:
        size = getattr(array, "nbytes", 0)
        if size > FEW and not _is_core(caller):
            self.found = f"{_module(caller)} read {size} bytes back to the host; {FEW} are few"


def _module(frame: FrameType | None) -> str:
    return str(frame.f_globals.get("__name__", "")) if frame is not None else ""


def _is_core(frame: FrameType | None) -> bool:
    """Whether it is of core's dispatcher or rules."""
    return any(_within(_module(frame), part) for part in _CORE)


def _within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def _code_of(function: Any) -> CodeType | None:
    return getattr(function, "__code__", None)


@lru_cache(1)
def _belongings(backend: Any) -> tuple[str, frozenset[int]]:
    """The package of the host's backend, and the objects whose methods its kernels are; those live as long as it."""
    owners = {id(backend)}
    pending, seen = [backend.kernel(op) for op in registry.values()], set[int]()
    while pending:
        function = pending.pop()
        if id(function) in seen:
            continue
        seen.add(id(function))
        owners.add(id(getattr(function, "__self__", backend)))
        pending += [
            c.cell_contents for c in getattr(function, "__closure__", None) or () if callable(c.cell_contents)
        ]
    return type(backend).__module__.partition(".")[0], frozenset(owners)
