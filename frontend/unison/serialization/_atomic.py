"""Files that change at once or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["replacing"]


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A new path beside `target`; when the block ends without an error, its file takes the place of `target`.

    A link is followed, the old file's permissions are kept, and the data is on the disk before the name is.
    Where `target` is no regular file (a pipe, /dev/null), it is written itself.

    Raises:
        RuntimeError: the folder does not exist.
    """
    real = Path(os.path.realpath(target))
    if not real.parent.is_dir():
        raise RuntimeError(
            f"Parent directory {real.parent} does not exist: create it before saving {target.name!r}"
        )
    if real.exists() and not real.is_file():
        yield real
        return
    fresh = real.with_name(f".{real.name}.{secrets.token_hex(6)}.tmp")
    try:
        yield fresh
        if real.exists():
            shutil.copymode(real, fresh)
        _synchronise(fresh)
        fresh.replace(real)
    except BaseException:
        with suppress(FileNotFoundError):
            fresh.unlink()
        raise
    with suppress(OSError):  # Not every file system lets a folder be synchronised.
        _synchronise(real.parent)


def _synchronise(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
