"""Layouts: the same elements on other strides, with poison where no kernel may read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["LAYOUTS", "applies", "place"]

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


LAYOUTS: dict[str, tuple[int, Callable[..., Any]]] = {
    "contiguous": (0, _contiguous),
    "transposed": (2, _transposed),
    "stepped": (1, _stepped),
    "offset": (1, _offset),
    "column": (1, _column),
    "channels_last": (4, _channels_last),
}
"""Name -> the least number of dimensions, and how it is made."""


def applies(layout: str, shape: tuple[int, ...]) -> bool:
    """Whether the layout is another one than contiguous for that shape."""
    return layout == "contiguous" or (len(shape) >= LAYOUTS[layout][0] and 0 not in shape)


def place(x: Array, layout: str, send: Callable[[Array], Any]) -> Any:
    """A tensor with the elements of x in that layout; `send` copies a host array to the device."""
    return (LAYOUTS[layout][1] if applies(layout, x.shape) else _contiguous)(x, send)
