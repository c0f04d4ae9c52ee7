"""Finding and loading plugins, each in its own guard.

# Note [Quarantine]
One bad plugin must not break the import of Unison, slow it down, or take another backend with it. So nothing is
looked at before the first device is asked for by name; only that plugin's manifest is then imported; a probe runs
on a thread and is given up after `UNISON_PROBE_TIMEOUT` seconds (5); whatever fails is recorded with its reason
and the fix, and shown by `backends()`. Two distributions that claim one name: the first in alphabetical order
keeps it, the other is quarantined, and `UNISON_BACKEND_<NAME>=<distribution>` chooses otherwise. The host's name is
reserved for Unison's own distribution, since the host must always work: nobody else gets it, chosen or not.
"""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

from unison_core import precision
from unison_core.errors import BackendError

if TYPE_CHECKING:
    from unison_core.backend import Backend
    from unison_core.plugins.hooks import BackendManifest

__all__ = [
    "GROUP",
    "BackendRecord",
    "backends",
    "load",
    "loaded",
    "overlays",
    "probed",
    "register",
    "require",
    "taking",
    "unregister",
]

GROUP, OVERLAYS = "unison.backends", "unison.overlays"
HOST, OWN = "cpu", "unison"
"""The name of the host's backend, and the distribution that it is reserved for."""

_lock = threading.RLock()
_registered: dict[str, BackendRecord] = {}


@dataclass
class BackendRecord:
    """What became of one plugin: found, available, loaded or quarantined (with the reason and the fix)."""

    name: str
    origin: str
    status: str = "found"
    reason: str = ""
    fix: str = ""
    devices: tuple[str, ...] = ()
    entry: Any = field(default=None, repr=False)
    module: Any = field(default=None, repr=False)
    manifest: BackendManifest | None = field(default=None, repr=False)
    backend: Backend | None = field(default=None, repr=False)

    def quarantine(self, reason: str, fix: str = "") -> None:
        """Take the plugin out of use, saying why and what to do."""
        self.status, self.reason, self.fix = "quarantined", reason, fix or self.fix


@cache
def _found() -> dict[str, list[BackendRecord]]:
    """Entry points by name, from the metadata of installed distributions; nothing is imported."""
    from importlib.metadata import entry_points

    records: dict[str, list[BackendRecord]] = {}
    for entry in entry_points(group=GROUP):
        origin = entry.dist.name if entry.dist is not None else "unknown"
        same = records.setdefault(entry.name, [])
        if not any(r.origin == origin and r.entry.value == entry.value for r in same):
            same.append(BackendRecord(entry.name, origin, entry=entry))
    for name, same in records.items():
        if name == HOST:
            _reserve(same)
            continue
        chosen = os.environ.get(f"UNISON_BACKEND_{name.upper()}")
        same.sort(key=lambda r: (r.origin != chosen, r.origin))
        for loser in same[1:]:
            loser.quarantine(
                f"the name {name!r} is taken by distribution {same[0].origin!r}",
                f"uninstall one of them, or set UNISON_BACKEND_{name.upper()}={loser.origin}",
            )
    return records


def _reserve(claims: list[BackendRecord]) -> None:
    claims.sort(key=lambda r: (r.origin != OWN, r.origin))
    for claim in claims:
        if claim.origin != OWN:
            claim.quarantine(
                f"the name {HOST!r} is reserved for the host's backend, which distribution {OWN!r} brings",
                f"announce it under another name; to replace single kernels of {HOST!r} bring an overlay "
                "(entry points in 'unison.overlays')",
            )


def register(
    module: ModuleType | Any, name: str, origin: str = "registered in this process"
) -> BackendRecord:
    """Add a plugin that no installed distribution announces: the same hooks, the same checks.

    Raises:
        RuntimeError: the name is taken.
    """
    with _lock:
        if name in _registered or name in _found():
            raise BackendError(f"a backend named {name!r} exists already; pick another name")
        record = _registered[name] = BackendRecord(name, origin, module=module)
    return record


def unregister(name: str) -> None:
    """Forget a plugin added by `register`."""
    _registered.pop(name, None)


def _record(name: str) -> BackendRecord | None:
    found = _found().get(name)
    return found[0] if found else _registered.get(name)


def require(name: str) -> BackendRecord:
    """The record of the backend of that name.

    Raises:
        RuntimeError: nobody brings such a backend; the text lists those there are.
    """
    record = _record(name)
    if record is None:
        names = sorted({*_found(), *_registered})
        raise BackendError(
            f"there is no device type {name!r}. Device types here: {', '.join(names)}. "
            f"Others come with the packages that bring their backend (entry points in {GROUP!r})."
        )
    return record


def backends() -> list[BackendRecord]:
    """Every backend found, probed but not loaded, with its status, reason and fix."""
    records = [r for same in _found().values() for r in same] + list(_registered.values())
    for record in records:
        _settle(record)
    return sorted(records, key=lambda r: (r.name, r.status == "quarantined"))


def probed(name: str) -> BackendRecord | None:
    """The backend of that name with its status and devices, if anybody brings it; no other one is looked at."""
    record = _record(name)
    if record is not None:
        _settle(record)
    return record


def _settle(record: BackendRecord) -> None:
    if record.status == "found":
        _open(record)
    if record.status == "available":
        _count_devices(record)


def loaded() -> list[Backend]:
    """The backends in use so far; nothing is probed."""
    records = [*(r for same in _found().values() for r in same), *_registered.values()]
    return [r.backend for r in records if r.backend is not None]


def taking(kind: int) -> BackendRecord | None:
    """The backend that takes memory of devices of that type, in DLPack's numbering: rather one that is in use.

    Manifests are read, but nothing is probed or loaded; a backend that turned out to be of no use comes last.
    """
    records = [r for same in _found().values() for r in same] + list(_registered.values())
    for record in records:
        if record.status == "found" and record.manifest is None:
            _announce(record)
    able = [r for r in records if r.manifest is not None and kind in r.manifest.dlpack]
    return min(able, key=lambda r: (r.backend is None, r.status == "quarantined", r.name), default=None)


def load(name: str) -> Backend:
    """The backend of that name, loading it on first use.

    Raises:
        RuntimeError: there is none, or it is quarantined; the text says why and what to do.
    """
    record = require(name)
    with _lock:
        if record.backend is None and record.status != "quarantined":
            _load(record)
    if record.backend is None:
        fix = f" To mend it: {record.fix}" if record.fix else ""
        raise BackendError(f"backend {name!r} (from {record.origin}) cannot be used: {record.reason}.{fix}")
    return record.backend


def _open(record: BackendRecord) -> None:
    """Read the manifest and probe."""
    if record.manifest is None:
        _announce(record)
    if record.manifest is None or record.status == "quarantined":
        return
    try:
        _probe(record.manifest.probe, record.name)
        record.status = "available"
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        record.quarantine(f"{type(error).__name__}: {error}")


def _announce(record: BackendRecord) -> None:
    """Import the manifest's module and check what it says."""
    from unison_core.backend import CONTRACT

    try:
        if record.module is None:
            record.module = record.entry.load()
        manifest = _call_hook(record.module, "unison_backend")
        if manifest is None:
            return record.quarantine("its module has no unison_backend hook")
        record.manifest, record.fix = manifest, manifest.fix
        if manifest.name != record.name:
            return record.quarantine(f"it is announced as {record.name!r} but calls itself {manifest.name!r}")
        if manifest.contract != CONTRACT:
            return record.quarantine(
                f"it was written for backend contract {manifest.contract}, this is {CONTRACT}",
                "install versions of Unison and of the backend that belong together",
            )
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        record.quarantine(f"{type(error).__name__}: {error}")


def _call_hook(module: Any, hook: str) -> Any:
    """Ask one plugin alone, through pluggy, so that its signature is checked and no other plugin is touched."""
    import pluggy

    from unison_core.plugins.hooks import PROJECT, Hooks

    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    manager.register(module)
    manager.check_pending()
    results = getattr(manager.hook, hook)()
    return results[0] if results else None


def _probe(probe: Callable[[], object] | None, name: str) -> None:
    if probe is None:
        return
    outcome: list[BaseException] = []

    def run() -> None:
        try:
            probe()
        except BaseException as error:
            outcome.append(error)

    limit = float(os.environ.get("UNISON_PROBE_TIMEOUT", "5"))
    thread = threading.Thread(target=run, name=f"probe of {name}", daemon=True)
    thread.start()
    thread.join(limit)
    if thread.is_alive():
        raise TimeoutError(f"its probe did not answer within {limit:g} s")
    if outcome:
        raise outcome[0]


def _count_devices(record: BackendRecord) -> None:
    """Load to learn the devices: what `unison info` shows."""
    with _lock:
        _load(record)


def _load(record: BackendRecord) -> None:
    if record.status == "found":
        _open(record)
    if record.status != "available" or record.manifest is None:
        return
    try:
        _declare_operators(record)
        record.backend = resolve_path(record.manifest.load)()
        record.backend.name = record.name  # type: ignore[misc]
        count = record.backend.device_count()
        record.devices = (
            tuple(f"{record.name}:{i}" for i in range(count)) if record.backend.indexed else (record.name,)
        )
        record.backend.allow(precision.allowed())
        record.status = "loaded"
        _lay_over(record)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        record.backend = None
        record.quarantine(f"{type(error).__name__}: {error}")


def resolve_path(path: str) -> Any:
    """The object at "module:name"."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def _declare_operators(record: BackendRecord) -> None:
    for module in _call_hook(record.module, "unison_operators") or ():
        importlib.import_module(module)


@cache
def _overlay_entries() -> list[BackendRecord]:
    from importlib.metadata import entry_points

    return [
        BackendRecord(e.name, e.dist.name if e.dist is not None else "unknown", entry=e)
        for e in entry_points(group=OVERLAYS)
    ]


def overlays() -> list[BackendRecord]:
    """Every overlay found: `loaded`, `quarantined` with reason and fix, or `found` as long as its backend is idle."""
    return list(_overlay_entries())


def _lay_over(record: BackendRecord) -> None:
    """Apply the overlays meant for this backend; one that fails is quarantined, and the backend goes on without."""
    for overlay in _overlay_entries():
        try:
            given = _call_hook(overlay.entry.load(), "unison_kernels")
            if given is None:
                overlay.quarantine("its module has no unison_kernels hook")
            elif given.backend == record.name and record.backend is not None:
                overlay.fix, overlay.reason = given.fix, ""
                _probe(given.probe, overlay.name)
                record.backend.overlay(
                    f"{overlay.name} of {overlay.origin}", given.priority, resolve_path(given.load)
                )
                overlay.status = "loaded"
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            overlay.quarantine(f"{type(error).__name__}: {error}")
