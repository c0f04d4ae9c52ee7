"""`x[key]` and `x[key] = value`, and the functions that pick and place by index."""

from __future__ import annotations

from typing import Any

from unison.functions._common import write_exact
from unison_core import dtypes, ops
from unison_core.dispatch import inplace
from unison_core.errors import OperatorError, OperatorIndexError, OperatorTypeError
from unison_core.handle import Handle

__all__ = ["getitem", "mask_indices", "nonzero", "setitem"]

_BOUND = (int, type(None))
_BASIC = (int, slice, type(None), type(Ellipsis))


def getitem(x: Any, key: Any) -> Any:
    """x[key]: a view for integers, slices, None and Ellipsis; a copy when tensors or lists take part."""
    cls = key.__class__
    if cls is int:
        # The Ellipsis makes it a view also where all dimensions are indexed.
        return ops.slice(x, key=(key, ...))
    if cls is not tuple:
        key = (key,)
    for k in key:
        cls = k.__class__
        if not (
            cls is int
            or (
                cls is slice and k.step is None and k.start.__class__ in _BOUND and k.stop.__class__ in _BOUND
            )
        ):
            break
    else:
        if key:
            return ops.slice(x, key=key)
    basic, advanced = _split(x, key)
    out = ops.slice(x, key=basic) if basic else x
    if advanced is None:
        return out if basic else ops.slice(x, key=(...,))
    return ops.index(out, *advanced)


def setitem(x: Any, key: Any, value: Any) -> None:
    """x[key] = value, broadcast and cast; repeated indices keep the last value.

    Raises:
        RuntimeError: value does not broadcast, or is a tensor of another dtype than x at index tensors.
    """
    if key.__class__ is not tuple:
        key = (key,)
    number = not isinstance(value, Handle)
    if number:
        value = _as_value(x, value)
    basic, advanced = _split(x, key)
    target = ops.slice(x, key=basic or (...,))
    if advanced is None:
        while value.array.ndim > target.array.ndim and value.array.shape[0] == 1:
            value = ops.slice(value, key=(0,))
        inplace.assign(target, value)
        return
    if value.device is not x.device:
        value = ops.to_device(value, device=x.device)
    if value.dtype is not x.dtype:
        if not (number or (value.array.size == 1 and _is_mask(key))):
            raise OperatorError(
                f"Index put requires the source and destination dtypes match, got {x.dtype.name} for the destination "
                f"and {value.dtype.name} for the source; convert the source with .to(dtype)"
            )
        value = ops.cast(value, dtype=x.dtype)
    _put(target, value, *advanced, accumulate=False)


_put = inplace.inplace(ops.index_put)


def _is_mask(key: tuple[Any, ...]) -> bool:
    """Whether the key is one bool mask: of a single value the dtype is then free, as for masked_fill."""
    return len(key) == 1 and getattr(key[0], "dtype", None) is dtypes.bool_


def _as_value(x: Any, value: Any) -> Any:
    from unison.functions.conversion import tensor

    return (
        tensor(value, dtype=x.dtype, device=x.device)
        if not isinstance(value, (list, tuple))
        else tensor(value, device=x.device)
    )


def _plain(key: slice) -> bool:
    start, stop, step = key.start, key.stop, key.step
    return (
        (start is None or start.__class__ is int)
        and (stop is None or stop.__class__ is int)
        and (step is None or (step.__class__ is int and step > 0))
    )


def _split(x: Any, key: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...] | None]:
    """The key as a basic key and the index tensors that come after it, one per leading dimension of its result."""
    if all(k.__class__ in _BASIC and (k.__class__ is not slice or _plain(k)) for k in key):
        return key, None
    items = _expanded(x, [_item(x, k) for k in key])
    if not any(isinstance(k, Handle) for k in items):
        return tuple(items), None
    basic: list[Any] = []
    advanced: list[Any] = []
    for k in items:
        if isinstance(k, Handle) and not k.ndim and k.dtype is dtypes.bool_:
            # A single truth value picks all or nothing along a new dimension.
            basic.append(None)
            advanced.extend(mask_indices(x, ops.slice(k, key=(None,))))
        elif isinstance(k, Handle):
            basic.extend([slice(None)] * (k.ndim if k.dtype is dtypes.bool_ else 1))
            advanced.extend(_indices(x, k))
        else:
            basic.append(k)
            if not isinstance(k, int):
                advanced.append(None)
    while advanced and advanced[-1] is None:
        advanced.pop()
    _check_masks(x, items)
    return tuple(basic), tuple(advanced)


def _item(x: Any, k: Any) -> Any:
    """One item of the key in a form that is settled: int, slice of ints, None, Ellipsis or an index tensor."""
    if k is None or k is Ellipsis:
        return k
    if isinstance(k, slice):
        return _settled_slice(k)
    if isinstance(k, Handle):
        if k.dtype is dtypes.uint8:
            return ops.cast(k, dtype=dtypes.bool_)
        if k.dtype is dtypes.bool_ or k.dtype is dtypes.int64:
            return k
        if k.dtype in dtypes.INTEGER:
            return ops.cast(k, dtype=dtypes.int64)
        raise OperatorIndexError(
            f"tensors used as indices must be long, int, byte or bool tensors, but got {k.dtype.name}"
        )
    if isinstance(k, bool):
        return _from_list(x, k)
    if hasattr(k, "__index__") and not hasattr(k, "shape"):
        return int(k)
    if hasattr(k, "__index__") and getattr(k, "shape", None) == ():
        return int(k)
    if isinstance(k, (list, tuple, range)) or hasattr(k, "__array__"):
        return _from_list(x, list(k) if isinstance(k, range) else k)
    raise OperatorTypeError(
        "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices "
        f"(got {type(k).__name__})"
    )


def _from_list(x: Any, k: Any) -> Any:
    from unison.functions.conversion import tensor

    index = tensor(k, device=x.device)
    if not index.array.size:
        index = ops.cast(index, dtype=dtypes.int64)
    return _item(x, index)


def _settled_slice(k: slice) -> slice:
    start, stop, step = (None if v is None else _slice_bound(v) for v in (k.start, k.stop, k.step))
    if step is not None and step <= 0:
        raise ValueError("step must be greater than zero")
    return slice(start, stop, step)


def _slice_bound(v: Any) -> int:
    if not hasattr(v, "__index__"):
        raise TypeError(
            f"slice indices must be integers or None or have an __index__ method, got {type(v).__name__}"
        )
    return int(v.__index__())


def _expanded(x: Any, items: list[Any]) -> list[Any]:
    """Ellipsis written out as full slices.

    Raises:
        IndexError: more items than dimensions, or two ellipses.
    """
    used = sum(
        (k.ndim if k.dtype is dtypes.bool_ else 1)
        if isinstance(k, Handle)
        else k is not None and k is not Ellipsis
        for k in items
    )
    ndim = x.array.ndim
    if used > ndim:
        raise OperatorIndexError(f"too many indices for tensor of dimension {ndim}")
    dots = [i for i, k in enumerate(items) if k is Ellipsis]
    if len(dots) > 1:
        raise OperatorIndexError("an index can only have a single ellipsis ('...')")
    if not dots:
        return items
    return items[: dots[0]] + [slice(None)] * (ndim - used) + items[dots[0] + 1 :]


def _indices(x: Any, k: Any) -> list[Any]:
    """Index tensors of one item: a bool mask is the indices where it holds."""
    k = k if k.device is x.device else ops.to_device(k, device=x.device)
    if k.dtype is not dtypes.bool_:
        return [k]
    return mask_indices(x, k)


def mask_indices(x: Any, mask: Any) -> list[Any]:
    """The index tensors, one per dimension of the bool mask, of the elements where it holds."""
    where = ops.nonzero(mask)
    return [ops.slice(where, key=(slice(None), d)) for d in range(mask.ndim)]


def _check_masks(x: Any, items: list[Any]) -> None:
    """Masks have the shape of the dimensions they stand for.

    Raises:
        IndexError: they do not.
    """
    d = 0
    for k in items:
        if isinstance(k, Handle) and k.dtype is dtypes.bool_:
            have = x.array.shape[d : d + k.ndim]
            if tuple(k.shape) != tuple(have):
                raise OperatorIndexError(
                    f"The shape of the mask {list(k.shape)} at index {d} does not match the shape of the "
                    "indexed tensor "
                    f"{list(x.shape)} at index {d}"
                )
            d += k.ndim
        elif k is not None:
            d += 1


def nonzero(input: Any, *, out: Any = None, as_tuple: bool = False) -> Any:
    """int64 indices of the non-zero elements: (n, ndim), or with as_tuple one 1-d tensor per dimension."""
    if not as_tuple:
        found = ops.nonzero(input)
        return found if out is None else write_exact(out, found)
    if not input.array.ndim:
        input = ops.slice(input, key=(None,))
    where = ops.nonzero(input)
    return tuple(ops.slice(where, key=(slice(None), d)) for d in range(where.shape[1]))
