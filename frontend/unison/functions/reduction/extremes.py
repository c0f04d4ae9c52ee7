"""Largest and smallest elements, and where they stand."""

from __future__ import annotations

from typing import Any

from unison.functions import return_types
from unison.functions._common import dims, need_tensors, write_exact, write_out
from unison_core import ops
from unison_core.dtypes import bool_
from unison_core.errors import OperatorError, OperatorIndexError
from unison_core.handle import Handle
from unison_core.spec import wrap_dim

__all__ = ["amax", "amin", "aminmax", "argmax", "argmin", "max", "min"]


def amax(input: Any, dim: Any = (), keepdim: bool = False, *, out: Any = None) -> Any:
    """The largest element over dim."""
    result = ops.amax(input, dim=_nonempty("amax", input, dim), keepdim=keepdim)
    return result if out is None else write_exact(out, result)


def amin(input: Any, dim: Any = (), keepdim: bool = False, *, out: Any = None) -> Any:
    """The smallest element over dim."""
    result = ops.amin(input, dim=_nonempty("amin", input, dim), keepdim=keepdim)
    return result if out is None else write_exact(out, result)


def _nonempty(name: str, x: Any, dim: Any) -> tuple[int, ...] | None:
    over = dims(dim, x.array.ndim)
    shape = x.array.shape
    if 0 in (shape if over is None else [shape[d] for d in over]):
        kind = OperatorError if dim in (None, ()) else OperatorIndexError
        raise kind(
            f"{name}(): Expected reduction dims {over or 'all'} to have non-zero size, got {list(shape)}"
        )
    return over


def argmax(input: Any, dim: int | None = None, keepdim: bool = False, *, out: Any = None) -> Any:
    """The index of the largest element along dim, or in the flattened tensor."""
    if input.dtype is bool_:
        _refuse_bool("argmax")
    result = ops.argmax(input, dim=_one(dim, input), keepdim=keepdim)
    return result if out is None else write_exact(out, result)


def argmin(input: Any, dim: int | None = None, keepdim: bool = False, *, out: Any = None) -> Any:
    """The index of the smallest element along dim, or in the flattened tensor."""
    if input.dtype is bool_:
        _refuse_bool("argmin")
    result = ops.argmin(input, dim=_one(dim, input), keepdim=keepdim)
    return result if out is None else write_exact(out, result)


def _refuse_bool(name: str) -> None:
    raise OperatorError(f"{name}(): does not support bool input; convert it, as in x.to(unison.uint8)")


def _one(dim: int | None, input: Any) -> int | None:
    return None if dim is None else wrap_dim(dim, input.array.ndim)


def max(input: Any, *args: Any, out: Any = None, **named: Any) -> Any:
    """The largest element; `max(input, dim, keepdim)` gives (values, indices) along dim, `max(input, other)` the larger
    of each two. Without dim, equal largest elements share the gradient; along dim it goes to the one pointed at.
    """
    if not args and not named and out is None and isinstance(input, Handle) and input.array.size:
        return ops.amax(input, dim=None, keepdim=False)
    return _extreme(input, args, out, named, ops.amax, ops.argmax, ops.maximum, return_types.max)


def min(input: Any, *args: Any, out: Any = None, **named: Any) -> Any:
    """The smallest element; `min(input, dim, keepdim)` gives (values, indices) along dim, `min(input, other)` the
    smaller of each two. Without dim, equal smallest elements share the gradient; along dim it goes to the one
    pointed at.
    """
    if not args and not named and out is None and isinstance(input, Handle) and input.array.size:
        return ops.amin(input, dim=None, keepdim=False)
    return _extreme(input, args, out, named, ops.amin, ops.argmin, ops.minimum, return_types.min)


def _extreme(
    x: Any,
    args: tuple[Any, ...],
    out: Any,
    named: dict[str, Any],
    fold: Any,
    place: Any,
    pair: Any,
    result: Any,
) -> Any:
    if "other" in named or (args and isinstance(args[0], Handle)):
        other = named["other"] if "other" in named else args[0]
        need_tensors(pair.__name__, input=x, other=other)
        value = pair(x, other)
        return value if out is None else write_out(out, value)
    need_tensors(fold.__name__[1:], input=x)
    if not args and "dim" not in named:
        if 0 in x.array.shape:
            raise OperatorError(
                f"{fold.__name__[1:]}(): Expected reduction dim to be specified for input.numel() == 0. Specify the "
                "reduction dim with the 'dim' argument."
            )
        value = fold(x, dim=None, keepdim=False)
        return value if out is None else write_out(out, value)
    settings = dict(zip(("dim", "keepdim"), args, strict=False)) | named
    pair_of = result(*along(x, settings["dim"], settings.get("keepdim", False), place))
    return pair_of if out is None else write_exact(out, pair_of)


def along(x: Any, dim: int, keepdim: bool, place: Any) -> tuple[Any, Any]:
    """(values, indices) of what `place`, argmax or argmin, finds along dim.

    Raises:
        IndexError: dim is out of range, or has length 0.
    """
    if isinstance(dim, bool) or not isinstance(dim, int):
        raise TypeError(f"{place.__name__[3:]}(): argument 'dim' must be int, not {type(dim).__name__}")
    d = wrap_dim(dim, x.array.ndim)
    if not x.array.ndim:
        return ops.copy(x), place(x, dim=None, keepdim=False)
    if x.array.shape[d] == 0:
        raise OperatorIndexError(f"{place.__name__[3:]}(): Expected reduction dim {d} to have non-zero size.")
    indices = place(x, dim=d, keepdim=True)
    return pick(x, indices, d, keepdim)


def pick(x: Any, indices: Any, dim: int, keepdim: bool) -> tuple[Any, Any]:
    """The elements of x at one index along dim each, and the indices; the gradient goes back to the elements."""
    values = ops.gather(x, indices, dim=dim)
    if keepdim:
        return values, indices
    shape = x.array.shape[:dim] + x.array.shape[dim + 1 :]
    return ops.view(values, shape=shape), ops.view(indices, shape=shape)


def aminmax(input: Any, *, dim: int | None = None, keepdim: bool = False, out: Any = None) -> Any:
    """(min, max) over dim, or over all elements; equal elements share the gradient."""
    over = _nonempty("aminmax", input, dim)
    low = ops.amin(input, dim=over, keepdim=keepdim)
    result = return_types.aminmax(low, ops.amax(input, dim=over, keepdim=keepdim))
    for place in out or ():
        if place.dtype is not input.dtype:
            raise OperatorError(
                f"aminmax(): expected out tensor to have dtype {input.dtype.name}, but got {place.dtype.name} instead"
            )
    return result if out is None else write_exact(out, result)
