"""Layouts: the same elements on other strides, with poison where no kernel may read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["LAYOUTS", "applies", "place", "repeated"]

Array = np.ndarray[Any, Any]


def _poison(shape: tuple[int, ...], like: Array) -> Array:
    """Memory that shows in a result: NaN, or a large odd integer."""
    out = np.empty(shape, like.dtype)
    out.view(np.uint8)[...] = 0xA5 if like.dtype.kind in "biu" else 0xFF
    if like.dtype.kind == "b":
        out[...] = True
    return out


def _contiguous(x: Array, send: Callable[[Array], Any]) -> Any:
    return send(x)


def _transposed(x: Array, send: Callable[[Array], Any]) -> Any:
    return send(np.ascontiguousarray(np.swapaxes(x, 0, -1))).transpose(0, -1)


def _stepped(x: Array, send: Callable[[Array], Any]) -> Any:
    wide = _poison((*x.shape[:-1], 2 * x.shape[-1] + 1), x)
    wide[..., 1 : 1 + 2 * x.shape[-1] : 2] = x
    return send(wide)[..., 1 : 1 + 2 * x.shape[-1] : 2]


def _offset(x: Array, send: Callable[[Array], Any]) -> Any:
    longer = _poison((x.shape[0] + 3, *x.shape[1:]), x)
    longer[2 : 2 + x.shape[0]] = x
    return send(longer)[2 : 2 + x.shape[0]]


def _column(x: Array, send: Callable[[Array], Any]) -> Any:
    """A column of a matrix that is one wider on each side."""
    wide = _poison((*x.shape, 3), x)
    wide[..., 1] = x
    return send(wide)[..., 1]


def _channels_last(x: Array, send: Callable[[Array], Any]) -> Any:
    return send(np.ascontiguousarray(np.moveaxis(x, 1, -1))).movedim(-1, 1)


def _channels_last_sliced(x: Array, send: Callable[[Array], Any]) -> Any:
    """The middle channels of an image that has one more on each side, its channels last."""
    moved = np.moveaxis(x, 1, -1)
    wide = _poison((*moved.shape[:-1], x.shape[1] + 2), x)
    wide[..., 1:-1] = moved
    return send(wide)[..., 1:-1].movedim(-1, 1)


def _repeated_axis(shape: tuple[int, ...]) -> int:
    """The dimension whose elements are one element in memory: the first of 2 to 64, or -1.

    Longer ones would add up equal terms, whose roundings all go the same way: k(n) of rule 5 is for others.
    """
    return next((d for d, n in enumerate(shape) if 1 < n <= 64), -1)


def repeated(x: Array) -> Array:
    """x with its first elements along one dimension everywhere along it: what the layout `expanded` can hold."""
    if not applies("expanded", x.shape):
        return x
    axis = _repeated_axis(x.shape)
    return np.ascontiguousarray(np.broadcast_to(np.take(x, [0], axis), x.shape))


def _expanded(x: Array, send: Callable[[Array], Any]) -> Any:
    """A dimension of stride 0; elements that differ along it are left as they are."""
    axis = _repeated_axis(x.shape)
    one = np.ascontiguousarray(np.take(x, [0], axis))
    if np.broadcast_to(one, x.shape).tobytes() != x.tobytes():
        return send(x)
    return send(one).expand(*x.shape)


def _mixed(x: Array, send: Callable[[Array], Any], number: int = 0) -> Any:
    """Another layout for each input: the first transposed, the next with a step, an offset, as a column, plain."""
    order = ("transposed", "stepped", "offset", "column", "contiguous")
    return place(x, order[number % len(order)], send)


LAYOUTS: dict[str, tuple[int, Callable[..., Any]]] = {
    "contiguous": (0, _contiguous),
    "transposed": (2, _transposed),
    "stepped": (1, _stepped),
    "offset": (1, _offset),
    "column": (1, _column),
    "expanded": (1, _expanded),
    "mixed": (1, _mixed),
    "channels_last": (4, _channels_last),
    "channels_last_sliced": (4, _channels_last_sliced),
}
"""Name -> the least number of dimensions, and how it is made."""


def applies(layout: str, shape: tuple[int, ...]) -> bool:
    """Whether the layout is another one than contiguous for that shape."""
    if layout == "contiguous":
        return True
    return (
        len(shape) >= LAYOUTS[layout][0]
        and 0 not in shape
        and (layout != "expanded" or _repeated_axis(shape) >= 0)
    )


def place(x: Array, layout: str, send: Callable[[Array], Any], number: int = 0) -> Any:
    """A tensor with the elements of x in that layout; `send` copies a host array to the device.

    `number` is the input's place in the call, which `mixed` goes by.
    """
    if not applies(layout, x.shape):
        return send(x)
    if layout == "mixed":
        return _mixed(x, send, number)
    return LAYOUTS[layout][1](x, send)
