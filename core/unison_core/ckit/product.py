"""Launches of `sources/product.c`, on which matrix products and convolutions rest."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from unison_core import dtypes
from unison_core.ckit.array import CArray
from unison_core.ckit.program import Program
from unison_core.ckit.tiles import Tiles, sum_type, tiles
from unison_core.spec import numel

if TYPE_CHECKING:
    from unison_core.ckit.kit import CKit

__all__ = ["MOST_BATCH", "Product", "Windows", "product"]

_PRODUCT, _JOIN = Program("product"), Program("join")
MOST_BATCH = 6
"""Dimensions that a batch may have after those that step evenly are joined."""
_JOIN_GROUP = 64


@dataclass(frozen=True, slots=True)
class Windows:
    """That b is read through walks (see the source): the data's lengths, and both walks as numbers in their order."""

    size: tuple[int, ...]
    over_depth: tuple[int, ...]
    over_columns: tuple[int, ...]


@dataclass(slots=True)
class Product:
    """The numbers of one launch: out[i, j] = bias + sum over k of a[i, k] * b[k, j], steps in elements.

    batch: lengths of the batch, and for a, b, bias and out the step of each. The columns of out lie side by side,
    unless `windows` says otherwise. moved: where a, b and out begin, counted from where their arrays do. whole: out
    is contiguous and all of it is written, so that groups may share the depth.
    """

    rows: int
    columns: int
    depth: int
    a_row: int
    a_deep: int
    b_deep: int
    b_column: int
    out_row: int
    bias_row: int = 0
    bias_column: int = 0
    batch: Sequence[int] = ()
    steps: Sequence[Sequence[int]] = ((), (), (), ())
    moved: tuple[int, int, int] = (0, 0, 0)
    windows: Windows | None = None
    whole: bool = True
    label: str = "matmul"


def product(kit: CKit, how: Product, a: CArray, b: CArray, bias: CArray | None, out: CArray) -> None:
    """Write the product into out, which has elements."""
    if _by_library(kit, how, a, b, bias, out):
        return
    runtime, kind = a.runtime, sum_type(a.dtype)
    tile = tiles(runtime.facts, a.dtype)
    batch = numel(how.batch)
    groups = (-(-how.columns // tile.columns), -(-how.rows // tile.rows), batch)
    splits, share = _splits(how, tile, numel(groups), runtime.facts.units * (2 if runtime.facts.cpu else 4))
    windows = how.windows
    defines = (
        ("T", a.dtype),
        ("SUM", kind),
        ("IS_INTEGER", not a.dtype.is_floating_point),
        ("PARTIAL", splits > 1),
        ("WINDOWS", windows is not None),
        *((("DIMS", len(windows.size)),) if windows else ()),
        *tile.defines,
    )
    target = out
    if splits > 1:
        wide = {"f32": dtypes.float32, "f64": dtypes.float64, "u32": dtypes.int32, "u64": dtypes.int64}[kind]
        target = kit.empty((groups[2], splits, how.rows, how.columns), wide, runtime)
    bias_at = bias.offset if bias else 0
    at = (a.offset + how.moved[0], b.offset + how.moved[1], bias_at, out.offset + how.moved[2])
    biased = (int(bias is not None), how.bias_row, how.bias_column)
    params = _params(how, splits, share, at, biased)
    kit.launch(
        _PRODUCT,
        defines,
        numel(groups) * splits,
        tile.group,
        (a.buffer, b.buffer, (bias or a).buffer, target.buffer),
        params,
        runtime,
        how.label,
    )
    if splits > 1:
        kit.launch(
            _JOIN,
            (("T", a.dtype), ("SUM", kind)),
            -(-out.size // _JOIN_GROUP),
            _JOIN_GROUP,
            (target.buffer, (bias or a).buffer, out.buffer),
            struct.pack(
                "9q", out.size, splits, how.rows, how.columns, out.offset, *biased[:1], bias_at, *biased[1:]
            ),
            runtime,
            how.label,
        )


def _by_library(kit: CKit, how: Product, a: CArray, b: CArray, bias: CArray | None, out: CArray) -> bool:
    """Whether the runtime's library did it: it adds to the bias, which is written first."""
    start = None
    if bias is not None:
        given = bias

        def start() -> None:
            shape = (*how.batch, how.rows, how.columns)
            places = (*how.steps[3], how.out_row, 1)
            steps = (*how.steps[2], how.bias_row, how.bias_column)
            target = out.like(shape, out.dtype, places, out.offset + how.moved[2])
            kit.write(target, given.like(shape, out.dtype, steps, given.offset), how.label)

    return a.runtime.product(how, a, b, out, start)


def _splits(how: Product, tile: Tiles, groups: int, wanted: int) -> tuple[int, int]:
    """How many groups share the depth of each tile, and how much each takes, where there are too few tiles."""
    least = max(4 * tile.depth, 256)
    if not how.whole or groups >= wanted or how.depth < 2 * least:
        return 1, max(how.depth, 1)
    share = max(least, -(-how.depth // -(-wanted // groups)))
    share = -(-share // tile.depth) * tile.depth
    return -(-how.depth // share), share


def _params(how: Product, splits: int, share: int, at: Sequence[int], biased: Sequence[int]) -> bytes:
    assert len(how.batch) <= MOST_BATCH
    rest = (0,) * (MOST_BATCH - len(how.batch))
    values = [how.rows, how.columns, how.depth, splits, share, *at, len(how.batch), *how.batch, *rest]
    for row in how.steps:
        values += (*row, *rest)
    values += (how.a_row, how.a_deep, how.b_deep, how.b_column, how.out_row, *biased)
    if how.windows is not None:
        values += (
            at[1] - how.moved[1],
            *how.windows.size,
            *how.windows.over_depth,
            *how.windows.over_columns,
        )
    return struct.pack(f"{len(values)}q", *values)
