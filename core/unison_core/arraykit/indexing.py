"""Kernels that pick and place by index arrays, checking every index."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from unison_core.errors import OperatorError, OperatorIndexError

if TYPE_CHECKING:
    from unison_core.arraykit.kit import ArrayKit

__all__ = ["Indexing"]


class Indexing:
    """Kernels on `xp`."""

    def __init__(self, kit: ArrayKit) -> None:
        self.kit = kit
        self.xp = kit.xp

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

    def _key(self, x: Any, indices: tuple[Any, ...]) -> tuple[Any, ...]:
        for d, i in enumerate(indices):
            if i is not None:
                check_range(i, x.shape[d], d, wraps=True)
        return tuple(slice(None) if i is None else i for i in indices)

    def index(self, x: Any, *indices: Any) -> Any:
        out = x[self._key(x, indices)]
        return out.copy() if all(i is None for i in indices) else out

    def index_put(self, x: Any, value: Any, *indices: Any, accumulate: bool) -> Any:
        out = x.copy()
        key = self._key(x, indices)
        if accumulate:
            self._add_at(out, key, value)
        else:
            out[key] = value
        return out

    def _add_at(self, out: Any, key: Any, value: Any) -> None:
        """out[key] += value for each element; half types add in float32."""
        if out.dtype in self.kit.half:
            wide = self.kit.wide(out)
            self.xp.add.at(wide, key, self.kit.wide(value))
            out[...] = wide
        else:
            self.xp.add.at(out, key, value)

    def index_select(self, x: Any, index: Any, *, dim: int) -> Any:
        if not x.ndim:
            return x.copy()
        index = index.reshape(-1)
        check_range(index, x.shape[dim], dim)
        return self.xp.take(x, index, axis=dim)

    def index_add(self, x: Any, index: Any, source: Any, *, dim: int, alpha: float) -> Any:
        wide = self.kit.wide(source)
        scaled = wide if alpha == 1 else wide * wide.dtype.type(alpha)
        if not x.ndim:
            return (x + scaled.reshape(())).astype(x.dtype)
        out, d = x.copy(), dim % x.ndim
        index = index.reshape(-1)
        check_range(index, x.shape[d], dim)
        self._add_at(out, (slice(None),) * d + (index,), scaled)
        return out

    def _places(self, x: Any, index: Any, dim: int) -> tuple[Any, ...]:
        """The open mesh of index's positions with `index` itself in place of dim."""
        d = dim % x.ndim
        if index.ndim != x.ndim:
            raise ValueError("index and x differ in their numbers of dimensions")
        check_range(index, x.shape[d], dim, error=OperatorError)
        mesh = list(self.xp.ogrid[tuple(slice(n) for n in index.shape)])
        mesh[d] = index
        return tuple(mesh)

    def gather(self, x: Any, index: Any, *, dim: int) -> Any:
        if not x.ndim:
            check_range(index, 1, 0, error=OperatorError)
            return self.xp.broadcast_to(x, index.shape).copy()
        if not index.size:
            return self.xp.empty(index.shape, dtype=x.dtype)
        return x[self._places(x, index, dim)]

    def _source(self, source: Any, index: Any) -> Any:
        return source[tuple(slice(n) for n in index.shape)] if source.shape != index.shape else source

    def scatter(self, x: Any, index: Any, source: Any, *, dim: int) -> Any:
        out = x.copy()
        if index.size:
            if not x.ndim:
                check_range(index, 1, 0, error=OperatorError)
                return source.reshape(()).copy()
            out[self._places(x, index, dim)] = self._source(source, index)
        return out

    def scatter_add(self, x: Any, index: Any, source: Any, *, dim: int) -> Any:
        out = x.copy()
        if index.size:
            if not x.ndim:
                check_range(index, 1, 0, error=OperatorError)
                return out + source.reshape(())
            self._add_at(out, self._places(x, index, dim), self._source(source, index))
        return out

    def scatter_reduce(self, x: Any, index: Any, source: Any, *, dim: int, reduce: str) -> Any:
        xp = self.xp
        fold = {"prod": xp.multiply, "amax": xp.maximum, "amin": xp.minimum}[reduce]
        out = x.copy()
        if not index.size:
            return out
        if not x.ndim:
            check_range(index, 1, 0, error=OperatorError)
            return fold(out, source.reshape(()))
        # Products grow by a rounding a factor, so half types multiply in float32; extremes round nothing.
        wide = self.kit.wide(out) if reduce == "prod" else out
        fold.at(wide, self._places(x, index, dim), self._source(source, index))
        return wide.astype(x.dtype, copy=False)

    def nonzero(self, x: Any) -> Any:
        if not x.ndim:
            return self.xp.zeros((int(bool(x)), 0), dtype=self.xp.int64)
        return self.xp.stack(self.xp.nonzero(x), axis=1).astype(self.xp.int64, copy=False)


def check_range(
    index: Any, length: int, dim: int, *, wraps: bool = False, error: type[Exception] = OperatorIndexError
) -> None:
    """Refuse indices outside [0, length), or [-length, length) where negative ones count from the end.

    Raises:
        IndexError, or `error`: names the first such index. PyTorch's gather and scatter raise RuntimeError.
    """
    if not index.size:
        return
    low, high = int(index.min()), int(index.max())
    if high >= length or low < (-length if wraps else 0):
        worst = high if high >= length else low
        raise error(f"index {worst} is out of bounds for dimension {dim} with size {length}")
