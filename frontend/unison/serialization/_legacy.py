"""PyTorch's format from before the zip archive: five pickles in a row, then the storages. Only read.

The pickles are a magic number, the format's version, facts about the machine, the object, and the keys of the
storages; each storage is its number of elements (8 bytes) and its bytes.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pickle import UnpicklingError
from typing import IO, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from unison.serialization._format import STORAGES
from unison.serialization._location import Locate
from unison.serialization._storage import Storage, reference, size_of
from unison.serialization._unpickler import RestrictedUnpickler

__all__ = ["read"]

_MAGIC = 0x1950A86A20F9469CFC6C
_VERSION = 1001
_HEADER = b"\x80\x02\x8a\n" + _MAGIC.to_bytes(10, "little") + b"."
_TAR_MAGIC = (257, b"ustar")


class _Unpickler(Protocol):
    def load(self) -> Any: ...


Unpickle = Callable[[IO[bytes], Callable[[Any], Any]], _Unpickler]


def read(stream: IO[bytes], name: str, locate: Locate, unpickle: Unpickle) -> Any:
    """The object in a stream of that format.

    Raises:
        EOFError: the stream is empty.
        pickle.UnpicklingError: it is in no format that is known.
        RuntimeError: it is cut off, or of another version.
    """
    _check_format(stream, name)
    return _Reader(stream, name, locate, unpickle).read()


def _check_format(stream: IO[bytes], name: str) -> None:
    start = stream.tell()
    head = stream.read(512)
    stream.seek(start)
    if not head:
        raise EOFError(f"{name} is empty")
    if head.startswith(_HEADER):
        return
    if head[_TAR_MAGIC[0] :].startswith(_TAR_MAGIC[1]):
        raise RuntimeError(
            f"{name} is a tar archive, PyTorch's first format: load and save it again with PyTorch"
        )
    if head[8:9] == b"{":
        raise UnpicklingError("it looks like a safetensors file: pass format='safetensors'")
    raise UnpicklingError(f"it is not a checkpoint: it begins with {head[:8]!r}")


class _Reader:
    def __init__(self, stream: IO[bytes], name: str, locate: Locate, unpickle: Unpickle) -> None:
        self._stream = stream
        self._name = name
        self._locate = locate
        self._unpickle = unpickle
        self._raw: dict[str, NDArray[np.uint8]] = {}
        self._storages: dict[str, Storage] = {}
        self._swap = False

    def read(self) -> Any:
        self._skip_header()
        start = self._stream.tell()
        scan = _StorageScan(self._stream)
        scan.load()
        keys = self._pickle()
        try:
            for key in keys:
                self._raw[key] = self._read_storage(key, scan.widths[key])
        except (KeyError, TypeError) as error:
            raise UnpicklingError("its list of storages does not fit its object") from error
        self._stream.seek(start)
        return self._pickle()

    def _skip_header(self) -> None:
        self._pickle()
        if self._pickle() != _VERSION:
            raise RuntimeError(
                f"{self._name}: the old format is known in version {_VERSION} only, this is another"
            )
        machine = self._pickle()
        little = machine.get("little_endian", True) if isinstance(machine, dict) else True
        self._swap = bool(little) != (sys.byteorder == "little")

    def _pickle(self) -> Any:
        return self._unpickle(self._stream, self._persistent_load).load()

    def _read_storage(self, key: str, width: int) -> NDArray[np.uint8]:
        head = self._stream.read(8)
        count = int.from_bytes(head, "little", signed=True) * width
        at = self._stream.tell()
        left = self._stream.seek(0, io.SEEK_END) - at
        self._stream.seek(at)
        if len(head) < 8 or not 0 <= count <= left:
            raise RuntimeError(
                f"{self._name} ({at + left} bytes): storage {key!r} has {left} of {count} bytes; the file is cut off"
            )
        return np.frombuffer(bytearray(self._stream.read(count)), np.uint8)

    def _persistent_load(self, pid: Any) -> Storage:
        kind, key, tag, count = reference(pid)
        if key not in self._raw or self._raw[key].size != size_of(kind, count):
            raise RuntimeError(
                f"{self._name}: storage {key!r} is missing or has another size than {count} elements"
            )
        if key not in self._storages:
            storage = Storage(self._raw[key], kind.dtype, key=key, swap=self._swap)
            self._storages[key] = self._locate(storage, tag)
        return self._storages[key]


class _StorageScan(RestrictedUnpickler):
    """Walks a pickle for the storages it refers to, and makes nothing.

    The storages come after the object, one behind the other: to find them takes the width of their elements,
    which only the object tells.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(stream, self._note, "latin1")
        self.widths: dict[str, int] = {}

    def _note(self, pid: Any) -> None:
        kind, key, _, _ = reference(pid)
        self.widths[key] = size_of(kind, 1)

    def _resolve(self, module: str, name: str) -> None:
        self._push(STORAGES.get(f"{module}.{name}"))

    def _call(self, function: Any, arguments: Any) -> None:
        return None

    def _instance(self, cls: Any, arguments: Any, keywords: Any) -> None:
        return None

    def _set_state(self, instance: Any, state: Any) -> None:
        return

    def _target(self, *types: type) -> Any:
        return types[0]()
