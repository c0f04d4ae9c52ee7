"""Which storage each tensor of a checkpoint lies in.

# Note [Storages of a checkpoint]
Tensors that share memory are saved as views of one storage. Sharing is read off the addresses: each tensor
claims the extent of the tensor it is a view of (else its own), overlapping claims merge, and each merged claim
is one storage. This needs all tensors before the first is written, so `save` walks the object twice. A slice
of a large NumPy array that became a tensor claims the slice alone, as in PyTorch.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds
from numpy.typing import NDArray

from unison.serialization._format import dtype_name
from unison.serialization._host import bytes_of, itemsize_of, same_memory, strided, to_array

__all__ = ["Placement", "Storages"]


@dataclass(slots=True)
class _Claim:
    """Host memory [begin, end) that is one storage, and what its tensors have in common."""

    begin: int
    end: int
    dtype: str
    device: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a tensor lies: storage (key, dtype, device, elements) and layout, counted in elements."""

    key: str
    dtype: str
    device: str
    count: int
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


@dataclass(slots=True)
class Storages:
    """The storages of one checkpoint: `claim` every tensor, `settle`, then `place` every tensor."""

    _claims: list[_Claim] = field(default_factory=list)
    _starts: list[int] = field(default_factory=list)
    _used: list[_Claim] = field(default_factory=list)
    # Host copies of tensors on other devices, by identity of the tensor, which is kept alive with them.
    _copies: dict[int, tuple[Any, NDArray[Any]]] = field(default_factory=dict)
    _alive: list[NDArray[Any]] = field(default_factory=list)

    def claim(self, tensor: Any) -> None:
        """Note the memory of a tensor."""
        array, owner = self._arrays(tensor)
        if array.size:
            self._alive += [array, owner]
            self._claims.append(_claim(tensor, array, owner))

    def settle(self) -> None:
        """Merge the claims that overlap.

        Raises:
            RuntimeError: tensors of different element types share memory.
        """
        merged: list[_Claim] = []
        for claim in sorted(self._claims, key=lambda c: (c.begin, c.end)):
            if merged and claim.begin < merged[-1].end:
                _merge(merged[-1], claim)
            else:
                merged.append(claim)
        self._claims = merged
        self._starts = [claim.begin for claim in merged]

    def place(self, tensor: Any) -> Placement:
        """The storage and layout to write for a tensor."""
        array, owner = self._arrays(tensor)
        claim = self._covering(tensor, array, owner)
        if not claim.key:
            claim.key = str(len(self._used))
            self._used.append(claim)
        width = itemsize_of(claim.dtype)
        stride = tuple(step // width for step in array.strides) if array.size else tuple(tensor.stride())
        offset = (byte_bounds(array)[0] - claim.begin) // width if array.size else 0
        count = (claim.end - claim.begin) // width
        return Placement(claim.key, claim.dtype, claim.device, count, offset, tuple(tensor.shape), stride)

    def records(self) -> Iterator[tuple[str, NDArray[np.uint8]]]:
        """Key and bytes of every storage in use."""
        for claim in self._used:
            yield claim.key, bytes_of(claim.begin, claim.end - claim.begin)

    def _covering(self, tensor: Any, array: NDArray[Any], owner: NDArray[Any]) -> _Claim:
        if not array.size:
            return _Claim(0, 0, dtype_name(tensor.dtype), str(tensor.device))
        begin, end = byte_bounds(array)
        at = bisect_right(self._starts, begin) - 1
        if at >= 0 and end <= self._claims[at].end:
            return self._claims[at]
        # An object that makes new tensors each time it is pickled: they have a storage of their own.
        self._alive += [array, owner]
        return _claim(tensor, array, owner)

    def _arrays(self, tensor: Any) -> tuple[NDArray[Any], NDArray[Any]]:
        """The tensor's array on the host, and that of the tensor it is a view of."""
        base = tensor._base if tensor._base is not None else tensor
        if any(step < 0 for step in tensor.stride()):
            return self._copy_of(tensor), self._copy_of(tensor)
        if same_memory(tensor):
            return to_array(tensor), to_array(base)
        if not base.is_contiguous():
            return self._copy_of(tensor), self._copy_of(tensor)
        owner = self._copy_of(base)
        raw = owner.reshape(-1).view(np.uint8)
        offset = tensor.storage_offset() - base.storage_offset()
        return strided(raw, dtype_name(tensor.dtype), offset, tensor.shape, tensor.stride()), owner

    def _copy_of(self, tensor: Any) -> NDArray[Any]:
        if id(tensor) not in self._copies:
            self._copies[id(tensor)] = (tensor, np.ascontiguousarray(to_array(tensor)))
        return self._copies[id(tensor)][1]


def _claim(tensor: Any, array: NDArray[Any], owner: NDArray[Any]) -> _Claim:
    begin, end = byte_bounds(array)
    low, high = byte_bounds(owner)
    if low <= begin and end <= high:
        begin, end = low, high
    return _Claim(begin, end, dtype_name(tensor.dtype), str(tensor.device))


def _merge(into: _Claim, claim: _Claim) -> None:
    if claim.dtype != into.dtype or (claim.begin - into.begin) % itemsize_of(into.dtype):
        raise RuntimeError(
            f"unison.save cannot save tensors of types {into.dtype} and {claim.dtype} that share memory: "
            "a storage in a checkpoint has one element type. Save a .clone() of one of them"
        )
    into.end = max(into.end, claim.end)
