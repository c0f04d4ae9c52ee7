"""A storage read from a file: bytes, where they shall live, and the tensors that alias them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pickle import UnpicklingError
from typing import Any

import numpy as np
from numpy.typing import NDArray

import unison
from unison.serialization._format import StorageType
from unison.serialization._host import from_array, itemsize_of, numpy_dtype, strided

__all__ = ["Storage", "reference", "size_of"]

# Beyond this no machine has memory, and NumPy's own index arithmetic would overflow.
_LIMIT = 2**59


class Storage:
    """The bytes of one storage and the device that its tensors shall be on.

    key: its name in the file. dtype: the element type that the file states, None for plain bytes. A callable
    `map_location` gets one and returns one.
    """

    def __init__(
        self, raw: NDArray[np.uint8], dtype: str | None, *, key: str, device: Any = "cpu", swap: bool = False
    ) -> None:
        self.raw = raw
        self.dtype = dtype
        self.key = key
        self.device = unison.device(device)
        self._swap = swap
        self._moved: dict[str, Any] = {}

    def nbytes(self) -> int:
        """The size in bytes."""
        return int(self.raw.size)

    def to(self, device: Any) -> Storage:
        """The same bytes, for tensors on `device`."""
        return Storage(self.raw, self.dtype, key=self.key, device=device, swap=self._swap)

    def cpu(self) -> Storage:
        """The same bytes, for tensors on the host."""
        return self.to("cpu")

    def cuda(self, index: int | None = None) -> Storage:
        """The same bytes, for tensors on a CUDA device."""
        return self.to("cuda" if index is None else f"cuda:{index}")

    def tensor(self, dtype: str, offset: int, size: Sequence[int], stride: Sequence[int]) -> Any:
        """The tensor of that layout on this storage's memory.

        Raises:
            RuntimeError: the layout reaches beyond the storage.
        """
        self._check(dtype, offset, size, stride)
        flat = self._flat(dtype)
        if flat is None:
            try:
                return from_array(strided(self.raw, dtype, offset, size, stride))
            except (OverflowError, ValueError) as error:
                raise RuntimeError(
                    f"storage {self.key!r} cannot hold a tensor of size {tuple(size)}"
                ) from error
        with unison.no_grad():
            return unison.as_strided(flat, tuple(size), tuple(stride), offset).detach()

    def _flat(self, dtype: str) -> Any:
        """All elements on a device other than the host, copied there once; None on the host."""
        if dtype not in self._moved:
            whole = from_array(self._native(dtype))
            moved = whole.to(self.device)
            self._moved[dtype] = None if moved is whole else moved
        return self._moved[dtype]

    def _native(self, dtype: str) -> NDArray[Any]:
        kind = numpy_dtype(dtype)
        if self.raw.ctypes.data % kind.alignment:
            self.raw = self.raw.copy()
        typed = self.raw[: self.raw.size - self.raw.size % kind.itemsize].view(kind)
        if self._swap:
            # Tensors of one storage have one element type, so the first of them settles what a swap means.
            typed.byteswap(inplace=True)
            self._swap = False
        return typed

    def _check(self, dtype: str, offset: int, size: Sequence[int], stride: Sequence[int]) -> None:
        if len(size) != len(stride) or not all(_is_index(n) for n in (offset, *size, *stride)):
            raise RuntimeError(
                f"storage {self.key!r}: size {size!r}, stride {stride!r}, offset {offset!r} is no tensor layout"
            )
        held = self.nbytes() // itemsize_of(dtype)
        last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
        needed = last + 1 if math.prod(size) else 0
        if needed > held:
            raise RuntimeError(
                f"a {dtype} tensor of size {tuple(size)}, stride {tuple(stride)} and offset {offset} needs "
                f"{needed} elements, but storage {self.key!r} holds {held} ({self.nbytes()} bytes): "
                "the checkpoint is corrupt"
            )


def _is_index(value: object) -> bool:
    return type(value) is int and 0 <= value < _LIMIT


def reference(pid: Any) -> tuple[StorageType, str, str, int]:
    """The parts of ('storage', type, key, location, elements), which is how a pickle refers to a storage."""
    if type(pid) is tuple and len(pid) in (5, 6) and pid[0] == "storage" and not any(pid[5:]):
        kind, key, tag, count = pid[1:5]
        fits = isinstance(kind, StorageType) and type(key) is str and type(tag) is str and type(count) is int
        if fits and count >= 0:
            return kind, key, tag, count
    given = ", ".join(type(part).__name__ for part in pid) if type(pid) is tuple else type(pid).__name__
    raise UnpicklingError(f"the file refers to something by ({given}), which is not a storage")


def size_of(kind: StorageType, count: int) -> int:
    """Bytes of a storage of that many elements."""
    return count * (1 if kind.dtype is None else itemsize_of(kind.dtype))
