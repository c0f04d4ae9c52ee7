"""Kernels for tables of vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from unison_core.errors import OperatorIndexError
from unison_core.spec import numel

if TYPE_CHECKING:
    from unison_core.arraykit.kit import ArrayKit

__all__ = ["Embedding"]

FEW_ROWS = 256


class Embedding:
    """Kernels on `xp`."""

    def __init__(self, kit: ArrayKit) -> None:
        self.kit = kit
        self.xp = kit.xp

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {"embedding": self.embedding, "embedding_backward": self.embedding_backward}

    def embedding(self, weight: Any, index: Any, *, padding_idx: int | None, scale_grad_by_freq: bool) -> Any:
        if index.dtype != self.xp.int64 or not weight.ndim:
            raise TypeError("index is not int64, or weight is 0-d")
        self._check(index, weight.shape[0])
        return self.xp.take(weight, index, axis=0)

    def _check(self, index: Any, rows: int) -> None:
        if index.size and (int(index.min()) < 0 or int(index.max()) >= rows):
            wrong = int(index[(index < 0) | (index >= rows)][0])
            raise OperatorIndexError(f"index out of range in self: {wrong} is not one of the {rows} rows")

    def embedding_backward(
        self, g: Any, index: Any, *, rows: int, padding_idx: int | None, scale_grad_by_freq: bool
    ) -> Any:
        xp = self.xp
        self._check(index, rows)
        shape = (rows, *g.shape[index.ndim :])
        flat, vectors = index.reshape(-1), self.kit.wide(g).reshape(index.size, numel(shape[1:]))
        if not vectors.size:
            return xp.zeros(shape, dtype=g.dtype)
        add = self._by_product if rows <= FEW_ROWS and vectors.dtype.kind == "f" else self._by_sorting
        out = add(vectors, flat, rows)
        if scale_grad_by_freq:
            out /= xp.maximum(xp.bincount(flat, minlength=rows), 1).astype(out.dtype)[:, None]
        if padding_idx is not None:
            out[padding_idx] = 0
        return out.reshape(shape).astype(g.dtype, copy=False)

    def _by_product(self, vectors: Any, flat: Any, rows: int) -> Any:
        """One matrix product with the indicator of each row."""
        xp = self.xp
        hits = xp.zeros((rows, flat.size), dtype=vectors.dtype)
        hits[flat, xp.arange(flat.size)] = 1
        return hits @ vectors

    def _by_sorting(self, vectors: Any, flat: Any, rows: int) -> Any:
        """Equal indices are brought together; what occurs once is copied, the rest is summed in one pass."""
        xp = self.xp
        order = xp.argsort(flat, kind="stable")
        ordered = flat[order]
        first = xp.ones(flat.size + 1, dtype=bool)
        first[1:-1] = ordered[1:] != ordered[:-1]
        alone = first[:-1] & first[1:]
        out = xp.zeros((rows, vectors.shape[1]), dtype=vectors.dtype)
        out[ordered[alone]] = vectors[order[alone]]
        shared = ~alone
        if shared.any():
            starts = xp.flatnonzero(first[:-1][shared])
            out[ordered[shared][starts]] = xp.add.reduceat(vectors[order[shared]], starts, axis=0)
        return out
