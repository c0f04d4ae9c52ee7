"""Kernels that pick and place by index arrays, checking every index."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from unison_core import dtypes
from unison_core.ckit.array import CArray
from unison_core.ckit.kit import GROUP
from unison_core.ckit.places import Places, folding
from unison_core.ckit.program import Program
from unison_core.errors import OperatorError
from unison_core.spec import Shape, broadcast, numel, wrap_dim
from unison_core.strided import broadcast_strides

if TYPE_CHECKING:
    from unison_core.ckit.kit import CKit

__all__ = ["Indexing"]

_COUNT, _START, _WRITE = (
    Program(entry, "nonzero.c") for entry in ("count_true", "start_of_chunks", "write_indices")
)
_CHUNKS = 4096


class Indexing:
    """Every result is the same however the device schedules its work."""

    def __init__(self, kit: CKit) -> None:
        self.kit = kit
        self.places = Places(kit)

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {
            "gather": self.gather,
            "index": self.index,
            "index_add": self.index_add,
            "index_put": self.index_put,
            "index_select": self.index_select,
            "nonzero": self.nonzero,
            "scatter": self.scatter,
            "scatter_add": self.scatter_add,
            "scatter_reduce": self.scatter_reduce,
        }

    def _key(self, x: CArray, indices: Sequence[CArray | None]) -> tuple[list[int], list[CArray], Shape]:
        """The indexed dimensions, their checked indices and the shape these broadcast to."""
        dims = [d for d, i in enumerate(indices) if i is not None]
        given = [i for i in indices if i is not None]
        if len(indices) > x.ndim or any(i.dtype is not dtypes.int64 for i in given):
            raise ValueError("index")
        found = broadcast(*[i.shape for i in given]) if given else ()
        if given:
            self.places.check(given, [x.shape[d] for d in dims], dims, wraps=True)
        return dims, given, found

    def index(self, x: CArray, *indices: CArray | None) -> CArray:
        dims, given, found = self._key(x, indices)
        if not given:
            return self.kit.copy(x)
        rest = [d for d in range(x.ndim) if d not in dims]
        at = _place_of_found(dims)
        order = [*rest[:at], *rest[at:]]
        before, after = order[:at], order[at:]
        shape = [*(x.shape[d] for d in before), *found, *(x.shape[d] for d in after)]
        base = x.like(
            [*(x.shape[d] for d in before), *(1 for _ in found), *(x.shape[d] for d in after)],
            x.dtype,
            [*(x.strides[d] for d in before), *(0 for _ in found), *(x.strides[d] for d in after)],
            x.offset,
        )
        wide = [_trailed(i, len(after)) for i in given]
        return self.places.pick(x, base, wide, [(x.shape[d], x.strides[d]) for d in dims], shape, "index")

    def index_put(self, x: CArray, value: CArray, *indices: CArray | None, accumulate: bool) -> CArray:
        dims, given, found = self._key(x, indices)
        rest = [d for d in range(x.ndim) if d not in dims]
        at = _place_of_found(dims)
        before, after = rest[:at], rest[at:]
        shape = (*(x.shape[d] for d in before), *found, *(x.shape[d] for d in after))
        if value.dtype is not x.dtype or broadcast(shape, value.shape) != shape:
            raise ValueError("index_put")
        out = self._wide(x) if accumulate else self.kit.copy(x)
        if not given:
            form = folding("add", out.dtype) if accumulate else "b"
            self.kit.map(form, [out, value], out=out, compute=out.dtype, label="index_put")
            return self._narrow(out, x)
        if not numel(shape):
            return self._narrow(out, x)
        if len(given) == 1:
            index, targets, step = given[0], x.shape[dims[0]], out.strides[dims[0]]
        else:
            along = [(x.shape[d], out.strides[d]) for d in dims]
            index, targets, step = self._joined(given, along), out.size, 1
        # The source with the indices' dimensions last, so that they can be walked as one.
        whole = value.like(
            shape, value.dtype, broadcast_strides(value.shape, value.strides, shape), value.offset
        )
        order = [*range(at), *range(at + len(found), len(shape)), *range(at, at + len(found))]
        turned = whole.like(
            [shape[d] for d in order], value.dtype, [whole.strides[d] for d in order], whole.offset
        )
        lead = [x.shape[d] for d in rest]
        source, flat = self.places.flat(turned, lead, found), self.places.flat(index, (), found)
        self.places.scatter(
            out,
            flat,
            source,
            (tuple(lead), [0] * len(lead), source.strides[:-1], [out.strides[d] for d in rest]),
            (flat.strides[0], source.strides[-1], step),
            (targets, numel(found)),
            "add" if accumulate else None,
            label="index_put",
        )
        return self._narrow(out, x)

    def _joined(self, given: list[CArray], along: list[tuple[int, int]]) -> CArray:
        while len(given) > 1:
            first = self.places.joined(given[:4], along[:4])
            total = 1 + sum((n - 1) * step for n, step in along[:4])
            given, along = [first, *given[4:]], [(total, 1), *along[4:]]
        return given[0]

    def _wide(self, x: CArray) -> CArray:
        """A copy to add to: half types add in float32."""
        if not _is_half(x):
            return self.kit.copy(x)
        out = self.kit.empty(x.shape, dtypes.float32, x.runtime)
        self.kit.cast(x, out)
        return out

    def _narrow(self, out: CArray, x: CArray) -> CArray:
        if out.dtype is x.dtype:
            return out
        narrow = self.kit.empty(out.shape, x.dtype, x.runtime)
        self.kit.cast(out, narrow)
        return narrow

    def index_select(self, x: CArray, index: CArray, *, dim: int) -> CArray:
        d = wrap_dim(dim, x.ndim)
        if index.dtype is not dtypes.int64 or index.ndim > 1:
            raise ValueError("index_select")
        if not x.ndim:
            return self.kit.copy(x)
        index = _at_least_1d(index)
        self.places.check([index], [x.shape[d]], [dim])
        shape = (*x.shape[:d], index.size, *x.shape[d + 1 :])
        base = _without(x, d)
        wide = _trailed(index, x.ndim - 1 - d)
        return self.places.pick(x, base, [wide], [(x.shape[d], x.strides[d])], shape, "index_select")

    def index_add(self, x: CArray, index: CArray, source: CArray, *, dim: int, alpha: float) -> CArray:
        d = wrap_dim(dim, x.ndim)
        want = (*x.shape[:d], *(index.shape or (1,)), *x.shape[d + 1 :]) if x.ndim else ()
        if (
            index.dtype is not dtypes.int64
            or index.ndim > 1
            or source.shape != want
            or source.dtype is not x.dtype
        ):
            raise ValueError("index_add")
        if not x.ndim:
            one = x.like((1,), x.dtype, (1,), x.offset)
            added = source.like((1,), x.dtype, (1,), source.offset)
            zero = self.kit.map("0", [], dtype=dtypes.int64, runtime=x.runtime, shape=(1,))
            out = self.index_add(one, zero, added, dim=0, alpha=alpha)
            return out.like((), x.dtype, (), out.offset)
        index = _at_least_1d(index)
        self.places.check([index], [x.shape[d]], [dim])
        if alpha != 1 and x.dtype.is_complex:
            source = self.kit.map(
                "MUL(T, a, K(0))", [source], dtype=x.dtype, constants=(alpha,), label="index_add"
            )
            alpha = 1
        out = self._wide(x)
        self.places.scatter(
            out,
            index,
            source,
            (_rest(x.shape, d), (0,) * (x.ndim - 1), _rest(source.strides, d), _rest(out.strides, d)),
            (index.strides[0], source.strides[d], out.strides[d]),
            (x.shape[d], index.size),
            "add" if alpha == 1 else "scaled",
            () if alpha == 1 else (alpha,),
            "index_add",
        )
        return self._narrow(out, x)

    def gather(self, x: CArray, index: CArray, *, dim: int) -> CArray:
        shape = index.shape
        x, index, d = self._aligned(x, index, dim)
        if index.size and not _within(index.shape, x.shape, d):
            raise ValueError("gather")
        if not index.size:
            return self.kit.empty(shape, x.dtype, x.runtime)
        self.places.check([index], [x.shape[d]], [dim], error=OperatorError)
        cut = x.like(
            [1 if e == d else n for e, n in enumerate(index.shape)],
            x.dtype,
            [0 if e == d else s for e, s in enumerate(x.strides)],
            x.offset,
        )
        out = self.places.pick(x, cut, [index], [(x.shape[d], x.strides[d])], index.shape, "gather")
        return out.like(shape, out.dtype, out.strides[: len(shape)], out.offset)

    def _aligned(self, x: CArray, index: CArray, dim: int) -> tuple[CArray, CArray, int]:
        """x and index of as many dimensions, at least one, and dim counted from the front."""
        d = wrap_dim(dim, x.ndim)
        x, index = _at_least_1d(x), _at_least_1d(index)
        if index.dtype is not dtypes.int64 or index.ndim != x.ndim:
            raise ValueError("index")
        return x, index, d

    def scatter(self, x: CArray, index: CArray, source: CArray, *, dim: int) -> CArray:
        return self._scattered(x, index, source, dim, None, "scatter")

    def scatter_add(self, x: CArray, index: CArray, source: CArray, *, dim: int) -> CArray:
        return self._scattered(x, index, source, dim, "add", "scatter_add")

    def scatter_reduce(self, x: CArray, index: CArray, source: CArray, *, dim: int, reduce: str) -> CArray:
        return self._scattered(x, index, source, dim, reduce, "scatter_reduce")

    def _scattered(
        self, x: CArray, index: CArray, source: CArray, dim: int, fold: str | None, label: str
    ) -> CArray:
        shape = x.shape
        x, index, d = self._aligned(x, index, dim)
        source = _at_least_1d(source)
        if source.dtype is not x.dtype or source.ndim != index.ndim:
            raise ValueError(label)
        if index.size and not (_within(index.shape, x.shape, d) and _within(index.shape, source.shape)):
            raise ValueError(label)
        if index.size:
            self.places.check([index], [x.shape[d]], [dim], error=OperatorError)
        # Sums and products round at each step, so half types hold them in float32; extremes round nothing.
        rounds = fold in ("add", "prod")
        out = self._wide(x) if rounds else self.kit.copy(x)
        self.places.scatter(
            out,
            index,
            source,
            (_rest(index.shape, d), _rest(index.strides, d), _rest(source.strides, d), _rest(out.strides, d)),
            (index.strides[d], source.strides[d], out.strides[d]),
            (x.shape[d], index.shape[d]),
            fold,
            label=label,
        )
        out = self._narrow(out, x)
        return out.like(shape, out.dtype, out.strides[: len(shape)], out.offset)

    def nonzero(self, x: CArray) -> CArray:
        kit, runtime = self.kit, x.runtime
        if not x.size:
            return kit.empty((0, x.ndim), dtypes.int64, runtime)
        true = x if x.dtype is dtypes.bool_ and x.contiguous else self._truth(x)
        chunk = max(16, -(-x.size // _CHUNKS))
        chunks = -(-x.size // chunk)
        counts = kit.empty((chunks + 1,), dtypes.int64, runtime)
        lengths = [*reversed(x.shape)] or [1]
        params = struct.pack(f"{4 + len(lengths)}q", x.size, chunk, chunks, true.offset, *lengths)
        defines = (("SHAPE", len(lengths)), ("GROUP", GROUP))
        groups = -(-chunks // GROUP)

        def run(step: Program, groups: int, *arrays: CArray) -> None:
            buffers = [a.buffer for a in arrays]
            kit.launch(step, defines, groups, GROUP, buffers, params, runtime, "nonzero")

        run(_COUNT, groups, true, counts)
        run(_START, 1, counts)
        total = bytearray(8)
        runtime.copy_out(counts.buffer, 8 * chunks, total)
        number = int.from_bytes(total, "little")
        out = kit.empty((number, x.ndim), dtypes.int64, runtime)
        if out.size:
            run(_WRITE, groups, true, counts, out)
        return out

    def _truth(self, x: CArray) -> CArray:
        out = self.kit.empty(x.shape, dtypes.bool_, x.runtime)
        self.kit.cast(x, out)
        return out


def _within(shape: Shape, bounds: Shape, besides: int | None = None) -> bool:
    return all(n <= m or d == besides for d, (n, m) in enumerate(zip(shape, bounds, strict=True)))


def _rest(values: Shape, d: int) -> Shape:
    return (*values[:d], *values[d + 1 :])


def _is_half(x: CArray) -> bool:
    return x.dtype.is_floating_point and x.dtype.bits == 16


def _place_of_found(dims: Sequence[int]) -> int:
    """Where the indices' shape goes among the dimensions taken whole: in front if the indexed ones lie apart."""
    return dims[0] if dims and dims[-1] - dims[0] == len(dims) - 1 else 0


def _at_least_1d(x: CArray) -> CArray:
    return x if x.ndim else x.like((1,), x.dtype, (1,), x.offset)


def _trailed(index: CArray, count: int) -> CArray:
    """The index with further dimensions of length 1 at its end."""
    return index.like(
        (*index.shape, *(1,) * count), index.dtype, (*index.strides, *(0,) * count), index.offset
    )


def _without(x: CArray, d: int) -> CArray:
    """x at the front of dimension d, kept with length 1."""
    shape = (*x.shape[:d], 1, *x.shape[d + 1 :])
    return x.like(shape, x.dtype, (*x.strides[:d], 0, *x.strides[d + 1 :]), x.offset)
