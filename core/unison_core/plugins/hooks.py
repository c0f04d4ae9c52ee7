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
    (a missing library or driver). fix: what to do then. accelerator: programs that ask for whatever speeds them up
    may be given its devices; not so where everything happens on the host, or nothing at all. dlpack: the types of
    devices, in DLPack's numbering, whose memory `Backend.from_dlpack` takes.
    """

    name: str
    contract: int
    load: str
    probe: Callable[[], object] | None = None
    fix: str = ""
    accelerator: bool = True
    dlpack: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Overlay:
    """Kernels that lie over single kernels of another package's backend; the highest priority is asked first.

    A kernel that cannot serve what it is given returns `NotImplemented` before it has written anything; then the next
    one below is asked, and at last what serves the operator without overlays.
    """

    backend: str
    load: str
    """Where the mapping of operator names to kernels is, as "module:name"."""
    priority: int = 0
    probe: Callable[[], object] | None = None
    """A cheap check that raises if the kernels cannot work here; asked when the backend is loaded."""
    fix: str = ""
    """What to do then."""
    options: Mapping[str, Any] = field(default_factory=dict)


class Hooks:
    """The hooks of an entry point's module in the group `unison.backends`, and in `unison.overlays` for overlays."""

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
