"""Kernels of optimiser steps. Small parameters are joined and updated as one, since a call costs more than they do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unison_core.arraykit.kit import ArrayKit

__all__ = ["Optimizer"]

_SMALL = 4096
"""Elements below which parameters are joined."""
_BLOCK = 32768
"""Elements updated at a time: a block's scratch stays in the cache."""


class Optimizer:
    """Kernels on `xp`."""

    def __init__(self, kit: ArrayKit) -> None:
        self.kit = kit
        self.xp = kit.xp

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {
            "adam_step": self.adam_step,
            "join_flat": self.join_flat,
            "write_flat": self.write_flat,
        }

    def join_flat(self, *tensors: Any) -> Any:
        kind = tensors[0].dtype
        if [t for t in tensors if t.dtype is not kind and t.dtype != kind]:
            raise ValueError("join_flat")
        return self.xp.concatenate(tensors, axis=None)

    def write_flat(self, *tensors: Any) -> Any:
        *targets, flat = tensors
        if flat.ndim != 1 or sum([t.size for t in targets]) != flat.size or not targets:
            raise ValueError("write_flat")
        at = 0
        for t in targets:
            end = at + t.size
            t[...] = flat[at:end] if t.ndim == 1 else flat[at:end].reshape(t.shape)
            at = end
        return tensors[0]

    def adam_step(self, *tensors: Any, count: int, **settings: Any) -> Any:
        if len(tensors) not in (4 * count, 5 * count):
            raise ValueError("adam_step")
        groups = [tensors[i : i + count] for i in range(0, len(tensors), count)]
        rows = list(zip(*groups, strict=True))
        if any(t.shape != row[0].shape for row in rows for t in row):
            raise ValueError("adam_step")
        small: dict[Any, list[Any]] = {}
        for row in rows:
            if row[0].size < _SMALL:
                small.setdefault(row[0].dtype, []).append(row)
            else:
                self._large(row, **settings)
        for same in small.values():
            self._joined(same, **settings)
        return tensors[0]

    def _joined(self, rows: Sequence[Sequence[Any]], **settings: Any) -> None:
        """Copy together, update, copy back all but the gradients."""
        flat = [self.xp.concatenate([t.reshape(-1) for t in column]) for column in zip(*rows, strict=True)]
        self._update(*flat, **settings)
        at = 0
        for row in rows:
            end = at + row[0].size
            for place, t in enumerate(row):
                if place != 1:
                    t[...] = flat[place][at:end].reshape(t.shape)
            at = end

    def _large(self, row: Sequence[Any], **settings: Any) -> None:
        """Block by block where all are contiguous, else through a copy."""
        if not all(t.flags.c_contiguous for t in row):
            return self._joined([row], **settings)
        flat = [t.reshape(-1) for t in row]
        for start in range(0, flat[0].size, _BLOCK):
            self._update(*[t[start : start + _BLOCK] for t in flat], **settings)
        return None

    def _update(
        self,
        param: Any,
        grad: Any,
        mean: Any,
        square: Any,
        largest: Any = None,
        *,
        step_size: float,
        beta1: float,
        beta2: float,
        eps: float,
        root: float,
        decay: float,
        shrink: float,
        maximize: bool,
    ) -> None:
        """The formula, in place, in the parameters' own type; the gradient is left as it is."""
        xp, kind = self.xp, param.dtype.type
        if shrink != 1.0:
            param *= kind(shrink)
        if maximize:
            grad = -grad
        if decay:
            grad = grad + param * kind(decay)
        scratch = grad - mean
        scratch *= kind(1 - beta1)
        mean += scratch
        xp.multiply(grad, grad, out=scratch)
        scratch *= kind(1 - beta2)
        square *= kind(beta2)
        square += scratch
        if largest is not None:
            xp.maximum(largest, square, out=largest)
        xp.sqrt(square if largest is None else largest, out=scratch)
        scratch /= kind(root)
        scratch += kind(eps)
        xp.divide(mean, scratch, out=scratch)
        scratch *= kind(step_size)
        param -= scratch
