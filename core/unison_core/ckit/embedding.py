"""Kernels for tables of vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from unison_core import dtypes
from unison_core.ckit.array import CArray
from unison_core.ckit.creation import bits_of
from unison_core.ckit.places import Places
from unison_core.dtypes import DType
from unison_core.errors import OperatorIndexError

if TYPE_CHECKING:
    from unison_core.ckit.kit import CKit

__all__ = ["Embedding"]


class Embedding:
    """Rows are picked, and gradients added up in the order of the index."""

    def __init__(self, kit: CKit) -> None:
        self.kit = kit
        self.places = Places(kit)

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {"embedding": self.embedding, "embedding_backward": self.embedding_backward}

    def _check(self, index: CArray, rows: int) -> None:
        test = "a < 0 || a >= K(0)"
        if self.kit.any(test, [index], compute=dtypes.int64, constants=(rows,), label="embedding"):
            wrong = next(i for i in self.places.host(index) if not 0 <= i < rows)
            raise OperatorIndexError(f"index out of range in self: {wrong} is not one of the {rows} rows")

    def embedding(
        self, weight: CArray, index: CArray, *, padding_idx: int | None, scale_grad_by_freq: bool
    ) -> CArray:
        if index.dtype is not dtypes.int64 or not weight.ndim:
            raise TypeError("index is not int64, or weight is 0-d")
        rows, vector = weight.shape[0], weight.ndim - 1
        self._check(index, rows)
        lead, ones = (0,) * index.ndim, (1,) * index.ndim
        base = weight.like(
            (*ones, *weight.shape[1:]), weight.dtype, (*lead, *weight.strides[1:]), weight.offset
        )
        shape = (*index.shape, *weight.shape[1:])
        wide = index.like(
            (*index.shape, *(1,) * vector), index.dtype, (*index.strides, *(0,) * vector), index.offset
        )
        return self.places.pick(weight, base, [wide], [(rows, weight.strides[0])], shape, "embedding")

    def embedding_backward(
        self, g: CArray, index: CArray, *, rows: int, padding_idx: int | None, scale_grad_by_freq: bool
    ) -> CArray:
        if index.dtype is not dtypes.int64 or g.shape[: index.ndim] != index.shape:
            raise TypeError("index is not int64, or g has another shape")
        if padding_idx is not None and not -rows <= padding_idx < rows:
            raise IndexError("padding_idx")
        kit = self.kit
        self._check(index, rows)
        half = g.dtype.is_floating_point and g.dtype.bits == 16
        wide = dtypes.float32 if half else g.dtype
        shape = (rows, *g.shape[index.ndim :])
        out = self._added(g, index, shape, wide)
        if scale_grad_by_freq:
            real = wide.to_real() if wide.is_complex else wide
            one = self._filled((), real, 1, g)
            ones = one.like(index.shape, real, (0,) * index.ndim, one.offset)
            counts = self._added(ones, index, (rows,), real)
            column = counts.like((rows, *(1,) * (out.ndim - 1)), real, (1, *(0,) * (out.ndim - 1)), 0)
            share = "CAT(make_, O)(a.re / b, a.im / b)" if wide.is_complex else "a / b"
            kit.map(f"b > 1 ? {share} : a", [out, column], out=out, label="embedding_backward")
        if padding_idx is not None and out.size:
            row = out.like(shape[1:], wide, out.strides[1:], padding_idx % rows * out.strides[0])
            kit.fill(row, bits_of(0, wide))
        if not half:
            return out
        narrow = kit.empty(shape, g.dtype, g.runtime)
        kit.cast(out, narrow)
        return narrow

    def _filled(self, shape: tuple[int, ...], dtype: DType, value: int, beside: CArray) -> CArray:
        out = self.kit.empty(shape, dtype, beside.runtime)
        if out.size:
            self.kit.fill(out, bits_of(value, dtype))
        return out

    def _added(self, g: CArray, index: CArray, shape: tuple[int, ...], dtype: DType) -> CArray:
        """Zeros of a shape with g's vectors added at index."""
        out = self._filled(shape, dtype, 0, g)
        if not out.size or not index.size:
            return out
        n = index.ndim
        last = [*range(n, g.ndim), *range(n)]
        turned = g.like([g.shape[d] for d in last], g.dtype, [g.strides[d] for d in last], g.offset)
        source = self.places.flat(turned, shape[1:], index.shape)
        flat = self.places.flat(index, (), index.shape)
        self.places.scatter(
            out,
            flat,
            source,
            (shape[1:], (0,) * (out.ndim - 1), source.strides[:-1], out.strides[1:]),
            (flat.strides[0], source.strides[-1], out.strides[0]),
            (shape[0], index.size),
            "add",
            label="embedding_backward",
        )
        return out
