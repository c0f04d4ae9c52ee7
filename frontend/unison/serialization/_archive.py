"""The zip archive of a checkpoint: records written in order and aligned, records found and checked.

Records are stored, never compressed, so that one can be mapped into memory where it lies. The archive is
parsed by `zipfile`; the bytes of a record are read here, straight into the memory that shall hold them.
"""

from __future__ import annotations

import mmap
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ALIGNMENT", "ArchiveReader", "ArchiveWriter"]

ALIGNMENT = 64
_FOLDER = "archive"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_LOCAL_MAGIC = b"PK\x03\x04"
_ZIP64_EXTRA = 20
_CHUNK = 1 << 20
_UNREADABLE = (zipfile.BadZipFile, EOFError, NotImplementedError, OverflowError, ValueError, struct.error)


class ArchiveWriter:
    """Writes records one after the other; the stream need only have `write`."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = _Counting(stream)
        self._zip = zipfile.ZipFile(self._stream, "w", zipfile.ZIP_STORED)

    def write(self, name: str, data: Any) -> None:
        """Add a record whose first byte lies at a multiple of ALIGNMENT."""
        info = zipfile.ZipInfo(f"{_FOLDER}/{name}", _EPOCH)
        info.file_size = memoryview(data).nbytes
        large = info.file_size >= zipfile.ZIP64_LIMIT // 2
        start = self._stream.position + _LOCAL_HEADER.size + len(info.filename) + 4 + large * _ZIP64_EXTRA
        padding = -start % ALIGNMENT
        info.extra = struct.pack("<2sH", b"FB", padding) + bytes(padding)
        with self._zip.open(info, "w", force_zip64=large) as record:
            record.write(data)

    def checksums(self) -> dict[str, int]:
        """The CRC-32 of each record so far, by name."""
        return {info.filename: info.CRC for info in self._zip.infolist()}

    def close(self) -> None:
        """Write the directory that makes the records an archive."""
        self._zip.close()


class _Counting:
    """A stream that cannot seek and knows how much went through: any object with `write` will do."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.position = 0

    def write(self, data: Any) -> int:
        self._stream.write(data)
        self.position += memoryview(data).nbytes
        return memoryview(data).nbytes

    def tell(self) -> int:
        return self.position

    def flush(self) -> None:
        if hasattr(self._stream, "flush"):
            self._stream.flush()


@dataclass(frozen=True, slots=True)
class _Record:
    start: int
    size: int
    checksum: int


class ArchiveReader:
    """The records of a checkpoint by name, without the archive's folder.

    Raises:
        RuntimeError: the archive is cut off, corrupt or not a checkpoint; the text names file, size and record.
    """

    def __init__(self, stream: IO[bytes], name: str, *, mapped: bool = False) -> None:
        self._stream = stream
        self._size = stream.seek(0, 2)
        self._what = f"{name} ({self._size} bytes)"
        self._map = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_COPY) if mapped else None
        self._records = self._find_records()

    def __contains__(self, record: str) -> bool:
        return record in self._records

    def read(self, record: str) -> bytes:
        """The bytes of a record, checked against its checksum."""
        return self.array(record, mapped=False).tobytes()

    def array(self, record: str, *, mapped: bool = True) -> NDArray[np.uint8]:
        """The bytes of a record in memory of their own, or in the mapped file where there is one."""
        found = self._records.get(record)
        if found is None:
            raise RuntimeError(f"{self._what}: record {record!r} is missing; the checkpoint is corrupt")
        if mapped and self._map is not None and found.size:
            return np.frombuffer(self._map, np.uint8, found.size, found.start)
        array = np.empty(found.size, np.uint8)
        self._stream.seek(found.start)
        self._fill(memoryview(array), record)
        # PyTorch can be told not to compute checksums; it then writes zeros.
        if found.checksum and zlib.crc32(array) != found.checksum:
            raise RuntimeError(
                f"{self._what}: record {record!r} does not match its checksum; the file is damaged"
            )
        return array

    def _fill(self, view: memoryview, record: str) -> None:
        filled = 0
        while filled < len(view):
            part = self._stream.read(min(_CHUNK, len(view) - filled))
            if not part:
                raise RuntimeError(f"{self._what}: the file ends after {filled} bytes of record {record!r}")
            view[filled : filled + len(part)] = part
            filled += len(part)

    def _find_records(self) -> dict[str, _Record]:
        try:
            with zipfile.ZipFile(self._stream) as archive:
                entries = archive.infolist()
        except _UNREADABLE as error:
            raise RuntimeError(self._describe_damage()) from error
        folder = next((e.filename[: -len("data.pkl")] for e in entries if _is_root(e.filename)), None)
        if folder is None:
            raise RuntimeError(f"{self._what} is a zip archive without record 'data.pkl': not a checkpoint")
        records = {
            e.filename.removeprefix(folder): self._record(e) for e in entries if e.filename.startswith(folder)
        }
        if sum(record.size for record in records.values()) > self._size:
            raise RuntimeError(f"{self._what}: its records overlap; it is forged or corrupt")
        return records

    def _record(self, entry: zipfile.ZipInfo) -> _Record:
        if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1:
            raise RuntimeError(
                f"{self._what}: record {entry.filename!r} is compressed or encrypted; a checkpoint's are not"
            )
        self._stream.seek(entry.header_offset)
        header = self._stream.read(_LOCAL_HEADER.size)
        if len(header) < _LOCAL_HEADER.size or not header.startswith(_LOCAL_MAGIC):
            raise RuntimeError(f"{self._what}: record {entry.filename!r} is not where the directory says")
        _, name_length, extra_length = _LOCAL_HEADER.unpack(header)
        start = entry.header_offset + _LOCAL_HEADER.size + name_length + extra_length
        if start + entry.file_size > self._size:
            raise RuntimeError(
                f"{self._what}: record {entry.filename!r} of {entry.file_size} bytes at byte {start} reaches "
                "beyond the end of the file"
            )
        return _Record(start, entry.file_size, entry.CRC)

    def _describe_damage(self) -> str:
        last = self._last_record()
        where = f"the last record that begins in it is {last!r}" if last else "it holds no record"
        return f"{self._what} is cut off or damaged: the zip directory at its end cannot be read, and {where}"

    def _last_record(self) -> str | None:
        """Search backwards for the header of a record and read the name in it."""
        end, tail = self._size, b""
        while end > 0:
            begin = max(0, end - _CHUNK)
            self._stream.seek(begin)
            chunk = self._stream.read(end - begin) + tail
            at = chunk.rfind(_LOCAL_MAGIC)
            if at >= 0:
                self._stream.seek(begin + at)
                header = self._stream.read(_LOCAL_HEADER.size + 256)
                if len(header) < _LOCAL_HEADER.size:
                    return None
                length = _LOCAL_HEADER.unpack_from(header)[1]
                return header[_LOCAL_HEADER.size :][:length].decode("utf-8", "replace")
            end, tail = begin, chunk[:3]
        return None


def _is_root(filename: str) -> bool:
    folder, _, rest = filename.partition("/")
    return bool(folder) and rest == "data.pkl"
