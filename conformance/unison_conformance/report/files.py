"""Reports on disk."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from unison_conformance.errors import ConformanceError, UsageError
from unison_conformance.running.run import Run

__all__ = ["read", "require_writable", "schema", "write", "write_text"]


def write(run: Run, path: str | Path) -> None:
    """Write the JSON of a run; a report that was there stays whole until the new one is."""
    write_text(json.dumps(run.to_json(), indent=1, allow_nan=False) + "\n", path)


def read(path: str | Path) -> Run:
    """The run that a report holds.

    Raises:
        UsageError: there is no such file, or it is no whole report of this suite; the text says which.
        VersionError: it is a report of another version.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as e:
        raise UsageError(f"{path}: {e.strerror or e}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: this is no text file, so no report") from None
    try:
        data = json.loads(text)
    except json.JSONDecodeError as e:
        raise UsageError(
            f"{path}: not JSON, or cut off (line {e.lineno}, column {e.colno}: {e.msg}); write it again with "
            "`conformance run --json`"
        ) from None
    try:
        return Run.from_json(data)
    except ConformanceError as e:
        raise type(e)(f"{path}: {e}") from None


def schema() -> str:
    """The JSON Schema of reports, as text."""
    return Path(__file__).with_name("schema.json").read_text(encoding="utf-8")


def require_writable(path: str | Path) -> None:
    """Refuse a path that cannot be written, before the work that is to fill it.

    Raises:
        UsageError: the path is a folder, or its folder does not exist or may not be written to.
    """
    if Path(path).is_dir():
        raise UsageError(f"cannot write {path}: it is a folder")
    try:
        with tempfile.TemporaryFile(dir=Path(path).parent):
            pass
    except OSError as e:
        raise UsageError(f"cannot write {path}: {e.strerror or e}") from None


def write_text(text: str, path: str | Path) -> None:
    """Write a text file by way of a neighbour, so that nobody sees half of it.

    Raises:
        UsageError: the folder does not exist or may not be written to.
    """
    path = Path(path)
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as e:
        raise UsageError(f"cannot write {path}: {e.strerror or e}") from None
