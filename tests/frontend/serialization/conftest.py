"""Checkpoints made by hand: archives whose pickle nobody's `save` would write."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import unison

Checkpoint = Callable[..., io.BytesIO]


@pytest.fixture
def checkpoint() -> Checkpoint:
    """Make an archive from a pickle and more records, by name without the folder."""

    def make(content: bytes, records: dict[str, bytes] | None = None, **options: int) -> io.BytesIO:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", **options) as archive:
            for name, data in {"data.pkl": content, "version": b"3\n", **(records or {})}.items():
                archive.writestr(f"made/{name}", data)
        buffer.seek(0)
        return buffer

    return make


@pytest.fixture
def saved(tmp_path: Path) -> Callable[[object], Path]:
    """Save an object to a file and give its path."""

    def save(obj: object) -> Path:
        path = tmp_path / "saved.pt"
        unison.save(obj, path)
        return path

    return save


@pytest.fixture(autouse=True)
def no_safe_globals() -> Iterator[None]:
    unison.serialization.clear_safe_globals()
    yield
    unison.serialization.clear_safe_globals()
