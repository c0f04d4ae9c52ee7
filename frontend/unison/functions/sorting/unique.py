"""Distinct elements and slices."""

from __future__ import annotations

from typing import Any

from unison.functions._common import need_dtype
from unison_core import dtypes, ops
from unison_core.errors import OperatorError
from unison_core.handle import alias
from unison_core.spec import wrap_dim

__all__ = ["unique", "unique_consecutive"]


def unique(
    input: Any,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The distinct elements, or slices along dim, in order; then, if asked for, where each element of input
    went, and how often each occurs.
    """
    x = alias(input)
    if dim is None:
        flat = ops.reshape(x, shape=(x.array.size,))
        ordered, order = ops.sort(flat, dim=0, descending=False)
        return _answer(ordered, order, 0, return_inverse, return_counts, tuple(x.array.shape))
    d = _checked(x, dim)
    order = _lexicographic(x, d)
    return _answer(ops.index_select(x, order, dim=d), order, d, return_inverse, return_counts, None)


def unique_consecutive(
    input: Any, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """input without elements, or slices along dim, that equal the one before; then, if asked for, where each element
    went, and how long each run is.
    """
    need_dtype("unique_consecutive", dtypes.REAL, input)
    x = alias(input)
    if dim is None:
        flat = ops.reshape(x, shape=(x.array.size,))
        return _answer(flat, None, 0, return_inverse, return_counts, tuple(x.array.shape))
    return _answer(x, None, _checked(x, dim), return_inverse, return_counts, None)


def _checked(x: Any, dim: int) -> int:
    d = wrap_dim(dim, x.array.ndim)
    shape = x.array.shape
    if 0 in shape and (shape[d] or list(shape).count(0) > 1):
        raise OperatorError(
            "unique_dim: There are 0 sized dimensions, and they aren't selected, so unique cannot be applied"
        )
    return d


def _rows(x: Any, d: int) -> Any:
    """x as a matrix with one row per slice along d."""
    if not x.array.ndim:
        return ops.view(x, shape=(1, 1))
    order = (d, *(i for i in range(x.array.ndim) if i != d))
    n = x.array.shape[d]
    return ops.reshape(ops.permute(x, dims=order), shape=(n, x.array.size // n if n else 0))


def _lexicographic(x: Any, d: int) -> Any:
    """The order of the slices along d, compared element by element: stable sorts, the last element first."""
    rows = _rows(x, d)
    n, width = rows.array.shape
    order = ops.arange(start=0, end=n, dtype=dtypes.int64, device=x.device)
    for column in range(width - 1, -1, -1):
        keys = ops.gather(ops.slice(rows, key=(slice(None), column)), order, dim=0)
        order = ops.gather(order, ops.sort(keys, dim=0, descending=False)[1], dim=0)
    return order


def _answer(
    ordered: Any, order: Any, d: int, inverse: bool, counts: bool, shape: tuple[int, ...] | None
) -> Any:
    """What the unique functions return, from slices among which equals are neighbours; order says where they were."""
    fresh = _differs_from_previous(ordered, d)
    starts = _where(fresh)
    if not ordered.array.ndim:
        found = ops.copy(ordered)
    else:
        found = ops.index_select(ordered, starts, dim=d)
    results = [found]
    if inverse:
        group = ops.sub(ops.cumsum(ops.cast(fresh, dtype=dtypes.int64), dim=0), 1)
        if order is not None:
            empty = ops.mul(group, 0)
            group = ops.scatter(empty, order, group, dim=0)
        results.append(ops.reshape(group, shape=shape) if shape is not None else group)
    if counts:
        end = ops.full(shape=(1,), value=fresh.array.shape[0], dtype=dtypes.int64, device=ordered.device)
        bounds = ops.cat(starts, end, dim=0)
        late, early = (ops.slice(bounds, key=(part,)) for part in (slice(1, None), slice(None, -1)))
        results.append(ops.sub(late, early))
    return results[0] if len(results) == 1 else tuple(results)


def _where(flags: Any) -> Any:
    found = ops.nonzero(flags)
    return ops.view(found, shape=(found.array.shape[0],))


def _differs_from_previous(ordered: Any, d: int) -> Any:
    rows = _rows(ordered, d)
    n = rows.array.shape[0]
    one = ops.full(shape=(min(n, 1),), value=True, dtype=dtypes.bool_, device=ordered.device)
    if n < 2:
        return one
    late, early = (ops.slice(rows, key=(part,)) for part in (slice(1, None), slice(None, -1)))
    return ops.cat(one, ops.any(ops.ne(late, early), dim=(1,), keepdim=False), dim=0)
