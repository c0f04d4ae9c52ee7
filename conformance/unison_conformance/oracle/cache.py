"""References kept on disk: those of large calls, which Arb takes a second for.

A reference is a pure function of the operator, its inputs and attributes, and of the oracle's source. All of these
are hashed into the name of the entry, so no entry can be out of date; one that cannot be read is computed again.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from unison_conformance.oracle.reference import Reference
from unison_conformance.oracle.wide import Wide

__all__ = ["folder", "kept"]

VARIABLE = "UNISON_CONFORMANCE_CACHE"
_LARGE = 2000


def folder() -> Path:
    """The folder of the entries: $UNISON_CONFORMANCE_CACHE, or one in the user's cache folder."""
    if named := os.environ.get(VARIABLE):
        return Path(named)
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library/Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "unison-conformance"


def kept(
    name: str, inputs: tuple[Any, ...], attrs: Mapping[str, Any], compute: Callable[[], tuple[Reference, ...]]
) -> tuple[Reference, ...]:
    """The references of a call, from the cache where it is large; `compute` makes them."""
    sizes = [x.size for x in inputs if isinstance(x, np.ndarray) and x.dtype.kind not in "biu"]
    if max(sizes, default=0) < _LARGE:
        return compute()
    path = folder() / f"{name}-{_digest(name, inputs, attrs)}.npz"
    found = _read(path)
    if found is None:
        found = compute()
        _write(path, found)
    return found


@cache
def _source() -> bytes:
    """The hash of the oracle's source and of the library below it."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    for path in sorted(here.rglob("*.py")):
        digest.update(path.relative_to(here).as_posix().encode() + b"\0" + path.read_bytes())
    from importlib.metadata import version

    digest.update(version("python-flint").encode())
    return digest.digest()


def _digest(name: str, inputs: tuple[Any, ...], attrs: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(_source())
    digest.update(repr((name, sorted(attrs.items(), key=lambda item: item[0]))).encode())
    for x in inputs:
        digest.update(repr((x.dtype.name, x.shape) if isinstance(x, np.ndarray) else x).encode())
        if isinstance(x, np.ndarray):
            digest.update(np.ascontiguousarray(x).tobytes())
    return digest.hexdigest()[:40]


def _read(path: Path) -> tuple[Reference, ...] | None:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return tuple(_unpacked(stored, i) for i in range(int(stored["count"])))
    except Exception:  # noqa: BLE001 - a damaged entry may break anywhere in zip and header, and is made again
        return None


def _unpacked(stored: Any, i: int) -> Reference:
    parts = tuple(Wide(hi, lo) for hi, lo in stored[f"{i}.value"])
    fields = {key: stored[f"{i}.{key}"] for key in ("scale", "terms", "free") if f"{i}.{key}" in stored}
    return Reference(parts if len(parts) == 2 else parts[0], **fields)


def _write(path: Path, references: tuple[Reference, ...]) -> None:
    """Under another name first: a reader never sees half an entry. A folder that cannot be written to is no error."""
    arrays: dict[str, Any] = {"count": np.array(len(references))}
    for i, r in enumerate(references):
        parts = r.value if isinstance(r.value, tuple) else (r.value,)
        if r.verify is not None or not all(isinstance(p, Wide) for p in parts):
            return
        arrays[f"{i}.value"] = np.stack([np.stack([p.hi, p.lo]) for p in parts])
        arrays |= {
            f"{i}.{k}": np.asarray(getattr(r, k))
            for k in ("scale", "terms", "free")
            if getattr(r, k) is not None
        }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
            np.savez(file, **arrays)
        Path(file.name).replace(path)
    except OSError:
        return
