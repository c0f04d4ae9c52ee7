"""Kernels of optimiser steps: one launch for each parameter, which reads and writes everything once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from unison_core.ckit.fold import accumulator, plan
from unison_core.ckit.kit import GROUP, pack
from unison_core.ckit.program import Program
from unison_core.spec import Shape, contiguous_strides

if TYPE_CHECKING:
    from unison_core.ckit.array import CArray
    from unison_core.ckit.kit import CKit

__all__ = ["Optimizer"]

_ADAM = Program("adam", "walk.c", "optimizer.c")
_LETTERS = ("A", "B", "D", "E", "F")


class Optimizer:
    """Kernels that write into what they are given."""

    def __init__(self, kit: CKit) -> None:
        self.kit = kit

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {
            "adam_step": self.adam_step,
            "join_flat": self.join_flat,
            "write_flat": self.write_flat,
        }

    def join_flat(self, *tensors: CArray) -> CArray:
        first = tensors[0]
        if any(t.dtype is not first.dtype for t in tensors):
            raise ValueError("join_flat")
        out = self.kit.empty((sum(t.size for t in tensors),), first.dtype, first.runtime)
        at = 0
        for t in tensors:
            if t.size:
                self.kit.write(_part(out, t.shape, at), t, "join_flat")
            at += t.size
        return out

    def write_flat(self, *tensors: CArray) -> CArray:
        *targets, flat = tensors
        wanted = sum(t.size for t in targets)
        if not targets or flat.shape != (wanted,) or any(t.dtype is not flat.dtype for t in targets):
            raise ValueError("write_flat")
        at = 0
        for t in targets:
            if t.size:
                self.kit.write(t, _part(flat, t.shape, at), "write_flat")
            at += t.size
        return tensors[0]

    def adam_step(
        self,
        *tensors: CArray,
        count: int,
        step_size: float,
        beta1: float,
        beta2: float,
        eps: float,
        root: float,
        decay: float,
        shrink: float,
        maximize: bool,
    ) -> CArray:
        if count < 1 or len(tensors) not in (4 * count, 5 * count):
            raise ValueError("adam_step")
        rows = list(zip(*(tensors[i : i + count] for i in range(0, len(tensors), count)), strict=True))
        if any(t.shape != row[0].shape for row in rows for t in row):
            raise ValueError("adam_step")
        numbers = (step_size, 1 - beta1, beta2, 1 - beta2, eps, root, decay, shrink)
        for row in rows:
            if row[0].size:
                self._adam(row, numbers, MAXIMIZE=maximize, DECAY=decay != 0)
        return tensors[0]

    def _adam(self, row: tuple[CArray, ...], numbers: tuple[float, ...], **flags: bool) -> None:
        param = row[0]
        compute = accumulator(param.dtype)
        layout = plan(param.shape, tuple(t.strides for t in row), (), param.runtime.facts)
        types = zip(_LETTERS, (t.dtype for t in row), strict=False)
        self.kit.launch(
            _ADAM,
            (*types, ("T", compute), *layout.defines, *flags.items()),
            -(-param.size // GROUP),
            GROUP,
            [t.buffer for t in row],
            layout.params(row) + pack(compute, numbers),
            param.runtime,
            "adam_step",
        )


def _part(flat: CArray, shape: Shape, at: int) -> CArray:
    """The elements of a 1-d array from `at` on, in a shape."""
    (step,) = flat.strides
    strides = [step * s for s in contiguous_strides(shape)]
    return flat.like(shape, flat.dtype, strides, flat.offset + at * step)
