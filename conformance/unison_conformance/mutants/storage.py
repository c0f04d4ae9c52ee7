"""Bugs below the operators: copies, views, writes."""

from __future__ import annotations

from typing import Any

import numpy as np

from unison_conformance.mutants.mutant import Kernel, mutant

__all__: list[str] = []


@mutant("permute", "slice", "expand", "view", "diagonal")
def views_are_copies(right: Kernel) -> Kernel:
    """A view has memory of its own: writes through it are lost."""
    return lambda x, **attrs: np.array(right(x, **attrs))


@mutant("slice", part="assign")
def assign_in_the_order_of_memory(right: Kernel) -> Kernel:
    """Writing into a transposed view fills its memory in order."""

    def wrong(target: Any, source: Any) -> None:
        if target.ndim > 1 and not target.flags.c_contiguous and target.shape == source.shape:
            source = np.swapaxes(source, 0, -1).reshape(target.shape)
        right(target, source)

    return wrong


@mutant("slice", part="assign")
def assign_with_overlap(right: Kernel) -> Kernel:
    """Overlapping memory is copied element by element, reading what was just written."""

    def wrong(target: Any, source: Any) -> None:
        if np.may_share_memory(target, source) and target.ndim and target.shape == source.shape:
            for i in range(len(target)):
                right(target[i : i + 1], source[i : i + 1])
        else:
            right(target, source)

    return wrong


@mutant("copy", part="from_host")
def nan_payloads_lost(right: Kernel) -> Kernel:
    """Every NaN becomes the same on the way to the device."""

    def wrong(array: Any, device: Any) -> Any:
        out = right(array, device)
        if out.dtype.kind == "f" and out.size:
            out = np.where(np.isnan(out), out.dtype.type(np.nan), out)
        return np.asarray(out)

    return wrong


@mutant("copy", part="from_host")
def subnormals_lost(right: Kernel) -> Kernel:
    """Subnormal numbers become zero on the way to the device."""

    def wrong(array: Any, device: Any) -> Any:
        out = right(array, device)
        if out.dtype.kind == "f" and out.size:
            out = np.where(np.abs(out) < np.finfo(out.dtype).tiny, out.dtype.type(0), out)
        return np.asarray(out)

    return wrong


@mutant("copy", part="to_host")
def host_copy_ignores_strides(right: Kernel) -> Kernel:
    """Reading a transposed array back gives the order of its memory."""

    def wrong(array: Any) -> Any:
        out = right(array)
        return (
            np.swapaxes(out, 0, -1).reshape(out.shape) if out.ndim > 1 and not out.flags.c_contiguous else out
        )

    return wrong


@mutant("copy", part="from_host")
def host_memory_borrowed(right: Kernel) -> Kernel:
    """The device array is the host array: changes of one show in the other."""
    return lambda array, device: array


@mutant("copy", part="offset")
def offset_untold(right: Kernel) -> Kernel:
    """Every view says that it starts where its storage does."""
    return lambda array: 0
