"""Views by NumPy's shortest way."""

from __future__ import annotations

from typing import Any

import numpy as np

from unison_core import arraykit
from unison_core.dtypes import DType

__all__ = ["table"]


def slice(x: Any, *, key: tuple[Any, ...]) -> Any:
    """NumPy gives a scalar where every dimension is indexed by an integer: an Ellipsis makes it a view."""
    out = x[key]
    return out if out.__class__ is np.ndarray else x[(*key, ...)]


def permute(x: Any, *, dims: tuple[int, ...]) -> Any:
    """Transposition by position."""
    return x.transpose(dims)


# The function without NumPy's search for arrays of other libraries, which takes as long as a small concatenation.
_concatenate = getattr(np.concatenate, "_implementation", np.concatenate)


def cat(*xs: Any, dim: int) -> Any:
    """By position, since NumPy parses keywords slowly."""
    return _concatenate(xs, dim)


def table(native: dict[DType, Any]) -> dict[str, Any]:
    """Operator name -> kernel."""
    kit = arraykit.Movement(arraykit.ArrayKit(np, native))
    general = kit.view

    def view(x: Any, *, shape: tuple[int, ...]) -> Any:
        """Contiguous memory takes any shape; the kit finds out about the rest."""
        return x.reshape(shape) if x.flags.c_contiguous else general(x, shape=shape)

    def expand(x: Any, *, shape: tuple[int, ...]) -> Any:
        """Of one element, what gradients of sums are made of: an array constructed on its buffer, all strides 0."""
        if x.size == 1 and x.ndim <= len(shape) and x.dtype.kind != "V":
            return np.ndarray(shape, x.dtype, x, 0, (0,) * len(shape))
        return kit.expand(x, shape=shape)

    return {"cat": cat, "expand": expand, "permute": permute, "slice": slice, "view": view}
