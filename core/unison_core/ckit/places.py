"""Reading and writing at places that index arrays name: what indexing and embedding share."""

from __future__ import annotations

import array
import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING

from unison_core import dtypes
from unison_core.ckit.array import CArray
from unison_core.ckit.kit import GROUP, RAW, pack
from unison_core.ckit.program import Defines, Program
from unison_core.dtypes import DType
from unison_core.errors import OperatorIndexError
from unison_core.spec import Shape, numel, view_strides
from unison_core.strided import broadcast_strides, collapse

if TYPE_CHECKING:
    from unison_core.ckit.kit import CKit

__all__ = ["Places", "folding"]

_SCATTER = Program("scatter")
_HEADERS = ("places.c",)
_AT_ONCE = 3
"""So many index arrays one map takes beside x."""

_NAMES = "abce"
"""What maps call their inputs."""

_BUSY = 8192
"""So many work-items keep a device that is no processor busy."""


def folding(fold: str, dtype: DType) -> str:
    """The expression of a fold in a dtype: integers wrap."""
    form, plane = _FOLDS[fold]
    if dtype.is_complex:
        return plane
    if dtype.is_floating_point or "?" in form:
        return form
    return f"(C(T))({form.replace('a', '(U(T))a').replace('b', '(U(T))b')})"


def _first(sign: str) -> tuple[str, str]:
    """The number that comes first in an order, NaN before all others; complex ones go by the real part first."""
    real = f"(a.re {sign} b.re && b.im == b.im)"
    nan = "a.re != a.re || a.im != a.im"
    return (
        f"(a != a || a {sign} b) ? a : b",
        f"({nan} || {real} || (a.re == b.re && a.im {sign} b.im)) ? a : b",
    )


_FOLDS = {
    "add": ("a + b", "ADD(O, a, b)"),
    "amax": _first(">"),
    "amin": _first("<"),
    "prod": ("a * b", "MUL(O, a, b)"),
    "scaled": ("a + b * K(0)", ""),
}
"""Expressions of real and of complex numbers, which are scaled before they are added."""


_TERMS = {"add": "b", "scaled": "b * K(0)"}
"""What folds add."""

_LONG = 64
"""So many terms a sum may have before rounding after each could cost more than 8 + 2 sqrt(n) units."""


def _parts(x: CArray) -> CArray:
    shape, strides = (*x.shape, 2), (*(2 * s for s in x.strides), 1)
    return x.like(shape, x.dtype.to_real(), strides, 2 * x.offset)


def _moved(count: int) -> str:
    return " + ".join(f"place_of({_NAMES[k]}, K({2 * k}), K({2 * k + 1}))" for k in range(count))


class Places:
    """Picking is a map; scattering goes line by line, in the order of the index, hence deterministic."""

    def __init__(self, kit: CKit) -> None:
        self.kit = kit

    def check(
        self,
        indices: Sequence[CArray],
        lengths: Sequence[int],
        dims: Sequence[int],
        *,
        wraps: bool = False,
        error: type[Exception] = OperatorIndexError,
    ) -> None:
        """Refuse indices outside [0, length), or [-length, length) where negative ones count from the end.

        Raises:
            IndexError, or `error`: names the first such index. PyTorch's gather and scatter raise RuntimeError.
        """
        for i in range(0, len(indices), 4):
            some = indices[i : i + 4]
            low = "-K({k})" if wraps else "0"
            tests = [f"{_NAMES[k]} < {low.format(k=k)} || {_NAMES[k]} >= K({k})" for k in range(len(some))]
            limits = lengths[i : i + 4]
            if self.kit.any(
                " || ".join(tests), some, compute=dtypes.int64, constants=limits, label="check_range"
            ):
                for index, length, dim in zip(indices, lengths, dims, strict=True):
                    values = self.host(index)
                    worst = max(values) if max(values) >= length else min(values)
                    if worst >= length or worst < (-length if wraps else 0):
                        raise error(f"index {worst} is out of bounds for dimension {dim} with size {length}")

    def host(self, index: CArray) -> array.array[int]:
        """The values of an index array, for error messages."""
        x = self.kit.contiguous(index)
        data = bytearray(8 * x.size)
        x.runtime.copy_out(x.buffer, 8 * x.offset, data)
        return array.array("q", data)

    def pick(
        self,
        x: CArray,
        base: CArray,
        indices: Sequence[CArray],
        along: Sequence[tuple[int, int]],
        shape: Sequence[int],
        label: str,
    ) -> CArray:
        """out[i] = x at base's place i moved by each index at i times its step; `along` has (length, step) of each.

        base: x with dimensions of length 1 where it is indexed; base and indices broadcast to shape.
        """
        out = self.kit.empty(shape, x.dtype, x.runtime)
        if not out.size:
            return out
        while len(indices) > _AT_ONCE:
            first = self.joined(indices[:_AT_ONCE], along[:_AT_ONCE])
            indices = [first, *indices[_AT_ONCE:]]
            along = [(x.length, 1), *along[_AT_ONCE:]]
        raw, last = RAW[x.dtype.itemsize], len(indices)
        self.kit.map(
            f"x{last}[PLACE({last}) + {_moved(last)}]",
            [*indices, base],
            out=out,
            types=(*(dtypes.int64,) * last, raw, raw),
            compute=dtypes.int64,
            constants=[v for pair in along for v in pair],
            headers=_HEADERS,
            label=label,
        )
        return out

    def joined(self, indices: Sequence[CArray], along: Sequence[tuple[int, int]]) -> CArray:
        """One array of places, in elements from x's first, for up to four index arrays."""
        return self.kit.map(
            _moved(len(indices)),
            indices,
            dtype=dtypes.int64,
            compute=dtypes.int64,
            constants=[v for pair in along for v in pair],
            headers=_HEADERS,
            label="places",
        )

    def scatter(
        self,
        out: CArray,
        index: CArray,
        source: CArray,
        lines: tuple[Shape, Sequence[int], Sequence[int], Sequence[int]],
        along: tuple[int, int, int],
        sizes: tuple[int, int],
        fold: str | None,
        constants: Sequence[float] = (),
        label: str = "scatter",
    ) -> None:
        """Fold source into out, line by line.

        lines: their shape and the steps of index, source and out from line to line. along: the steps within a line,
        for out from target to target. sizes: the number of targets, and of indices in a line. fold: a name that
        `folding` knows; None replaces bit for bit. Long sums carry along what rounding took from them.
        """
        if fold == "add" and out.dtype.is_complex:
            shape, of_index, of_source, of_out = lines
            two_source, two_out = [*(2 * s for s in of_source), 1], [*(2 * s for s in of_out), 1]
            lines = ((*shape, 2), [*of_index, 0], two_source, two_out)
            along = (along[0], 2 * along[1], 2 * along[2])
            self.scatter(_parts(out), index, _parts(source), lines, along, sizes, fold, constants, label)
            return
        targets, count = sizes
        lengths, steps = collapse(*lines)
        lengths, steps = [*reversed(lengths)] or [1], [[*reversed(s)] or [0] for s in steps]
        number = numel(lengths)
        if not number or not count:
            return
        parts = 1 if out.runtime.facts.cpu else max(1, min(_BUSY // number, targets))
        span = -(-targets // parts)
        raw = RAW[out.dtype.itemsize]
        types = (source.dtype, out.dtype) if fold else (raw, raw)
        defines: Defines = (
            ("A", types[0]),
            ("O", types[1]),
            ("T", out.dtype),
            ("DIMS", len(lengths)),
            ("CONSTANTS", len(constants)),
            ("FOLD", f"({folding(fold, out.dtype)})") if fold else ("REPLACES", 1),
        )
        buffers = [index.buffer, source.buffer, out.buffer]
        if count > _LONG and fold in _TERMS and out.dtype.is_floating_point:
            lost = self.kit.empty((out.length,), out.dtype, out.runtime)
            self.kit.fill(lost, bytes(out.dtype.itemsize))
            buffers.append(lost.buffer)
            defines = (*defines, ("TERM", f"({_TERMS[fold]})"))
        values = (
            number,
            parts,
            span,
            targets,
            count,
            index.offset,
            source.offset,
            out.offset,
            *along,
            *lengths,
        )
        values = (*values, *(s for row in steps for s in row))
        self.kit.launch(
            _SCATTER,
            defines,
            -(-number * parts // GROUP),
            GROUP,
            buffers,
            struct.pack(f"{len(values)}q", *values) + pack(out.dtype, constants),
            out.runtime,
            label,
        )

    def flat(self, x: CArray, lead: Sequence[int], shape: Sequence[int]) -> CArray:
        """x, broadcast to (*lead, *shape), with the dimensions of shape seen as one; copied where that needs it."""
        strides = broadcast_strides(x.shape, x.strides, (*lead, *shape))
        found = view_strides(shape, strides[len(lead) :], (numel(shape),))
        if found is None:
            whole = self.kit.copy(x.like((*lead, *shape), x.dtype, strides, x.offset))
            return whole.like((*lead, numel(shape)), x.dtype, (*whole.strides[: len(lead)], 1), whole.offset)
        return x.like((*lead, numel(shape)), x.dtype, (*strides[: len(lead)], *found), x.offset)
