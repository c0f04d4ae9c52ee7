"""DLPack through NumPy, which takes and gives the host's memory."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["give", "take"]

_NEWEST = (1, 0)


def give(array: Any, stream: int | None, options: dict[str, Any]) -> Any:
    """A capsule of a NumPy array's memory.

    Raises:
        BufferError: the dtype is unknown to NumPy's side of DLPack, or a stream is given, which the host has not.
    """
    if array.dtype.kind == "V":
        raise BufferError(
            f"{array.dtype.name} cannot be exported through NumPy's DLPack; use .view(unison.int16)"
        )
    if stream not in {None, -1}:
        raise BufferError(f"the host has no streams, but stream={stream!r} was given: it must be None")
    return array.__dlpack__(**options)


def take(source: Any) -> Any:
    """A NumPy array on the memory of an object with `__dlpack__`, or of a capsule.

    Memory that is for reading only is copied: a tensor's can be written.

    Raises:
        BufferError: NumPy does not know the dtype.
    """
    capsule = _capsule(source)
    # A capsule from before DLPack 1.0 cannot say whether its memory may be written; NumPy takes that for a no.
    silent = '"dltensor"' in repr(capsule)
    try:
        array = np.from_dlpack(_Given(capsule))
    except RuntimeError as error:
        raise BufferError(f"from_dlpack: {error} (NumPy's side of DLPack has no bfloat16)") from None
    if array.flags.writeable:
        return array
    return np.asarray(_Writable(array)) if silent else array.copy()


def _capsule(source: Any) -> Any:
    if not hasattr(source, "__dlpack__"):
        return source
    try:
        return source.__dlpack__(max_version=_NEWEST)
    except TypeError:
        return source.__dlpack__()


class _Given:
    """A capsule as NumPy wants it."""

    def __init__(self, capsule: Any) -> None:
        self.capsule = capsule

    def __dlpack__(self, **_: Any) -> Any:
        return self.capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0


class _Writable:
    """The same memory without the mark; keeps the array, and with it the memory, alive."""

    def __init__(self, array: Any) -> None:
        self.array = array
        interface = array.__array_interface__
        self.__array_interface__ = {**interface, "data": (interface["data"][0], False)}
