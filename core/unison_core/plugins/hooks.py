"""What a plugin may provide: pluggy's specifications, and the data they return."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pluggy

__all__ = ["PROJECT", "BackendManifest", "Hooks", "Overlay", "hookimpl", "hookspec"]

PROJECT = "unison"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@dataclass(frozen=True, slots=True)
class BackendManifest:
    """What is known of a backend without loading it.

    name: the device type. contract: the version of the backend contract it was written for. load: where the
    `Backend` subclass is, as "module:Class". probe: a cheap check that raises if the backend cannot work here
    (a missing library or driver). fix: what to do then.
    """

    name: str
    contract: int
    load: str
    probe: Callable[[], object] | None = None
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Overlay:
    """Kernels that replace single kernels of another package's backend; the highest priority wins."""

    backend: str
    load: str
    """Where the mapping of operator names to kernels is, as "module:name"."""
    priority: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)


class Hooks:
    """The hooks of an entry point's module in the group `unison.backends`."""

    @hookspec
    def unison_backend(self) -> BackendManifest:  # type: ignore[empty-body]
        """The backend this plugin brings."""

    @hookspec
    def unison_kernels(self) -> Overlay:  # type: ignore[empty-body]
        """Kernels that this plugin lays over another backend's."""

    @hookspec
    def unison_operators(self) -> list[str]:  # type: ignore[empty-body]
        """Modules that declare operators when imported."""

    @hookspec
    def unison_conformance_samples(self) -> Mapping[str, Callable[[], Any]]:  # type: ignore[empty-body]
        """More samples for existing operators, by name."""
