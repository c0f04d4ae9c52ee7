"""Reductions of any expression over any dimensions: what sums, extremes, norms and losses are made of.

`fold` chooses how the work is spread: a group of work-items for each output where the elements of one output are
neighbours in memory, a work-item for each where those of different outputs are, and on processors always; and with few
outputs of many elements the elements are cut into chunks, whose results a second launch joins.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from unison_core import dtypes
from unison_core.ckit import program
from unison_core.ckit.kit import GROUP, pack
from unison_core.ckit.program import Program
from unison_core.dtypes import DType
from unison_core.spec import Shape, broadcast, contiguous_strides, numel, reduced_shape
from unison_core.strided import broadcast_strides, collapse

if TYPE_CHECKING:
    from unison_core.ckit.array import CArray
    from unison_core.ckit.kit import CKit
    from unison_core.ckit.runtime import DeviceFacts

__all__ = ["Fold", "Plan", "accumulator", "fold", "highest", "lowest", "place", "plan", "widened"]

LETTERS = ("A", "B", "D", "E")
COLUMNS = 16
"""Outputs that a processor's work-item takes at once where they are neighbours in memory."""
LONGEST = 4096
"""Elements that one work-item joins at most."""
_FEW = 8
"""Work-items of a group where each takes a whole row: on processors a group is what one core does."""
_FOLD = Program("fold", "walk.c", "fold.c")
_COLUMNS = Program("columns", "walk.c", "columns.c")
_PLACE = Program("place", "walk.c", "place.c")


@dataclass(frozen=True, slots=True)
class Fold:
    """How elements become one: `start` joined with `each` of them, `join` being an expression of s and v."""

    join: str
    start: float
    each: str = "a"
    finish: str = "s"
    label: str = "fold"


@dataclass(frozen=True, slots=True)
class Plan:
    """How a reduction is laid over work-items.

    outputs, chunks: of each, how many; a unit is one chunk of one output. lanes: work-items for a unit. tiles: where it
    is not 0, a work-item takes COLUMNS outputs, and there are so many such. lengths, keep, step: integers of the
    kernel's parameters.
    """

    shape: Shape
    outputs: int
    chunks: int
    lanes: int
    group: int
    tiles: int
    defines: tuple[tuple[str, int], ...]
    lengths: tuple[int, ...]
    keep: tuple[int, ...]
    step: tuple[int, ...]

    @property
    def groups(self) -> int:
        """How many groups of `group` work-items."""
        units = (self.tiles or self.outputs) * self.chunks
        return units if self.lanes > 1 else -(-units // self.group)

    def params(self, arrays: Sequence[CArray]) -> bytes:
        """The fields that `walk.c` names."""
        values = (*self.lengths, *(x.offset for x in arrays), *self.keep, *self.step)
        return struct.pack(f"{len(values)}q", *values)


def accumulator(dtype: DType) -> DType:
    """What elements of a dtype are joined in: half types in float32, short integers and bool in int32."""
    if dtype in dtypes.INEXACT:
        return dtypes.float32 if dtype.bits == 16 else dtype
    return dtypes.int64 if dtype is dtypes.int64 else dtypes.int32


@lru_cache(maxsize=4096)
def plan(
    shape: Shape,
    strides: tuple[Shape, ...],
    dims: tuple[int, ...],
    facts: DeviceFacts,
    whole: bool = False,
    span: int = 0,
    tiled: bool = False,
) -> Plan:
    """The plan of a reduction over `dims` of arrays with these strides.

    whole: nothing is cut into chunks. span: chunks are of that length, each for one work-item. tiled: the kernel can
    take tiles.
    """
    rest = [d for d in range(len(shape)) if d not in dims]
    kept, keep = collapse([shape[d] for d in rest], *[[s[d] for d in rest] for s in strides])
    reduced, step = collapse([shape[d] for d in dims], *[[s[d] for d in dims] for s in strides])
    outputs, count = numel([shape[d] for d in rest]), numel([shape[d] for d in dims])
    rows = not span and not facts.cpu and count >= GROUP // 2 and _nearest(step) <= _nearest(keep)
    lanes = GROUP if rows else 1
    tiles = _tiles(kept, keep, step) if tiled and facts.cpu else 0
    if not span:
        span = max(1, -(-count // (1 if whole else _chunks(tiles or outputs, count, lanes, facts))))
    chunks = max(1, -(-count // span))
    _widen(kept, keep)
    _widen(reduced, step)
    defines: tuple[tuple[str, int], ...] = (
        ("COUNT", len(strides)),
        ("KEPT", len(kept)),
        ("REDUCED", len(reduced)),
        ("UNIT", int(all(row[-1] == 1 for row in step))),
        ("LANES", lanes),
        ("WIDE", int(count >= 1 << 31)),
    )
    if tiles:
        ones, zeros = (sum(1 << x for x, row in enumerate(keep) if row[-1] == n) for n in (1, 0))
        defines = (*defines, ("COLUMNS", COLUMNS), ("ONES", ones), ("ZEROS", zeros))
    return Plan(
        shape=reduced_shape(shape, dims, keepdim=False),
        outputs=outputs,
        chunks=chunks,
        lanes=lanes,
        tiles=tiles,
        group=_FEW if whole and facts.cpu else GROUP,
        defines=defines,
        lengths=(outputs, count, span, chunks, *kept, *reduced),
        keep=tuple(s for row in keep for s in row),
        step=tuple(s for row in step for s in row),
    )


def _nearest(steps: Sequence[Sequence[int]]) -> float:
    """The smallest step of the first array that takes any."""
    return next((min(map(abs, row)) for row in steps if row and any(row)), float("inf"))


def _tiles(kept: Sequence[int], keep: Sequence[Sequence[int]], step: Sequence[Sequence[int]]) -> int:
    """How many work-items take COLUMNS outputs each, where these are neighbours; else 0."""
    if not kept or kept[-1] < COLUMNS or keep[0][-1] != 1 or 1 in step[0]:
        return 0
    return numel(kept[:-1]) * -(-kept[-1] // COLUMNS)


def _widen(lengths: list[int], steps: list[list[int]]) -> None:
    """1, 2, 4 or 8 dimensions, the first of length 1 where there were fewer: few kernels serve all layouts."""
    missing = next(n for n in (1, 2, 4, 8, 64) if n >= len(lengths)) - len(lengths)
    lengths[:0] = [1] * missing
    for row in steps:
        row[:0] = [0] * missing


def _chunks(outputs: int, count: int, lanes: int, facts: DeviceFacts) -> int:
    """Into how many chunks the elements of an output are cut, so that every unit of the device has work."""
    busy = facts.units * (4 * GROUP if facts.cpu else 32 * GROUP)
    least = 16 * lanes if lanes > 1 else GROUP
    wanted = busy // max(1, outputs * lanes)
    return max(1, min(wanted, count // least), -(-count // (lanes * LONGEST)))


def fold(
    kit: CKit,
    how: Fold,
    arrays: Sequence[CArray],
    dims: tuple[int, ...],
    *,
    dtype: DType,
    compute: DType | None = None,
    constants: Sequence[float] = (),
    keepdim: bool = False,
) -> CArray:
    """The fold of up to four arrays, broadcast, over dims; constants are K(1), K(2) ... in its expressions."""
    runtime = arrays[0].runtime
    compute = compute or accumulator(arrays[0].dtype)
    shape = broadcast(*[x.shape for x in arrays])
    strides = tuple(broadcast_strides(x.shape, x.strides, shape) for x in arrays)
    whole = plan(shape, strides, dims, runtime.facts, tiled=True)
    result = reduced_shape(shape, dims, keepdim=keepdim)
    if whole.chunks > 1:
        parts = kit.empty((whole.chunks, whole.outputs), compute, runtime)
        _launch(kit, how, arrays, whole, parts, compute, constants, last=False)
        again = Fold(how.join, how.start, finish=how.finish, label=how.label)
        out = fold(kit, again, [parts], (0,), dtype=dtype, compute=compute, constants=constants)
        return out.like(result, dtype, contiguous_strides(result), 0)
    out = kit.empty(result, dtype, runtime)
    if out.size:
        _launch(kit, how, arrays, whole, out, compute, constants, last=True)
    return out


def _launch(
    kit: CKit,
    how: Fold,
    arrays: Sequence[CArray],
    layout: Plan,
    out: CArray,
    compute: DType,
    constants: Sequence[float],
    *,
    last: bool,
) -> None:
    values: Any = (how.start, *constants)
    runtime, types = out.runtime, (*[x.dtype for x in arrays], out.dtype)
    key = (how, last, types, compute, layout.defines, len(values))
    kernel = runtime.programs.get(key)
    if kernel is None or program.TRACE:
        defines = (
            *zip(LETTERS, types[:-1], strict=False),
            ("O", out.dtype),
            ("T", compute),
            *layout.defines,
            ("CONSTANTS", len(values)),
            ("EACH", f"({how.each})"),
            ("JOIN(s, v)", f"({how.join})"),
            ("FINISH(s)", f"({how.finish})" if last else "(s)"),
        )
        source = _COLUMNS if layout.tiles else _FOLD
        kernel = runtime.programs[key] = source.kernel(runtime, defines, how.label)
        if program.TRACE:
            program.trace(how.label, source.entry, layout.groups, layout.group, defines)
    params = layout.params(arrays) + pack(compute, values)
    runtime.launch(kernel, layout.groups, layout.group, [*[x.buffer for x in arrays], out.buffer], params)


def place(
    kit: CKit, arrays: Sequence[CArray], dims: tuple[int, ...], over: str, *, keepdim: bool, label: str
) -> CArray:
    """int64 places, counted over dims, of the first element in the order `over` (">" or "<"); NaN comes first.

    arrays: one; or what chunks of it came to, and their places.
    """
    x, runtime = arrays[0], arrays[0].runtime
    compute = accumulator(x.dtype)
    layout = plan(x.shape, tuple(a.strides for a in arrays), dims, runtime.facts)
    result = reduced_shape(x.shape, dims, keepdim=keepdim)
    last = layout.chunks == 1
    out = kit.empty(result if last else (layout.chunks, layout.outputs), dtypes.int64, runtime)
    if not out.size:
        return out
    best = () if last else (kit.empty(out.shape, compute, runtime),)
    defines = (("A", x.dtype), ("T", compute), *layout.defines, ("OVER", over), ("LAST", last))
    start = lowest(compute) if over == ">" else highest(compute)
    params = layout.params(arrays) + pack(compute, (start,))
    buffers = [a.buffer for a in (*arrays, *best, out)]
    kit.launch(_PLACE, defines, layout.groups, layout.group, buffers, params, runtime, label)
    if last:
        return out
    whole = place(kit, (*best, out), (0,), over, keepdim=False, label=label)
    return whole.like(result, whole.dtype, contiguous_strides(result), 0)


def widened(kit: CKit, x: CArray, dtype: DType) -> CArray:
    """x in the dtype that kernels compute in."""
    if x.dtype is dtype:
        return x
    out = kit.empty(x.shape, dtype, x.runtime)
    kit.cast(x, out)
    return out


def lowest(dtype: DType) -> float:
    """What every number of an accumulator is at least."""
    return float("-inf") if dtype.is_floating_point else -(1 << (8 * dtype.itemsize - 1))


def highest(dtype: DType) -> float:
    """What every number of an accumulator is at most."""
    return float("inf") if dtype.is_floating_point else (1 << (8 * dtype.itemsize - 1)) - 1
