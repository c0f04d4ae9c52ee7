"""`save`: an object with tensors in it, to a file that PyTorch reads too."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import sys
from pathlib import Path
from types import ModuleType
from typing import IO, Any

from unison.serialization import safetensors
from unison.serialization._archive import ALIGNMENT, ArchiveWriter
from unison.serialization._atomic import replacing
from unison.serialization._pickler import CheckpointPickler, TensorCollector
from unison.serialization._placement import Storages

__all__ = ["save"]

File = str | os.PathLike[str] | IO[bytes]


def save(
    obj: Any,
    f: File,
    pickle_module: ModuleType | None = None,
    pickle_protocol: int = 2,
    _use_new_zipfile_serialization: bool = True,
    *,
    format: str | None = None,
    metadata: dict[str, str] | None = None,
) -> None:
    """Write obj to a path or a binary stream.

    The format is PyTorch's zip archive, or safetensors when the path ends in `.safetensors` or format is
    "safetensors" (then obj is a dict of tensors, and metadata may go with it). Tensors that share memory are
    stored once and share memory again after `load`. A path is replaced only when the new file is complete:
    whatever happens while saving, the old file stays.

    Raises:
        AttributeError: f is neither a path nor a stream, or something in obj cannot be pickled.
        RuntimeError: the folder does not exist, or tensors of different types share memory.
        TypeError, ValueError: an argument does not fit the format.
    """
    if _is_safetensors(f, format):
        safetensors.write(obj, f, metadata)
        return
    _check_arguments(f, pickle_module, pickle_protocol, _use_new_zipfile_serialization, metadata)
    storages = Storages()
    content = _pickled(obj, pickle_protocol, storages)
    if hasattr(f, "write"):
        _write_archive(f, content, storages)
        return
    with replacing(Path(os.fsdecode(f))) as path, path.open("wb") as stream:
        _write_archive(stream, content, storages)


def _is_safetensors(f: File, format: str | None) -> bool:
    if format not in (None, "torch", "safetensors"):
        raise ValueError(f"format is 'torch' or 'safetensors', not {format!r}")
    if format is None and isinstance(f, str | os.PathLike):
        return os.fsdecode(f).endswith(".safetensors")
    return format == "safetensors"


def _check_arguments(
    f: Any, pickle_module: ModuleType | None, protocol: int, zipped: bool, metadata: dict[str, str] | None
) -> None:
    if not isinstance(f, str | os.PathLike) and not hasattr(f, "write"):
        raise AttributeError(
            f"expected f to be a path or an object with a 'write' method, got {type(f).__name__}"
        )
    if pickle_module not in (None, pickle):
        raise ValueError(f"pickle_module {pickle_module!r} is not supported: leave it out")
    if protocol not in range(2, pickle.HIGHEST_PROTOCOL + 1):
        raise ValueError(
            f"pickle_protocol is 2 to {pickle.HIGHEST_PROTOCOL}, not {protocol!r}; PyTorch reads 2"
        )
    if not zipped:
        raise ValueError("_use_new_zipfile_serialization=False is not supported: the old format is only read")
    if metadata is not None:
        raise ValueError("metadata belongs to the safetensors format: pass format='safetensors'")


def _pickled(obj: Any, protocol: int, storages: Storages) -> bytes:
    """Walk obj for its tensors, then pickle it; see Note [Storages of a checkpoint]."""
    TensorCollector(io.BytesIO(), protocol, storages.claim).dump(obj)
    storages.settle()
    buffer = io.BytesIO()
    CheckpointPickler(buffer, protocol, storages.place).dump(obj)
    return buffer.getvalue()


def _write_archive(stream: IO[bytes], content: bytes, storages: Storages) -> None:
    archive = ArchiveWriter(stream)
    archive.write("data.pkl", content)
    archive.write(".format_version", b"1")
    archive.write(".storage_alignment", str(ALIGNMENT).encode())
    archive.write("byteorder", sys.byteorder.encode())
    for key, raw in storages.records():
        archive.write(f"data/{key}", raw)
    archive.write("version", b"3\n")
    archive.write(".data/serialization_id", _identity(archive))
    archive.close()


def _identity(archive: ArchiveWriter) -> bytes:
    """Forty digits that depend on the content alone: equal objects give equal files."""
    digest = hashlib.blake2b(repr(archive.checksums()).encode(), digest_size=16).digest()
    return f"{int.from_bytes(digest, 'big'):040d}".encode()
