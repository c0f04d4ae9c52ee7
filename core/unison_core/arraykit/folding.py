"""Columns added back into data, tap by tap."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

from unison_core.arraykit.taps import keys_of
from unison_core.ops.folding import window_counts
from unison_core.spec import Shape

if TYPE_CHECKING:
    from unison_core.arraykit.kit import ArrayKit

__all__ = ["Folding"]


class Folding:
    """Kernels on `xp`."""

    def __init__(self, kit: ArrayKit) -> None:
        self.kit = kit
        self.xp = kit.xp

    def table(self) -> dict[str, Callable[..., Any]]:
        """Operator name -> kernel."""
        return {"col2im": self.col2im}

    def col2im(
        self, columns: Any, *, size: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape
    ) -> Any:
        counts = window_counts(size, kernel, stride, padding, dilation)
        taps = prod(kernel)
        if (
            columns.ndim != 3
            or columns.shape[1] % taps
            or columns.shape[2] != prod(counts)
            or min(counts) < 1
        ):
            raise ValueError("columns")
        n, c = columns.shape[0], columns.shape[1] // taps
        parts = self.kit.wide(columns).reshape(n, c, *kernel, *counts)
        out = self.xp.zeros((n, c, *size), dtype=parts.dtype)
        for tap in product(*map(range, kernel)):
            places, windows = keys_of(tap, size, counts, stride, padding, dilation)
            out[places] += parts[(slice(None), slice(None), *tap)][windows]
        return out.astype(columns.dtype, copy=False)
