"""Movement kernels: views by arithmetic on strides, and copies that move bits unlooked at."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from unison_core.ckit.array import CArray
from unison_core.ckit.creation import bits_of
from unison_core.ckit.kit import GROUP, RAW
from unison_core.ckit.program import Program
from unison_core.dtypes import DType
from unison_core.errors import OperatorError
from unison_core.spec import Shape, wrap_dim
from unison_core.strided import views

if TYPE_CHECKING:
    from unison_core.ckit.kit import CKit

__all__ = ["Movement"]

_VIEWS = views(CArray.like)
_CAT = Program("cat")
_INPUTS = 4
_SMALL = 1 << 16
"""Elements from which a launch costs less than what a plain copy saves."""


class Movement:
    """Copies into slices of the result: one launch for each part."""

    def __init__(self, kit: CKit) -> None:
        self.kit = kit

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel; `to_device` is the backend's own."""
        return {
            **_VIEWS,
            "as_strided": self.as_strided,
            "cast": self.cast,
            "cat": self.cat,
            "copy": self.copy,
            "flip": self.flip,
            "pad": self.pad,
            "roll": self.roll,
            "unslice": self.unslice,
        }

    def as_strided(self, x: CArray, *, shape: Shape, stride: Shape, offset: int) -> CArray:
        """Over the whole storage that x is a part of; its bounds are checked."""
        last = offset + sum((n - 1) * s for n, s in zip(shape, stride, strict=True)) if 0 not in shape else -1
        if last >= x.length:
            raise OperatorError(
                f"as_strided: shape {list(shape)} with strides {list(stride)} from offset {offset} reaches "
                f"element {last}, outside the storage of {x.length} elements"
            )
        return x.like(shape, x.dtype, stride, offset)

    def copy(self, x: CArray) -> CArray:
        return self.kit.copy(x)

    def cast(self, x: CArray, *, dtype: DType) -> CArray:
        if dtype is x.dtype:
            return self.kit.copy(x)
        out = self.kit.empty(x.shape, dtype, x.runtime)
        self.kit.cast(x, out)
        return out

    def cat(self, *xs: CArray, dim: int) -> CArray:
        first = xs[0]
        if not first.ndim or any(x.ndim != first.ndim for x in xs):
            raise ValueError("cat")
        d = dim % first.ndim
        rest = (*first.shape[:d], *first.shape[d + 1 :])
        if any((*x.shape[:d], *x.shape[d + 1 :]) != rest for x in xs):
            raise ValueError("cat")
        shape = (*first.shape[:d], sum(x.shape[d] for x in xs), *first.shape[d + 1 :])
        out = self.kit.empty(shape, first.dtype, first.runtime)
        inner = prod(shape[d + 1 :])
        at = 0
        for some in _batches([x for x in xs if x.size]):
            columns = sum(x.shape[d] for x in some)
            if len(some) == 1:
                self.kit.write(out.like(some[0].shape, out.dtype, out.strides, at), some[0], "cat")
            else:
                self._side_by_side(out, at, some, shape[d] * inner, [x.shape[d] * inner for x in some])
            at += columns * inner
        return out

    def _side_by_side(
        self, out: CArray, at: int, xs: Sequence[CArray], stride: int, lengths: list[int]
    ) -> None:
        width, missing = sum(lengths), _INPUTS - len(xs)
        count = out.size // stride * width
        values = (count, width, stride, at, *lengths, *[0] * missing, *[x.offset for x in xs], *[0] * missing)
        buffers = [*[x.buffer for x in xs], *[xs[0].buffer] * missing, out.buffer]
        defines = (("D", RAW[out.dtype.itemsize]), ("INPUTS", _INPUTS))
        groups = -(-count // GROUP)
        params = struct.pack(f"{len(values)}q", *values)
        self.kit.launch(_CAT, defines, groups, GROUP, buffers, params, out.runtime, "cat")

    def flip(self, x: CArray, *, dims: tuple[int, ...]) -> CArray:
        dims = tuple(wrap_dim(d, x.ndim) for d in dims)
        if not x.size or not x.ndim:
            return self.kit.copy(x)
        strides, at = list(x.strides), x.offset
        for d in set(dims):
            at += (x.shape[d] - 1) * strides[d]
            strides[d] = -strides[d]
        return self.kit.copy(x.like(x.shape, x.dtype, strides, at))

    def roll(self, x: CArray, *, shifts: tuple[int, ...], dims: tuple[int, ...]) -> CArray:
        out = x
        for shift, dim in zip(shifts, dims, strict=True):
            out = self._rolled(out, shift, dim % x.ndim)
        return self.kit.copy(x) if out is x else out

    def _rolled(self, x: CArray, shift: int, d: int) -> CArray:
        n = x.shape[d]
        if not x.size or shift % n == 0:
            return x
        cut = n - shift % n
        key = (slice(None),) * d
        parts = [_VIEWS["slice"](x, key=(*key, k)) for k in (slice(cut, None), slice(0, cut))]
        return self.cat(*parts, dim=d)

    def pad(self, x: CArray, *, widths: tuple[tuple[int, int], ...], value: float) -> CArray:
        shape = tuple(n + a + b for n, (a, b) in zip(x.shape, widths, strict=True))
        if any(n < 0 for n in shape):
            raise ValueError("widths")
        keep = tuple(slice(max(0, -a), n - max(0, -b)) for n, (a, b) in zip(x.shape, widths, strict=True))
        inner = tuple(slice(max(0, a), n - max(0, b)) for n, (a, b) in zip(shape, widths, strict=True))
        return self._placed(_VIEWS["slice"](x, key=keep), shape, inner, value)

    def unslice(self, g: CArray, *, shape: Shape, key: tuple[Any, ...]) -> CArray:
        return self._placed(g, shape, key, 0)

    def _placed(self, x: CArray, shape: Shape, key: tuple[Any, ...], value: float) -> CArray:
        """An array filled with value, with x at key."""
        out = self.kit.empty(shape, x.dtype, x.runtime)
        if out.size and x.size != out.size:
            self.kit.fill(out, bits_of(value, out.dtype))
        if x.size:
            self.kit.write(_VIEWS["slice"](out, key=key), x, "pad")
        return out


def _batches(xs: Sequence[CArray]) -> Iterator[Sequence[CArray]]:
    """Small contiguous arrays that are neighbours, a few at a time; others alone."""
    some: list[CArray] = []
    for x in xs:
        small = x.contiguous and x.size <= _SMALL
        if some and not (small and len(some) < _INPUTS):
            yield some
            some = []
        if small:
            some.append(x)
        else:
            yield [x]
    if some:
        yield some
