"""`map_location`: on which device a storage of a checkpoint shall live."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import unison
from unison.serialization._storage import Storage

__all__ = ["Locate", "MapLocation", "locator"]

Locate = Callable[[Storage, str], Storage]
MapLocation = Callable[[Storage, str], Any] | Mapping[str, str] | str | Any | None


def locator(map_location: MapLocation) -> Locate:
    """A function that gives a storage, tagged with where it was saved, its device here.

    None keeps the tag; a device or its name replaces it; a mapping translates it; a callable gets the storage
    and the tag and returns the storage, moved or not, or None to keep the tag.
    """
    if map_location is None:
        return _restore
    if isinstance(map_location, Mapping):
        return lambda storage, tag: _restore(storage, str(map_location.get(tag, tag)))
    if isinstance(map_location, str | type(unison.device("cpu"))):
        _require(str(map_location), None)
        return lambda storage, tag: _restore(storage, str(map_location))
    if callable(map_location):
        return lambda storage, tag: _called(map_location, storage, tag)
    raise TypeError(
        f"map_location is None, a device, its name, a dict of names or a callable, not {type(map_location).__name__}"
    )


def _called(map_location: Callable[[Storage, str], Any], storage: Storage, tag: str) -> Storage:
    result = map_location(storage, tag)
    if result is None:
        return _restore(storage, tag)
    if isinstance(result, Storage):
        return result
    raise TypeError(f"map_location should return the storage or None, not {type(result).__name__}")


def _restore(storage: Storage, device: str) -> Storage:
    _require(device, storage.key)
    return storage.to(device)


@cache
def _usable(device: str) -> bool:
    unison.empty(0, device=device)
    return True


def _require(device: str, key: str | None) -> None:
    try:
        _usable(device)
    except Exception as error:
        what = "map_location names" if key is None else f"storage {key!r} belongs on"
        raise RuntimeError(
            f"unison.load: {what} device {device!r}, which cannot be used here ({error}). "
            "To load onto the host, pass map_location='cpu'"
        ) from error
