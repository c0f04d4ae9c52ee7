"""`load`: an object from a file that `save`, or PyTorch, wrote."""

from __future__ import annotations

import io
import os
import pickle
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError
from types import ModuleType
from typing import IO, Any

from unison.serialization import _legacy, safetensors
from unison.serialization._archive import ArchiveReader
from unison.serialization._format import StorageType
from unison.serialization._location import Locate, MapLocation, locator
from unison.serialization._storage import Storage, reference, size_of
from unison.serialization._unpickler import FullUnpickler, RestrictedUnpickler

__all__ = ["load"]

File = str | os.PathLike[str] | IO[bytes]


def load(
    f: File,
    map_location: MapLocation = None,
    pickle_module: ModuleType | None = None,
    *,
    weights_only: bool | None = True,
    mmap: bool | None = None,
    format: str | None = None,
    encoding: str = "utf-8",
) -> Any:
    """Read what `save` or PyTorch wrote to a path or a seekable binary stream.

    weights_only=True runs no code: it knows tensors, parameters, plain containers and scalars, and what
    `add_safe_globals` allowed. weights_only=False is Python's pickle, which runs whatever the file says.
    mmap=True maps the file instead of reading it: pages are read on use, and writes stay in memory.
    map_location says where tensors go: a device, a dict of devices, or a callable (storage, tag) -> storage.

    Raises:
        AttributeError: f cannot be read and positioned.
        pickle.UnpicklingError: the file asks for something that a restricted load does not know.
        RuntimeError: the file is truncated, corrupt or no checkpoint, or a device cannot be used.
        ValueError: mmap=True without a path.
    """
    if _wants_safetensors(f, format):
        return safetensors.read(f, map_location)
    if pickle_module not in (None, pickle):
        raise ValueError(f"pickle_module {pickle_module!r} is not supported: leave it out")
    if mmap and not isinstance(f, str | os.PathLike):
        raise ValueError("mmap=True needs a path: an open stream cannot be mapped")
    locate = locator(map_location)
    unpickler = FullUnpickler if weights_only is False else RestrictedUnpickler
    with _opened(f) as (stream, name):
        magic = stream.read(4)
        stream.seek(-len(magic), io.SEEK_CUR)
        try:
            if magic == b"PK\x03\x04":
                return _read_archive(stream, name, locate, lambda s, p: unpickler(s, p, encoding), bool(mmap))
            if mmap:
                raise RuntimeError(f"{name}: only the zip format can be mapped; load it without mmap=True")
            return _legacy.read(stream, name, locate, lambda s, p: unpickler(s, p, encoding))
        except UnpicklingError as error:
            raise UnpicklingError(f"unison.load: {name}: {error}") from error


def _wants_safetensors(f: File, format: str | None) -> bool:
    if format not in (None, "torch", "safetensors"):
        raise ValueError(f"format is 'torch' or 'safetensors', not {format!r}")
    if format is None and isinstance(f, str | os.PathLike):
        return os.fsdecode(f).endswith(".safetensors")
    return format == "safetensors"


@contextmanager
def _opened(f: File) -> Iterator[tuple[IO[bytes], str]]:
    if isinstance(f, str | os.PathLike):
        with Path(os.fsdecode(f)).open("rb") as stream:
            yield stream, repr(os.fsdecode(f))
        return
    if not all(hasattr(f, name) for name in ("read", "seek", "tell")):
        raise AttributeError(
            f"{type(f).__name__!r} has no read, seek or tell: pass a path, or wrap the bytes in io.BytesIO"
        )
    yield f, repr(getattr(f, "name", type(f).__name__))


Unpickle = Callable[[IO[bytes], Callable[[Any], Any]], FullUnpickler | RestrictedUnpickler]


def _read_archive(stream: IO[bytes], name: str, locate: Locate, unpickle: Unpickle, mapped: bool) -> Any:
    archive = ArchiveReader(stream, name, mapped=mapped)
    if "constants.pkl" in archive:
        raise RuntimeError(
            f"{name} is a TorchScript program, not a checkpoint: save the model's state_dict() instead"
        )
    order = archive.read("byteorder").decode("ascii", "replace") if "byteorder" in archive else "little"
    if order not in ("little", "big"):
        raise RuntimeError(f"{name}: record 'byteorder' says {order!r}, expected 'little' or 'big'")
    storages = _Storages(archive, locate, swap=order != sys.byteorder)
    return unpickle(io.BytesIO(archive.read("data.pkl")), storages.persistent_load).load()


class _Storages:
    """Reads each storage of an archive once, when the pickle first refers to it."""

    def __init__(self, archive: ArchiveReader, locate: Locate, *, swap: bool) -> None:
        self._archive = archive
        self._locate = locate
        self._swap = swap
        self._read: dict[str, tuple[StorageType, Storage]] = {}

    def persistent_load(self, pid: Any) -> Storage:
        kind, key, tag, count = reference(pid)
        if key not in self._read:
            self._read[key] = (kind, self._locate(self._load(kind, key, count), tag))
        known, storage = self._read[key]
        if known is not kind or storage.nbytes() != size_of(kind, count):
            raise UnpicklingError(f"the file describes storage {key!r} in two ways")
        return storage

    def _load(self, kind: StorageType, key: str, count: int) -> Storage:
        raw = self._archive.array(f"data/{key}")
        expected = size_of(kind, count)
        if raw.size != expected:
            raise RuntimeError(
                f"record 'data/{key}' has {raw.size} bytes, but a {kind.name} of {count} elements has {expected}: "
                "the checkpoint is corrupt"
            )
        return Storage(raw, kind.dtype, key=key, swap=self._swap)
