"""How a device cuts matrix products into tiles."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from unison_core import dtypes
from unison_core.ckit.program import Defines
from unison_core.ckit.runtime import DeviceFacts
from unison_core.dtypes import DType

__all__ = ["Tiles", "sum_type"]

_MICRO_ROWS, _MICRO_BYTES = 4, 64
"""Of a processor's micro tile: its sums fill sixteen vector registers of 16 bytes, eight of 32."""


class Tiles(NamedTuple):
    """A tile of `rows` x `columns`, `depth` at a time, in micro tiles of `micro_rows` x `micro_columns`."""

    rows: int
    columns: int
    depth: int
    micro_rows: int
    micro_columns: int
    group: int

    @property
    def defines(self) -> Defines:
        """What `sources/product.c` calls them."""
        return (
            ("TM", self.rows),
            ("TN", self.columns),
            ("TK", self.depth),
            ("MR", self.micro_rows),
            ("NR", self.micro_columns),
        )


@cache
def tiles(facts: DeviceFacts, dtype: DType) -> Tiles:
    """What suits the device: a processor's tiles fit its shared memory and its nearest cache, others its group."""
    size = 8 if sum_type(dtype).endswith("64") else 4
    if facts.cpu:
        room = facts.local_memory // size
        edge = 64 if room >= 64 * (64 + 3 * 32) else 32
        depth = next((d for d in (128, 64, 32, 16) if edge * (edge + 2 * d) + 4096 // size <= room), 8)
        return Tiles(edge, edge, depth, _MICRO_ROWS, _MICRO_BYTES // size, 1)
    if facts.group >= 256:
        return Tiles(64, 64, 16, 4, 4, 256)
    return Tiles(32, 32, 16, 4, 4, 64)


def sum_type(dtype: DType) -> str:
    """The C type that sums of a dtype are held in; integers wrap, so theirs are unsigned."""
    if dtype.is_floating_point:
        return "f64" if dtype is dtypes.float64 else "f32"
    return "u64" if dtype is dtypes.int64 else "u32"
