"""Bugs of gather and scatter: duplicates, negative and wild indices."""

from __future__ import annotations

from typing import Any

import numpy as np

from unison_conformance.mutants.mutant import PYTORCH, Kernel, changed, mutant

__all__: list[str] = []


@mutant("scatter_add", "index_add", "embedding_backward")
def duplicates_overwrite(right: Kernel) -> Kernel:
    """Of several additions to one place, one is kept: a race without atomics."""

    def wrong(x: Any, index: Any, *source: Any, **attrs: Any) -> Any:
        out = np.array(right(x, index, *source, **attrs))
        flat = index.reshape(-1)
        seen, counts = np.unique(flat, return_counts=True)
        if (counts > 1).any() and out.size:
            dim = attrs.get("dim", 0)
            place = int(seen[np.argmax(counts)])
            key = (slice(None),) * (dim % max(out.ndim, 1)) + (place,)
            out[key] = out[key] / 2 if out.dtype.kind == "f" else out[key] + 1
        return out

    return wrong


@mutant("index_put", like=PYTORCH + "39227")
def accumulate_ignored(right: Kernel) -> Kernel:
    """index_put with accumulate overwrites."""
    return lambda x, value, *indices, accumulate: right(x, value, *indices, accumulate=False)


@mutant("gather", "index_select", "embedding", like="https://github.com/tensorflow/tensorflow/issues/3638")
def wild_indices_clamped(right: Kernel) -> Kernel:
    """An index out of range is clamped, not refused."""

    def wrong(x: Any, index: Any, **attrs: Any) -> Any:
        dim = attrs.get("dim", 0)
        n = x.shape[dim] if x.ndim else 1
        return right(x, np.clip(index, 0, max(n - 1, 0)), **attrs)

    return wrong


@mutant("index")
def negative_indices_from_the_front(right: Kernel) -> Kernel:
    """Index -1 means the first element."""
    return changed(
        lambda i: np.where(i < 0, 0, i) if np.asarray(i).dtype.kind == "i" else i, right, (1, 2, 3)
    )


@mutant("nonzero")
def places_in_column_order(right: Kernel) -> Kernel:
    """Nonzero elements are listed column by column."""

    def wrong(x: Any) -> Any:
        out = np.asarray(right(x))
        return out[np.lexsort(out.T)] if x.ndim > 1 else out

    return wrong


@mutant("scatter", "scatter_reduce")
def scatter_from_the_wrong_row(right: Kernel) -> Kernel:
    """The source is read in reverse."""
    return changed(lambda s: s[..., ::-1] if s.ndim else s, right, (2,))


@mutant("searchsorted")
def searchsorted_other_side(right: Kernel) -> Kernel:
    """Left and right are exchanged: equal values tell."""
    return lambda ordered, values, **attrs: right(ordered, values, right=not attrs["right"])


@mutant("unslice")
def unslice_leaves_rubbish(right: Kernel) -> Kernel:
    """Places that the slice did not touch are not set to zero."""

    def wrong(g: Any, **attrs: Any) -> Any:
        out = np.array(right(g, **attrs))
        return np.where(out == 0, out.dtype.type(1), out) if out.size > g.size else out

    return wrong


@mutant("index_select")
def index_select_off_by_one(right: Kernel) -> Kernel:
    """Indices counted from one."""

    def wrong(x: Any, index: Any, *, dim: int) -> Any:
        n = x.shape[dim] if x.ndim else 1
        return right(x, np.where(index + 1 < n, index + 1, index), dim=dim)

    return wrong
