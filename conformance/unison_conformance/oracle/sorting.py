"""Sorting: Python's stable sort of keys in which NaN is the largest number."""

from __future__ import annotations

from typing import Any

import numpy as np

from unison_conformance.oracle.reference import oracle

__all__: list[str] = []


def _rows(x: Any, axis: int) -> Any:
    """x as rows along an axis."""
    return np.moveaxis(x, axis, -1).reshape(-1, x.shape[axis])


@oracle("sort")
def _sort(x: Any, *, dim: int, descending: bool) -> Any:
    if not x.ndim or not x.size:
        return x.copy(), np.zeros(x.shape, np.int64)
    d = dim % x.ndim
    order = np.zeros(np.moveaxis(x, d, -1).shape, np.int64)
    values = np.moveaxis(x, d, -1).copy()
    for row, places, out in zip(
        _rows(x, d), order.reshape(-1, x.shape[d]), values.reshape(-1, x.shape[d]), strict=True
    ):
        keys = [(v != v, 0 if v != v else v) for v in row.tolist()]  # noqa: PLR0124 - what NaN is
        places[:] = sorted(range(len(keys)), key=keys.__getitem__, reverse=descending)
        out[:] = row[places]
    return np.moveaxis(values, -1, d), np.moveaxis(order, -1, d)


@oracle("searchsorted")
def _searchsorted(ordered: Any, values: Any, *, right: bool) -> Any:
    """How many elements stand before: the smaller ones, and with `right` the equal ones."""
    kept, sought = ordered[..., None, :], values[..., :, None] if values.ndim else values[None, None]
    kept_nan, sought_nan = kept != kept, sought != sought  # noqa: PLR0124 - what NaN is
    before = (kept < sought) | (sought_nan & ~kept_nan)
    if right:
        before = before | (kept == sought) | (sought_nan & kept_nan)
    count = np.asarray(before.astype(np.int64).sum(-1), np.int64)
    return count.reshape(values.shape)
