"""Which storage each tensor of a checkpoint lies in.

# Note [Storages of a checkpoint]
Tensors that share memory are saved as views of one storage. On the host, sharing is read off the addresses: each
tensor claims the memory from the start of its storage to its own last element, overlapping claims merge, and each
merged claim is one storage. On other devices, aliases are known by the write counter they share; the part of their
storage that they cover is copied to the host once. Both need all tensors before the first is written, so `save`
walks the object twice.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds
from numpy.typing import NDArray

import unison
from unison.serialization._format import dtype_name
from unison.serialization._host import bytes_of, itemsize_of, strided, to_array
from unison_core.handle import counter_of

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
    _elsewhere: dict[int, list[Any]] = field(default_factory=dict)
    _fetched: dict[int, NDArray[np.uint8]] = field(default_factory=dict)
    # Arrays whose addresses are claimed: freed memory could be claimed again by another.
    _alive: list[NDArray[Any]] = field(default_factory=list)

    def claim(self, tensor: Any) -> None:
        """Note the memory of a tensor."""
        if not tensor.device.is_host:
            self._elsewhere.setdefault(id(counter_of(tensor)), []).append(tensor)
        elif tensor.numel():
            self._claims.append(self._claim(tensor, *self._array(tensor)))

    def settle(self) -> None:
        """Fetch what is on other devices and merge the claims that overlap.

        Raises:
            RuntimeError: tensors of different element types share memory.
        """
        for counter, aliases in self._elsewhere.items():
            self._fetched[counter] = _fetch(aliases)
            self._claims += [self._claim(t, *self._array(t)) for t in aliases if t.numel()]
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
        array, before = self._array(tensor)
        claim = self._covering(tensor, array, before)
        if not claim.key:
            claim.key = str(len(self._used))
            self._used.append(claim)
        width = itemsize_of(claim.dtype)
        stride = tuple(step // width for step in array.strides)
        offset = (byte_bounds(array)[0] - claim.begin) // width if array.size else 0
        count = (claim.end - claim.begin) // width
        return Placement(claim.key, claim.dtype, claim.device, count, offset, tuple(tensor.shape), stride)

    def records(self) -> Iterator[tuple[str, NDArray[np.uint8]]]:
        """Key and bytes of every storage in use."""
        for claim in self._used:
            yield claim.key, bytes_of(claim.begin, claim.end - claim.begin)

    def _covering(self, tensor: Any, array: NDArray[Any], before: int) -> _Claim:
        if not array.size:
            return _Claim(0, 0, dtype_name(tensor.dtype), str(tensor.device))
        begin, end = byte_bounds(array)
        at = bisect_right(self._starts, begin) - 1
        if at >= 0 and end <= self._claims[at].end:
            return self._claims[at]
        # Made anew each time its owner is pickled: it has a storage of its own.
        return self._claim(tensor, array, before)

    def _claim(self, tensor: Any, array: NDArray[Any], before: int) -> _Claim:
        self._alive.append(array)
        begin, end = byte_bounds(array)
        return _Claim(begin - before * array.itemsize, end, dtype_name(tensor.dtype), str(tensor.device))

    def _array(self, tensor: Any) -> tuple[NDArray[Any], int]:
        """The tensor in the host's memory, its own or where it was fetched to, and the elements before it there."""
        before = tensor.storage_offset()
        stride = tuple(tensor.stride())
        if min(stride, default=0) >= 0:
            if tensor.device.is_host:
                return to_array(tensor), before
            raw = self._fetched.get(id(counter_of(tensor)))
            if raw is not None:
                return strided(raw, dtype_name(tensor.dtype), before, tensor.shape, stride), before
        return np.ascontiguousarray(to_array(tensor)).reshape(tensor.shape), 0


def _fetch(aliases: list[Any]) -> NDArray[np.uint8]:
    """The storage of tensors that share it, from its start to the last element of any of them."""
    length = max(0, *(_reach(tensor) for tensor in aliases))
    with unison.no_grad():
        whole = unison.as_strided(aliases[0].detach(), (length,), (1,), 0)
    return np.ascontiguousarray(to_array(whole)).view(np.uint8)


def _reach(tensor: Any) -> int:
    """Elements from the start of the storage to the end of the tensor."""
    steps = zip(tensor.shape, tensor.stride(), strict=True)
    return tensor.storage_offset() + sum((n - 1) * step for n, step in steps) + 1 if tensor.numel() else 0


def _merge(into: _Claim, claim: _Claim) -> None:
    if claim.dtype != into.dtype or (claim.begin - into.begin) % itemsize_of(into.dtype):
        raise RuntimeError(
            f"unison.save cannot save tensors of types {into.dtype} and {claim.dtype} that share memory: "
            "a storage in a checkpoint has one element type. Save a .clone() of one of them"
        )
    into.end = max(into.end, claim.end)
